// `model`: one question to a model, in a role that manifest and grant both name (DESIGN.md §4). It changes nothing, so it needs
// no plan; what it costs is bounded by the grant, for each call and each day, and stands in the journal.
import * as z from 'zod';
import { sha256 } from '../../keys/hash.ts';
import { digestOfJson } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import { grantId } from '../grants.ts';
import { ModelAnswer } from '../model.ts';
import { plain } from '../plain-text.ts';
import {
  type Capability,
  defaultReason,
  defineCapability,
  denied,
  grantFor,
  requestsOf,
} from './capability.ts';

/** Bytes of JSON text. */
const MAX_ARGS = 4 * 1024 * 1024;
/** Of an answer where the bundle names no limit. */
const DEFAULT_TOKENS = 1_024;

export const model: Capability = defineCapability({
  id: 'model',
  maxArgs: MAX_ARGS,
  args: z.strictObject({
    role: z.string().min(1).max(64),
    messages: z
      .array(z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
      .min(1)
      .max(1_024),
    maxTokens: z.number().int().min(1).max(1_000_000).optional(),
  }),
  target: ({ role }) => role,
  plan({ role, messages, maxTokens: wanted }, context) {
    const { call, now, services } = context;
    const what = `ask a model as ${plain(role, 64)}`;
    if (!requestsOf(call, 'model').some(({ roles }) => roles.includes(role)))
      throw denied(call, `${what}: its manifest names other roles`, 'Name it under "roles" in plugin.json.');
    const grant = grantFor(
      context,
      'model',
      what,
      ({ roles }) => roles.includes(role),
      () => ({
        bundle: call.bundle.name,
        capability: 'model',
        class: 'observe',
        roles: [role],
        maxTokensPerCall: 10_000,
        tokensPerDay: 100_000,
        reason: defaultReason(call),
      }),
    );
    const sent = services.models.countTokens(messages);
    const most = grant.maxTokensPerCall ?? Number.POSITIVE_INFINITY;
    const maxTokens = wanted ?? Math.max(Math.min(DEFAULT_TOKENS, most - sent), 1);
    if (sent + maxTokens > most) {
      throw new SignetError(
        'E_BUDGET',
        `${call.bundle.name} (${call.fn}) may not ${what}: it asks for too much`,
        {
          item: grantId(grant),
          expected: `at most ${most} tokens a call, what is sent included`,
          actual: `${sent} sent, ${maxTokens} for the answer`,
        },
      );
    }
    const { tokensPerDay } = grant;
    const budget = tokensPerDay === undefined ? undefined : { grant: grantId(grant), tokensPerDay, now };
    return {
      action: `${what}: ${sent} tokens, ${digestOfJson(sha256, messages)}, at most ${maxTokens} for the answer`,
      class: 'observe',
      grant: grantId(grant),
      perform: () => services.models.ask({ role, messages, maxTokens }, call.signal, budget),
      usage: (value) => ModelAnswer.parse(value).usage,
    };
  },
});

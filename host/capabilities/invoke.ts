// `invoke`: a function of any bundle, asked for by a function (DESIGN.md §4 "`invoke` inherits dry run, budget, deadline and
// depth", THREATS.md H12, H13). What is called acts under its own grants, for the same tenant and principal. Calling changes
// nothing by itself, so the effect is of class observe; whether what is called may mutate is for the grant to say, for the
// dry run of the caller, and for the plan, which must have a step for exactly that call (src/plan.ts).
import * as z from 'zod';
import { sha256 } from '../../keys/hash.ts';
import type { JsonValue } from '../../src/contracts/common.ts';
import { FunctionName } from '../../src/contracts/common.ts';
import { Kind } from '../../src/contracts/manifest.ts';
import { digestOf } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import { KINDS } from '../../src/kinds/index.ts';
import { DEFAULT_LIMITS } from '../../src/kinds/kind.ts';
import { grantId } from '../grants.ts';
import {
  type Capability,
  defaultReason,
  defineCapability,
  denied,
  grantFor,
  jsonBytes,
  requestsOf,
} from './capability.ts';

/** Calls that may lead to one another. */
const MAX_DEPTH = 8;

const FunctionRef = z
  .string()
  .max(128)
  .transform((fn, context) => {
    const [kind, name, ...rest] = fn.split('/');
    const found = z.object({ kind: Kind, name: FunctionName }).safeParse({ kind, name });
    if (found.success && rest.length === 0) return found.data;
    context.addIssue({ code: 'custom', message: 'expected kind/name' });
    return z.NEVER;
  });

export const invoke: Capability = defineCapability({
  id: 'invoke',
  maxArgs: DEFAULT_LIMITS.inputBytes + jsonBytes(128),
  // Of JSON already.
  args: z.strictObject({ function: FunctionRef, input: z.unknown().optional() }),
  target: ({ function: { kind, name } }) => `${kind}/${name}`,
  plan({ function: { kind, name }, input = null }, context) {
    const { call, services } = context;
    const fn = `${kind}/${name}`;
    const given = JSON.stringify(input);
    const what = `call ${fn}`;
    if (!requestsOf(call, 'invoke').some(({ functions }) => functions.includes(fn)))
      throw denied(
        call,
        `${what}: its manifest names other functions`,
        'Name it under "functions" in plugin.json.',
      );
    const ceiling = KINDS[call.kind].ceiling.invoke?.class ?? 'observe';
    const grant = grantFor(
      context,
      'invoke',
      what,
      (one) => one.function === fn,
      () => ({
        bundle: call.bundle.name,
        capability: 'invoke',
        class: ceiling,
        function: fn,
        reason: defaultReason(call),
      }),
    );
    if (call.depth >= MAX_DEPTH) {
      throw new SignetError('E_DEPTH', `${call.bundle.name} (${call.fn}) may not ${what}: it is too deep`, {
        item: call.fn,
        expected: `at most ${MAX_DEPTH} calls that lead to one another`,
      });
    }
    const dryRun = call.dryRun || grant.class === 'observe' || ceiling === 'observe';
    return {
      action: `${what}${dryRun ? ', as a dry run,' : ''} with ${Buffer.byteLength(given)} bytes of input, ${digestOf(sha256, given)}`,
      class: 'observe',
      grant: grantId(grant),
      perform: async () => ({
        output: await services.invoke(call, { kind, name, input: input as JsonValue, dryRun }),
      }),
    };
  },
});

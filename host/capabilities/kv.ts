// `kv.get`, `kv.list`, `kv.set`, `kv.delete`: a bundle's own values, for the tenant of the call. Reading needs any grant of
// kv; writing needs one of class mutate, and a manifest that asked to write.
import * as z from 'zod';
import type { JsonValue } from '../../src/contracts/common.ts';
import { KINDS } from '../../src/kinds/index.ts';
import { grantId } from '../grants.ts';
import type { KeySpace, KeyValueStore } from '../kv.ts';
import { plain } from '../plain-text.ts';
import {
  type Capability,
  defaultReason,
  defineCapability,
  denied,
  type EffectContext,
  grantFor,
  jsonBytes,
  type PlannedEffect,
  requestsOf,
} from './capability.ts';

/** In UTF-16 units; the store counts bytes. */
const MAX_VALUE = 256 * 1024;
const Key = z.string().min(1).max(512);

export const kvGet: Capability = defineCapability({
  id: 'kv',
  maxArgs: jsonBytes(512),
  args: z.strictObject({ key: Key }),
  target: () => 'read',
  plan: ({ key }, context) =>
    reading(context, `read its value ${quote(key)}`, (store, space) => ({ value: store.get(space, key) })),
});

export const kvList: Capability = defineCapability({
  id: 'kv',
  maxArgs: jsonBytes(512),
  args: z.strictObject({ prefix: z.string().max(512).default('') }),
  target: () => 'read',
  plan: ({ prefix }, context) =>
    reading(context, `list its keys that start with ${quote(prefix)}`, (store, space) => ({
      keys: store.list(space, prefix),
    })),
});

export const kvSet: Capability = defineCapability({
  id: 'kv',
  maxArgs: jsonBytes(512 + MAX_VALUE),
  args: z.strictObject({ key: Key, value: z.string().max(MAX_VALUE) }),
  target: () => 'write',
  plan: ({ key, value }, context) =>
    writing(context, `set its value ${quote(key)} to ${Buffer.byteLength(value)} bytes`, (store, space) =>
      store.set(space, key, value),
    ),
});

export const kvDelete: Capability = defineCapability({
  id: 'kv',
  maxArgs: jsonBytes(512),
  args: z.strictObject({ key: Key }),
  target: () => 'write',
  plan: ({ key }, context) =>
    writing(context, `delete its value ${quote(key)}`, (store, space) => store.delete(space, key)),
});

function reading(
  context: EffectContext,
  action: string,
  act: (store: KeyValueStore, space: KeySpace) => JsonValue,
): PlannedEffect {
  const { call, services } = context;
  // A grant to write is proposed only where the kind could use it.
  const writes = (): boolean => KINDS[call.kind].ceiling.kv?.class === 'mutate' && asksToWrite(context);
  const draft = () => draftOf(context, writes() ? 'mutate' : 'observe');
  const grant = grantFor(context, 'kv', action, () => true, draft);
  return {
    action,
    class: 'observe',
    grant: grantId(grant),
    perform: () => act(services.kv, spaceOf(context)),
  };
}

function writing(
  context: EffectContext,
  action: string,
  act: (store: KeyValueStore, space: KeySpace) => void,
): PlannedEffect {
  const { call, services } = context;
  if (!asksToWrite(context))
    throw denied(call, `${action}: its manifest only asks to read`, 'Ask for kv with "access": "write".');
  const mutates = (grant: { class: string }): boolean => grant.class === 'mutate';
  const grant = grantFor(context, 'kv', action, mutates, () => draftOf(context, 'mutate'));
  return {
    action,
    class: 'mutate',
    grant: grantId(grant),
    perform: () => {
      act(services.kv, spaceOf(context));
      return { status: 'done' };
    },
  };
}

const quote = (key: string): string => `"${plain(key)}"`;

const spaceOf = ({ call }: EffectContext): KeySpace => ({ bundle: call.bundle.name, tenant: call.tenant });

const asksToWrite = ({ call }: EffectContext): boolean =>
  requestsOf(call, 'kv').some((request) => request.access === 'write');

const draftOf = ({ call }: EffectContext, grantClass: 'observe' | 'mutate') => ({
  bundle: call.bundle.name,
  capability: 'kv' as const,
  class: grantClass,
  reason: defaultReason(call),
});

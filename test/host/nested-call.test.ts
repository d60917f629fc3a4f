import { expect, test } from 'vitest';
import type { CallContext } from '../../host/capabilities/capability.ts';
import { createInvoke } from '../../host/nested-call.ts';
import { Budget } from '../../src/budget.ts';
import type { CallOptions, CallResult } from '../../src/dispatch.ts';
import { SignetError } from '../../src/error.ts';

const plan = {
  planHash: 'p',
  stepId: 's',
  grantEpoch: 'e',
  principal: { kind: 'agent', id: 'bot' },
} as const;
const caller: CallContext = {
  callId: 'call-1',
  bundle: { name: 'acme/tool', version: '1.0.0', digest: 'd' },
  kind: 'skill',
  fn: 'skill/work',
  tenant: 'blue',
  principal: { kind: 'agent', id: 'bot' },
  dryRun: false,
  plan,
  inputHash: 'h',
  requests: [],
  depth: 3,
  deadlineMs: 1_000,
  budget: new Budget(5),
  signal: new AbortController().signal,
};
const wanted = { kind: 'skill', name: 'other', input: { a: "it's" }, dryRun: false } as const;

/** The options with which the host is asked. */
async function optionsOf(dryRun: boolean, from = caller): Promise<CallOptions> {
  const seen: CallOptions[] = [];
  const invoke = createInvoke(async (_caller, _wanted, options): Promise<CallResult> => {
    seen.push(options);
    return { callId: 'call-2', bundle: from.bundle, output: 7 };
  });
  expect(await invoke(from, { ...wanted, dryRun })).toBe(7);
  return seen[0]!;
}

test('tenant, principal, plan, signal, depth, deadline and budget are the caller’s', async () => {
  const { tenant, principal, signal } = caller;
  expect(await optionsOf(false)).toEqual({ tenant, principal, signal, caller, plan, dryRun: false });
});

test('a dry run has no plan; a caller without one gives none', async () => {
  expect(await optionsOf(true)).not.toHaveProperty('plan');
  const { plan: _, ...without } = caller;
  expect(await optionsOf(false, without)).not.toHaveProperty('plan');
});

test('errors come as they are; of a missing step it is said how to plan it', async () => {
  const failing = (error: Error) => createInvoke(() => Promise.reject(error))(caller, wanted);
  const timeout = new SignetError('E_TIMEOUT', 'no');
  await expect(failing(timeout)).rejects.toBe(timeout);
  await expect(failing(new SignetError('E_PLAN_REQUIRED', 'no step'))).rejects.toMatchObject({
    code: 'E_PLAN_REQUIRED',
    message: 'no step',
    fix: `Plan it with the call that leads to it: signet call … --apply --with 'skill/other {"a":"it'\\''s"}'`,
  });
});

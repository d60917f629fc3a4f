// An attempt as capabilities see it: the call's own facts, and a signal that is made only where someone asks for it.
import { expect, test } from 'vitest';
import { CallAttempt } from '../../host/call-attempt.ts';
import type { Invocation } from '../../host/invocation.ts';
import { Budget } from '../../src/budget.ts';

const invocation = (caller?: object) =>
  ({
    callId: 'call-1',
    kind: 'skill',
    fn: 'skill/run',
    budget: new Budget(3),
    deadlineMs: 500,
    record: { inputHash: 'sha256:x' },
    bundle: { ref: { name: 'acme/x', version: '1.0.0', digest: 'sha256:d' }, requests: [{ id: 'log' }] },
    options: { tenant: 't', dryRun: true, principal: { kind: 'human', id: 'ann' }, caller },
  }) as unknown as Invocation;

test('says what the call is', () => {
  expect(new CallAttempt(invocation())).toMatchObject({
    callId: 'call-1',
    bundle: { name: 'acme/x' },
    kind: 'skill',
    fn: 'skill/run',
    tenant: 't',
    principal: { kind: 'human', id: 'ann' },
    dryRun: true,
    plan: undefined,
    inputHash: 'sha256:x',
    requests: [{ id: 'log' }],
    depth: 0,
    deadlineMs: 500,
  });
  expect(new CallAttempt(invocation({ depth: 2 })).depth).toBe(3);
});

test('its signal is aborted with its end, whether it was asked for before or after', () => {
  const [before, after] = [new CallAttempt(invocation()), new CallAttempt(invocation())];
  const { signal } = before;
  expect([signal.aborted, before.signal]).toEqual([false, signal]);
  for (const attempt of [before, after]) attempt.end();
  expect([signal.aborted, after.signal.aborted]).toEqual([true, true]);
  expect(after.signal.reason).toMatchObject({ code: 'E_ABORTED' });
});

// What calls come to when their isolate or worker ends: the one that was run is to blame, one of several is a suspect, who only
// waited is a bystander (THREATS.md H1-H3).
import { describe, expect, test } from 'vitest';
import { BatchQueue } from '../../host/batch.ts';
import { Call } from '../../host/call.ts';
import { endingByFailure, endingByLoss } from '../../host/ending.ts';
import { lostPart } from '../../host/outcome.ts';
import { FAILURE } from '../../host/wire.ts';
import type { LossCause } from '../../host/worker-channel.ts';
import type { SignetError } from '../../src/error.ts';
import { callOptions } from './guest-fixture.ts';

const callOf = (wallMs = 10_000) =>
  new Call('skill/x', '1', callOptions({ wallMs }), { resolve: () => undefined, reject: () => undefined });

function batchOf(...calls: readonly Call[]) {
  const queue = new BatchQueue();
  for (const call of calls) queue.add(call, 'm');
  return queue.take(0);
}
const said = (error: SignetError) => `${error.code} ${lostPart(error) ?? ''}`.trim();

describe('an isolate that failed', () => {
  const [mine, other, late, waits] = [callOf(), callOf(), callOf(0.001), callOf()];
  // failure | of the only call | of one of several | of one of several whose time is up | of one that only waited
  test.each([
    ['timeout', 'E_CPU', 'E_WORKER_LOST suspect', 'E_TIMEOUT', 'E_WORKER_LOST bystander'],
    ['memory', 'E_MEMORY', 'E_WORKER_LOST suspect', 'E_WORKER_LOST suspect', 'E_WORKER_LOST bystander'],
    ['gone', 'E_WORKER_LOST', 'E_WORKER_LOST suspect', 'E_WORKER_LOST suspect', 'E_WORKER_LOST bystander'],
  ] as const)('by %s', (failure, only, one, over, bystander) => {
    const payload = Buffer.of(FAILURE[failure]);
    expect(said(endingByFailure(batchOf(mine), payload)(mine))).toBe(only);
    const several = endingByFailure(batchOf(mine, other, late), payload);
    expect([mine, other, late, waits].map((call) => said(several(call)))).toEqual([
      one,
      one,
      over,
      bystander,
    ]);
  });

  test('the only call, whose time is up', () => {
    expect(said(endingByFailure(batchOf(late), Buffer.of(FAILURE.timeout))(late))).toBe('E_TIMEOUT');
  });
});

describe('a worker that was lost', () => {
  const [mine, other, waits] = [callOf(), callOf(), callOf()];
  // cause | of the only call | of one of several
  test.each<[LossCause, string, string]>([
    ['hang', 'E_CPU', 'E_WORKER_LOST suspect'],
    ['memory', 'E_MEMORY', 'E_WORKER_LOST suspect'],
    ['exit', 'E_WORKER_LOST', 'E_WORKER_LOST suspect'],
    ['protocol', 'E_WORKER_LOST', 'E_WORKER_LOST suspect'],
  ])('for its %s', (cause, only, one) => {
    const loss = { cause, reason: 'r', culprit: 1 };
    expect(said(endingByLoss(batchOf(mine), loss, true)(mine))).toBe(only);
    const several = endingByLoss(batchOf(mine, other), loss, true);
    expect([mine, other, waits].map((call) => said(several(call)))).toEqual([
      one,
      one,
      'E_WORKER_LOST bystander',
    ]);
    expect(said(endingByLoss(batchOf(mine), loss, false)(mine))).toBe('E_WORKER_LOST bystander');
  });

  test('a call that hung past its deadline', () => {
    const late = callOf(0.001);
    const loss = { cause: 'hang' as const, reason: 'r', culprit: 1 };
    expect(said(endingByLoss(batchOf(late), loss, true)(late))).toBe('E_TIMEOUT');
  });

  test('that the host closed', () => {
    const loss = { cause: 'closed' as const, reason: 'r', culprit: 0 };
    expect(said(endingByLoss(batchOf(mine), loss, false)(mine))).toBe('E_ABORTED');
  });
});

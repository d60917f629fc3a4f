// Which effects need a decision after a crash (THREATS.md H20).
import { expect, test } from 'vitest';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { OpenEffects } from '../../src/open-effects.ts';

const intent = (callId: string, effectId: string): JournalEntry => ({
  type: 'effect.intent',
  at: 1,
  callId,
  effectId,
  capability: 'exec',
  action: 'crontab -',
  class: 'mutate',
  grant: 'g',
  dryRun: false,
});
const outcome = (
  callId: string,
  effectId: string,
  status: 'done' | 'failed' | 'would' = 'done',
): JournalEntry => ({
  type: 'effect.outcome',
  at: 2,
  callId,
  effectId,
  status,
  resultHash: null,
  code: null,
});
const unresolved = (...records: JournalEntry[]): unknown[] => {
  const open = new OpenEffects();
  for (const [index, record] of records.entries()) open.see(index, record);
  return open.list().map(({ index, intent }) => [index, intent.callId, intent.effectId]);
};

test('every outcome resolves its intent, whatever it says', () => {
  for (const status of ['done', 'failed', 'would'] as const) {
    expect(unresolved(intent('a', '1'), outcome('a', '1', status))).toEqual([]);
  }
  expect(unresolved()).toEqual([]);
});

test('an intent without outcome is unknown, in the order of the journal', () => {
  expect(
    unresolved(
      intent('a', '1'),
      intent('b', '1'),
      { type: 'host.close', at: 1 },
      intent('a', '2'),
      outcome('b', '1'),
    ),
  ).toEqual([
    [0, 'a', '1'],
    [3, 'a', '2'],
  ]);
});

test('an outcome of another call, of another effect, or before its intent resolves nothing', () => {
  expect(unresolved(intent('a', '1'), outcome('b', '1'))).toHaveLength(1);
  expect(unresolved(intent('a', '1'), outcome('a', '2'))).toHaveLength(1);
  expect(unresolved(outcome('a', '1'), intent('a', '1'))).toHaveLength(1);
  expect(unresolved(intent('a', '1","b'), outcome('a","1', 'b'))).toHaveLength(1);
});

test('one outcome resolves one of two equal intents', () => {
  expect(unresolved(intent('a', '1'), intent('a', '1'), outcome('a', '1'))).toEqual([[1, 'a', '1']]);
  expect(unresolved(intent('a', '1'), intent('a', '1'), outcome('a', '1'), outcome('a', '1'))).toEqual([]);
});

test('a person’s decision closes an effect too, and what was open before goes on', () => {
  const first = new OpenEffects();
  first.see(4, intent('a', '1'));
  const next = new OpenEffects(first.list());
  expect(next.list()).toHaveLength(1);
  next.see(9, {
    type: 'effect.resolved',
    at: 3,
    callId: 'a',
    effectId: '1',
    as: 'done',
    by: { kind: 'human', id: 'me' },
    reason: 'seen',
  });
  expect(next.list()).toEqual([]);
});

// Which effects need a decision after a crash (THREATS.md H20).
import { expect, test } from 'vitest';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { unresolvedEffects } from '../../src/unresolved-effects.ts';

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
const unresolved = (...records: JournalEntry[]): unknown[] =>
  unresolvedEffects(records.map((record, index) => ({ index, record }))).map(
    ({ status, index, intent: found }) => [status, index, found.callId, found.effectId],
  );

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
    ['outcome_unknown', 0, 'a', '1'],
    ['outcome_unknown', 3, 'a', '2'],
  ]);
});

test('an outcome of another call, of another effect, or before its intent resolves nothing', () => {
  expect(unresolved(intent('a', '1'), outcome('b', '1'))).toHaveLength(1);
  expect(unresolved(intent('a', '1'), outcome('a', '2'))).toHaveLength(1);
  expect(unresolved(outcome('a', '1'), intent('a', '1'))).toHaveLength(1);
  expect(unresolved(intent('a', '1","b'), outcome('a","1', 'b'))).toHaveLength(1);
});

test('one outcome resolves one of two equal intents', () => {
  expect(unresolved(intent('a', '1'), intent('a', '1'), outcome('a', '1'))).toEqual([
    ['outcome_unknown', 1, 'a', '1'],
  ]);
  expect(unresolved(intent('a', '1'), intent('a', '1'), outcome('a', '1'), outcome('a', '1'))).toEqual([]);
});

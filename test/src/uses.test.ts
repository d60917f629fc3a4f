// Past uses of a bundle (THREATS.md 27).
import { expect, test } from 'vitest';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { usesOf } from '../../src/uses.ts';

const start = (bundle: string, callId: string) => ({
  record: { type: 'call.start', bundle, callId } as JournalEntry,
});

test('starts of calls are counted by bundle; the last ids are named, oldest first', () => {
  const records = Array.from({ length: 12 }, (_, call) => start('sha256:a', `call-${call + 1}`));
  records.push(start('sha256:b', 'other'));
  records.push({ record: { type: 'call.end', callId: 'other' } as JournalEntry });
  const { calls, last } = usesOf(records, 'sha256:a');
  expect([calls, last.length, last[0], last.at(-1)]).toEqual([12, 10, 'call-3', 'call-12']);
  expect(usesOf(records, 'sha256:b')).toEqual({ calls: 1, last: ['other'] });
});

test('what was never used has no uses', () => {
  expect(usesOf([start('sha256:a', 'one')], '__proto__')).toEqual({ calls: 0, last: [] });
});

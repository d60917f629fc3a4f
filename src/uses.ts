// Which calls used a bundle (DESIGN.md §4 "Load": "past calls that used it are listed"; THREATS.md 27): counted from the records of
// the journal when somebody asks, so that a revocation can say what it came too late for.
import type { JournalEntry } from './contracts/journal.ts';

/** How many calls ran in a bundle, and the ids of the last of them, oldest first. */
export interface Uses {
  readonly calls: number;
  readonly last: string[];
}

/** Ids that are named; the journal has them all. */
const LAST = 10;

/** The uses of the bundle with that digest. */
export function usesOf(records: Iterable<{ readonly record: JournalEntry }>, digest: string): Uses {
  let calls = 0;
  const last: string[] = [];
  for (const { record } of records) {
    if (record.type !== 'call.start' || record.bundle !== digest) continue;
    calls++;
    if (last.push(record.callId) > LAST) last.shift();
  }
  return { calls, last };
}

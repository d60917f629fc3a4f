// Which calls used a bundle (DESIGN.md §4 "Load": "past calls that used it are listed"; THREATS.md 27): counted from the records of
// the journal as they are read or written, so that a revocation can say at once what it came too late for.
import type { JournalEntry } from './contracts/journal.ts';
import type { JournalRecord } from './ports.ts';

/** How many calls ran in a bundle, and the ids of the last of them, oldest first. */
export interface Uses {
  readonly calls: number;
  readonly last: string[];
}

/** Ids that are kept of one bundle; the journal has them all. */
const LAST = 10;
const NONE: Uses = { calls: 0, last: [] };

export class UseCount {
  readonly #uses = new Map<string, { calls: number; last: string[] }>();

  /** Counts the record if it is the start of a call. */
  see(record: JournalRecord | JournalEntry): void {
    if (record.type !== 'call.start') return;
    const { bundle, callId } = record as Extract<JournalEntry, { type: 'call.start' }>;
    const known = this.#uses.get(bundle);
    if (known === undefined) {
      this.#uses.set(bundle, { calls: 1, last: [callId] });
      return;
    }
    known.calls++;
    if (known.last.push(callId) > LAST) known.last.shift();
  }

  /** The uses of the bundle with that digest. */
  of(digest: string): Uses {
    const { calls, last } = this.#uses.get(digest) ?? NONE;
    return { calls, last: [...last] };
  }
}

// The calls of a project, read from its journal (DESIGN.md §4 "Journal"): what ran, in which bundle, what it came to, and whether it
// can be run again. Reads beside a running host.
import { sha256 } from '../keys/hash.ts';
import type { JournalEntry } from '../src/contracts/journal.ts';
import type { RecordPlace } from '../src/contracts/record.ts';
import { readRecords, storeSource } from '../src/journal-reader.ts';
import { readJournalStore } from './journal-store.ts';
import type { ProjectPaths } from './paths.ts';

type Start = Extract<JournalEntry, { type: 'call.start' }>;
type End = Extract<JournalEntry, { type: 'call.end' }>;

/** One call; `end` is missing where it is under way, or its host died. */
export interface LoggedCall {
  readonly start: Start;
  readonly end: End | undefined;
  /** `namespace/name` of its bundle, where the journal says it. */
  readonly bundleName: string | undefined;
  /** Effects that may have changed something, and were begun. */
  readonly mutations: number;
  readonly denied: number;
}

/** Which calls are wanted; what is left out does not matter. */
export interface CallFilter {
  readonly callId?: string;
  /** `namespace/name`. */
  readonly bundle?: string;
  readonly digest?: string;
  /** `kind/name`. */
  readonly fn?: string;
  readonly failed?: boolean;
  /** Milliseconds since the epoch: at or after. */
  readonly since?: number;
  /** The last so many of those that fit. */
  readonly last?: number;
}

type Draft = { -readonly [K in keyof LoggedCall]: LoggedCall[K] };

/** The calls that fit, in the order of their starts. Codes of readRecords. */
export function readCalls(paths: ProjectPaths, filter: CallFilter = {}): LoggedCall[] {
  const names = new Map<string, string>();
  const calls = new Map<string, Draft>();
  for (const { record } of readRecords(storeSource(readJournalStore(paths.journal)), sha256)) {
    if (record.type === 'bundle.loaded') names.set(record.digest, record.name);
    else if (record.type === 'call.start') {
      const bundleName = names.get(record.bundle);
      calls.set(record.callId, { start: record, end: undefined, bundleName, mutations: 0, denied: 0 });
    } else if ('callId' in record) {
      const call = calls.get(record.callId);
      if (call === undefined) continue;
      if (record.type === 'call.end') call.end = record;
      else if (record.type === 'effect.denied') call.denied++;
      else if (record.type === 'effect.intent' && record.class === 'mutate' && !record.dryRun)
        call.mutations++;
    }
  }
  const found = [...calls.values()].filter((call) => fits(call, filter));
  return filter.last === undefined ? found : found.slice(-filter.last);
}

function fits({ start, end, bundleName }: LoggedCall, filter: CallFilter): boolean {
  const { callId, bundle, digest, fn, failed, since } = filter;
  return (
    (callId === undefined || start.callId === callId) &&
    (bundle === undefined || bundleName === bundle) &&
    (digest === undefined || start.bundle === digest) &&
    (fn === undefined || `${start.kind}/${start.name}` === fn) &&
    (failed !== true || end?.ok === false) &&
    (since === undefined || start.at >= since)
  );
}

/** Whether a call can be run again: `hashes` where it can only be proved. */
export function recordOf({ end }: LoggedCall): {
  readonly mode: 'none' | 'hashes' | 'full';
  readonly place: RecordPlace | undefined;
} {
  const place = end?.record;
  return { mode: place === undefined ? 'none' : place.full ? 'full' : 'hashes', place };
}

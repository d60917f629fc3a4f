// What the tests of the journal share: one record of every type, and journals over memory.
import { sha256 } from '../../keys/hash.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { Journal } from '../../src/journal.ts';
import { MemoryJournal, MemoryJournalStore } from './memory-files.ts';

export const ORIGIN = 'signet.local/journal/test';
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
export const closed = (at: number): JournalEntry => ({ type: 'host.close', at });
export const lost = (reason: string): JournalEntry => ({
  type: 'worker.lost',
  at: 1,
  domain: 'acme',
  reason,
});
export const open = (file: MemoryJournal): Journal =>
  new Journal({ store: new MemoryJournalStore(file), sha256 });
export const HEAD = filled([]).file.bytes.length;
export const all = (journal: Journal, from?: number): JournalEntry[] =>
  [...journal.records(from)].map(({ record }) => record);

export function filled(records: readonly JournalEntry[]): { file: MemoryJournal; journal: Journal } {
  const file = new MemoryJournal();
  const journal = open(file);
  for (const record of records) journal.append(record);
  return { file, journal };
}

/** One valid record of every type. */
export const EVERY: readonly JournalEntry[] = [
  { type: 'host.open', at: 1, engine: { node: '26.10.0', v8: '14.0', signet: '1.0.0' } },
  { type: 'host.close', at: 2 },
  {
    type: 'plan.compiled',
    at: 3,
    planId: digest('a'),
    deterministicHash: digest('b'),
    principal: { kind: 'human', id: 'me' },
    grantEpoch: digest('c'),
    steps: [{ id: digest('d'), kind: 'apply', name: 'do_it', inputHash: digest('e'), bundle: digest('f') }],
  },
  {
    type: 'call.start',
    at: 4,
    callId: 'c1',
    kind: 'skill',
    name: 'hello',
    bundle: digest('a'),
    version: '1.0.0',
    tenant: 'default',
    dryRun: true,
    inputHash: digest('b'),
    planHash: null,
    stepId: null,
  },
  {
    type: 'call.end',
    at: 5,
    callId: 'c1',
    ok: false,
    code: 'E_TIMEOUT',
    outputHash: null,
    durationMs: 1.5,
    effects: 2,
  },
  {
    type: 'effect.intent',
    at: 6,
    callId: 'c1',
    effectId: '1',
    capability: 'exec',
    action: '/bin/true',
    class: 'mutate',
    grant: 'g1',
    dryRun: false,
  },
  {
    type: 'effect.outcome',
    at: 7,
    callId: 'c1',
    effectId: '1',
    status: 'done',
    resultHash: digest('a'),
    code: null,
  },
  {
    type: 'effect.resolved',
    at: 8,
    callId: 'c1',
    effectId: '3',
    as: 'not_done',
    by: { kind: 'human', id: 'me' },
    reason: 'the crontab has no such line',
  },
  {
    type: 'effect.denied',
    at: 8,
    callId: 'c1',
    effectId: '2',
    capability: 'http',
    code: 'E_CAPABILITY_DENIED',
    action: 'GET',
  },
  {
    type: 'audit.result',
    at: 9,
    specId: 's',
    drift: true,
    missing: 1,
    observed: 2,
    declared: 3,
    error: null,
    dryRun: true,
  },
  { type: 'bundle.loaded', at: 10, name: 'acme/a', version: '1.0.0', digest: digest('a') },
  { type: 'bundle.refused', at: 11, name: '?', version: 'v?', digest: digest('a'), code: 'E_DIGEST' },
  { type: 'worker.lost', at: 12, domain: 'acme', reason: 'SIGKILL' },
];

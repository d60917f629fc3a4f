// What grants were used for, and what was refused for want of one (DESIGN.md §4 "the journal records"): read from the journal once,
// beside whoever writes it.
import type { JournalEntry } from '../src/contracts/journal.ts';
import { CAPABILITIES } from './capabilities/index.ts';

/** The use of one grant. */
export interface GrantUse {
  count: number;
  /** Of them in a dry run, where a mutation is only described. */
  dryRuns: number;
  /** Milliseconds since the epoch. */
  last: number;
  /** What it was used for; undefined where that is not known of every use. */
  targets: Set<string> | undefined;
}

/** What a bundle was refused, however often. */
export interface Denial {
  readonly bundle: string;
  readonly capability: string;
  readonly target: string | undefined;
  readonly action: string;
  readonly fix: string | null;
  count: number;
  last: number;
}

export interface GrantUsage {
  /** By id of the grant. */
  readonly uses: ReadonlyMap<string, GrantUse>;
  readonly denials: readonly Denial[];
}

/** Targets that are kept of one grant, and refusals in all: beyond them a bundle only repeats itself. */
const MAX_TARGETS = 10_000;
const MAX_DENIALS = 10_000;

/** The types that are read; all others may be left unparsed. */
export const USAGE_TYPES = ['effect.intent', 'effect.denied'] as const;

/** Sums the records up. */
export function readUsage(records: Iterable<{ readonly record: JournalEntry }>): GrantUsage {
  const uses = new Map<string, GrantUse>();
  const denials = new Map<string, Denial>();
  for (const { record } of records) {
    if (record.type === 'effect.intent') {
      const { grant, also = [] } = record;
      for (const one of grant === null ? also : [grant, ...also]) countUse(uses, one, record);
    }
    // Malformed arguments and missing plans are nothing that a grant would change.
    if (
      record.type === 'effect.denied' &&
      record.code === 'E_CAPABILITY_DENIED' &&
      record.bundle !== undefined
    )
      countDenial(denials, record.bundle, record);
  }
  return { uses, denials: [...denials.values()] };
}

type Intent = Extract<JournalEntry, { type: 'effect.intent' }>;
type Denied = Extract<JournalEntry, { type: 'effect.denied' }>;

function countUse(uses: Map<string, GrantUse>, grant: string, { at, target, ...intent }: Intent): void {
  const use = uses.get(grant) ?? { count: 0, dryRuns: 0, last: at, targets: new Set() };
  uses.set(grant, use);
  use.count++;
  if (intent.dryRun && intent.class === 'mutate') use.dryRuns++;
  use.last = Math.max(use.last, at);
  if (target === undefined || use.targets === undefined || use.targets.size >= MAX_TARGETS)
    use.targets = undefined;
  else use.targets.add(target);
}

function countDenial(denials: Map<string, Denial>, bundle: string, record: Denied): void {
  const { action, at, target, fix = null } = record;
  const capability = CAPABILITIES.get(record.capability)?.id ?? record.capability;
  const key = JSON.stringify([bundle, capability, target ?? action]);
  const known = denials.get(key);
  if (known === undefined && denials.size >= MAX_DENIALS) return;
  const denial = known ?? { bundle, capability, target, action, fix, count: 0, last: at };
  denials.set(key, { ...denial, action, fix, count: denial.count + 1, last: Math.max(denial.last, at) });
}

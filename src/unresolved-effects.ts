// Effects whose outcome a crash has hidden (DESIGN.md §4 "Journal", THREATS.md H20): intended, perhaps performed, never
// answered. They need a decision, never a silent retry.
import type { JournalEntry } from './contracts/journal.ts';

type Intent = Extract<JournalEntry, { type: 'effect.intent' }>;

/** An intent without outcome, with the index of its record. */
export interface UnresolvedEffect {
  readonly status: 'outcome_unknown';
  readonly index: number;
  readonly intent: Intent;
}

/**
 * Every `effect.intent` without an `effect.outcome` of the same call and effect after it, in their order. Observing and
 * dry-run ones are among them: `intent.class` and `intent.dryRun` say which could have changed something.
 */
export function unresolvedEffects(
  records: Iterable<{ readonly index: number; readonly record: JournalEntry }>,
): UnresolvedEffect[] {
  const open = new Map<string, UnresolvedEffect[]>();
  for (const { index, record } of records) {
    if (record.type === 'effect.intent') {
      const key = JSON.stringify([record.callId, record.effectId]);
      open.set(key, [...(open.get(key) ?? []), { status: 'outcome_unknown', index, intent: record }]);
    } else if (record.type === 'effect.outcome') {
      const key = JSON.stringify([record.callId, record.effectId]);
      const rest = open.get(key)?.slice(1) ?? [];
      if (rest.length > 0) open.set(key, rest);
      else open.delete(key);
    }
  }
  return [...open.values()].flat().sort((a, b) => a.index - b.index);
}

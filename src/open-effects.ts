// Effects whose outcome is not known (DESIGN.md §4 "Journal", THREATS.md H20): intended, perhaps performed, never answered. Those
// that are left when a host has died need a person's decision, never a silent retry.
import type { JournalEntry } from './contracts/journal.ts';

type Intent = Extract<JournalEntry, { type: 'effect.intent' }>;

/** An intent without outcome, with the index of its record. */
export interface OpenEffect {
  readonly index: number;
  readonly intent: Intent;
}

/**
 * Follows the records of a journal: an `effect.intent` is open until an `effect.outcome` or an `effect.resolved` of the same call
 * and effect comes. Observing and dry-run ones count too: `intent.class` and `intent.dryRun` say which could have changed something.
 */
export class OpenEffects {
  /** By call and effect; two intents under one id are two effects. */
  readonly #open = new Map<string, readonly OpenEffect[]>();

  /** Goes on from what was open before. */
  constructor(open: readonly OpenEffect[] = []) {
    for (const { index, intent } of open) this.see(index, intent);
  }

  see(index: number, record: JournalEntry): void {
    switch (record.type) {
      case 'effect.intent': {
        const key = keyOf(record);
        this.#open.set(key, [...(this.#open.get(key) ?? []), { index, intent: record }]);
        return;
      }
      case 'effect.outcome':
      case 'effect.resolved': {
        const key = keyOf(record);
        const rest = this.#open.get(key)?.slice(1) ?? [];
        if (rest.length > 0) this.#open.set(key, rest);
        else this.#open.delete(key);
        return;
      }
      default:
        return;
    }
  }

  /** What is open, in the order of the records. */
  list(): OpenEffect[] {
    return [...this.#open.values()].flat().sort((a, b) => a.index - b.index);
  }
}

const keyOf = ({ callId, effectId }: { readonly callId: string; readonly effectId: string }): string =>
  JSON.stringify([callId, effectId]);

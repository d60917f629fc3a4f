// Effects whose outcome no one knows (DESIGN.md §4 "Journal", THREATS.md H20): begun by a host that died. They stay listed until a
// person has looked and says what became of them; nothing is ever tried again by itself.
import type { Principal } from '../src/contracts/plan.ts';
import { SignetError } from '../src/error.ts';
import type { OpenEffect } from '../src/open-effects.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import { requirePerson } from './operator.ts';
import { plain } from './plain-text.ts';

export interface UnresolvedOptions {
  /** What is open in the journal now. */
  readonly open: () => readonly OpenEffect[];
  readonly journal: JournalSink;
  readonly clock: Clock;
}

/** What a person found out. */
export interface Resolution {
  /** `call.number`, as the status lists it. */
  readonly effect: string;
  readonly as: 'done' | 'not_done';
  readonly reason: string;
  readonly by: Principal;
}

export class Unresolved {
  readonly #options: UnresolvedOptions;
  /** The records that were open when this host began: those of its own effects come later. */
  readonly #inherited: ReadonlySet<number>;

  constructor(options: UnresolvedOptions) {
    this.#options = options;
    this.#inherited = new Set(options.open().map(({ index }) => index));
  }

  list(): OpenEffect[] {
    return this.#options.open().filter(({ index }) => this.#inherited.has(index));
  }

  /** Writes down what became of an effect. Not listed: E_NOT_FOUND; by anyone but a person: E_GRANT. */
  resolve({ effect, as, reason, by }: Resolution): OpenEffect {
    requirePerson(by, 'say what became of an effect', 'signet resolve');
    const listed = this.list();
    const found = listed.find(({ intent }) => intent.effectId === effect);
    if (found === undefined) {
      throw new SignetError('E_NOT_FOUND', `no effect ${plain(effect)} has an unknown outcome`, {
        item: effect,
        expected: listed.map(({ intent }) => intent.effectId).join(', ') || 'none has',
        fix: 'signet status',
      });
    }
    const { journal, clock } = this.#options;
    const { callId, effectId } = found.intent;
    journal.append(
      { type: 'effect.resolved', at: clock.now(), callId, effectId, as, by, reason },
      { written: true },
    );
    return found;
  }
}

// What a call may spend, and the calls that it leads to with it (DESIGN.md §4 "`invoke` inherits dry run, budget, deadline and
// depth"; THREATS.md H13): a fan-out of calls has no more effects than the call at its root. Also what a call has done: one that
// mutated something is never run a second time.

export class Budget {
  readonly #caller: Budget | undefined;
  #left: number;
  #mutations = 0;

  /** `effects`: what this call may ask for by itself; what its caller has left bounds both. */
  constructor(effects: number, caller?: Budget) {
    this.#left = effects;
    this.#caller = caller;
  }

  /** Effects that the call may still ask for. */
  get effectsLeft(): number {
    return Math.min(this.#left, this.#caller?.effectsLeft ?? Number.POSITIVE_INFINITY);
  }

  /** Takes one effect from the call and from every call that led to it. False, and nothing taken, where one has none left. */
  spend(): boolean {
    if (this.effectsLeft <= 0) return false;
    for (let budget: Budget | undefined = this; budget !== undefined; budget = budget.#caller) budget.#left--;
    return true;
  }

  /** Effects that mutate and were begun by the call, or by a call that it led to. */
  get mutations(): number {
    return this.#mutations;
  }

  /** Told before an effect that mutates is performed; one that a dry run only describes is none. */
  mutates(): void {
    for (let budget: Budget | undefined = this; budget !== undefined; budget = budget.#caller)
      budget.#mutations++;
  }
}

// What a bundle used of late (DESIGN.md §4 "Limits": "per bundle: rate, budget"): a leaky bucket. It holds what a minute allows and
// drains evenly, by the injected clock, so that no minute ends with a rush.

const MINUTE_MS = 60_000;

export class Usage {
  #used = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** Takes the amount where it still fits into a minute's worth. False, and nothing taken, where it does not. */
  take(amount: number, perMinute: number, nowMs: number): boolean {
    if (perMinute === Number.POSITIVE_INFINITY) return true;
    this.#drain(perMinute, nowMs);
    if (this.#used + amount > perMinute) return false;
    this.#used += amount;
    return true;
  }

  /** Counts what was used already, also where it is more than there was; nothing fits until that has drained. */
  add(amount: number, perMinute: number, nowMs: number): void {
    if (perMinute === Number.POSITIVE_INFINITY) return;
    this.#drain(perMinute, nowMs);
    this.#used += amount;
  }

  /** Milliseconds from now until the amount fits; 0 where it does. */
  waitMs(amount: number, perMinute: number, nowMs: number): number {
    if (perMinute === Number.POSITIVE_INFINITY) return 0;
    this.#drain(perMinute, nowMs);
    return Math.max(0, Math.ceil(((this.#used + amount - perMinute) * MINUTE_MS) / perMinute));
  }

  /** A clock that goes back drains nothing. */
  #drain(perMinute: number, nowMs: number): void {
    const elapsed = nowMs - this.#at;
    if (elapsed > 0) this.#used = Math.max(0, this.#used - (elapsed * perMinute) / MINUTE_MS);
    this.#at = Math.max(this.#at, nowMs);
  }
}

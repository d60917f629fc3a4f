// What nothing has asked for, for some time (DESIGN.md §4 "generation"): one timer for all of them, which keeps no process alive.

export class IdleQueue<T> {
  readonly #idleMs: number;
  readonly #expired: (item: T) => void;
  /** In the order in which they fell idle, with when. */
  readonly #since = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `expired` is called once for an item that was idle for `idleMs`; Infinity: never. */
  constructor(idleMs: number, expired: (item: T) => void) {
    this.#idleMs = idleMs;
    this.#expired = expired;
  }

  /** The item is idle from now on. */
  add(item: T): void {
    if (this.#idleMs === Number.POSITIVE_INFINITY) return;
    this.#since.delete(item);
    this.#since.set(item, performance.now());
    this.#schedule(this.#idleMs);
  }

  /** It is in use again, or gone. */
  delete(item: T): void {
    this.#since.delete(item);
  }

  clear(): void {
    this.#since.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer ??= setTimeout(() => this.#look(), delayMs).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [item, since] of this.#since) {
      const restMs = since + this.#idleMs - now;
      if (restMs > 0) {
        this.#schedule(restMs);
        return;
      }
      this.#since.delete(item);
      this.#expired(item);
    }
  }
}

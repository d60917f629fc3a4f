// Whose batch a worker takes next (DESIGN.md §4, issue "fair share between bundles"): a worker runs one batch at a time, so only a
// few are sent ahead; what else there is waits here, and bundles take turns, however many isolates and calls each of them has.

/** Batches that a worker has before it at once: the one that it runs, and one so that it never waits for the wire. */
const WINDOW = 2;

export class Turns {
  readonly #waiting = new Map<string, Set<() => void>>();
  #free: number;

  constructor(window = WINDOW) {
    this.#free = window;
  }

  /** Calls `go` when it is this owner's turn: now, or later. Each turn that is taken is given back once. */
  take(owner: string, go: () => void): void {
    if (this.#free > 0) {
      this.#free--;
      go();
      return;
    }
    const queue = this.#waiting.get(owner);
    if (queue === undefined) this.#waiting.set(owner, new Set([go]));
    else queue.add(go);
  }

  /** A turn has ended; the next owner's begins. */
  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    const [owner, queue] = next;
    const [go] = queue;
    // Owners stand in the order of the map: who had its turn goes to the end.
    this.#waiting.delete(owner);
    if (go === undefined) throw new Error('an owner waits for nothing');
    queue.delete(go);
    if (queue.size > 0) this.#waiting.set(owner, queue);
    go();
  }

  /** Takes back what waits. */
  forget(owner: string, go: () => void): void {
    const queue = this.#waiting.get(owner);
    queue?.delete(go);
    if (queue?.size === 0) this.#waiting.delete(owner);
  }

  /** There are no turns any more: everything that waits goes now, and whatever is taken from here on. */
  end(): void {
    const waiting = [...this.#waiting.values()].flatMap((queue) => [...queue]);
    this.#waiting.clear();
    this.#free = Number.POSITIVE_INFINITY;
    for (const go of waiting) go();
  }

  get size(): number {
    let size = 0;
    for (const queue of this.#waiting.values()) size += queue.size;
    return size;
  }
}

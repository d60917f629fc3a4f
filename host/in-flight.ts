// What an open host is in the middle of (THREATS.md H17, H20): closing waits until every call has its end and every effect its
// outcome in the journal; nothing is written to a file that is closed.

export class InFlight {
  readonly #promises = new Set<Promise<unknown>>();

  /** The same promise, waited for by `settled` until it settles either way. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.#promises.add(promise);
    const done = (): void => void this.#promises.delete(promise);
    promise.then(done, done);
    return promise;
  }

  /** Settles once nothing is in flight, what came in meanwhile included, or when `withinMs` are over. */
  async settled(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const over = new Promise<void>((done) => {
      if (withinMs === Number.POSITIVE_INFINITY) return;
      timer = setTimeout(() => {
        isOver = true;
        done();
      }, withinMs);
    });
    while (this.#promises.size > 0 && !isOver) await Promise.race([Promise.allSettled(this.#promises), over]);
    clearTimeout(timer);
  }
}

// Who made a worker grow (THREATS.md H3, H4): what an isolate holds beside its heap is counted by nobody but the process as a whole.
// So the growth from one look to the next is put down to the isolate that was at work meanwhile, where it was one alone.

/** Bytes up to which growth is nobody's: code that V8 compiles, arenas of the allocator. */
const NOTABLE = 16 * 1024 * 1024;

export class MemoryShares {
  #held: number | undefined;
  readonly #atWork = new Set<number>();
  readonly #grown = new Map<number, number>();

  /** The isolate was at work since the last look. */
  worked(isolate: number): void {
    this.#atWork.add(isolate);
  }

  /** A look: so many bytes are held now. */
  measured(held: number): void {
    const [isolate, another] = this.#atWork;
    if (this.#held !== undefined && isolate !== undefined && another === undefined) {
      const grown = (this.#grown.get(isolate) ?? 0) + held - this.#held;
      if (grown > 0) this.#grown.set(isolate, grown);
      else this.#grown.delete(isolate);
    }
    this.#atWork.clear();
    this.#held = held;
  }

  /** The isolate is gone, and what it held with it. */
  forget(isolate: number): void {
    this.#grown.delete(isolate);
  }

  /** The isolate that made the process grow by more than all the others together; 0 where none did. */
  get largest(): number {
    let sum = 0;
    let most = NOTABLE;
    let largest = 0;
    for (const [isolate, bytes] of this.#grown) {
      sum += bytes;
      if (bytes <= most) continue;
      most = bytes;
      largest = isolate;
    }
    return most * 2 > sum ? largest : 0;
  }
}

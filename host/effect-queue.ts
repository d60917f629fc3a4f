// The effects of one call that wait to be performed (DESIGN.md §4 "Limits", THREATS.md H14): a bundle may ask for thousands at
// once; the host performs a few at a time, none while answers pile up, and gives way to everything else in between.
import type { Effect } from './call.ts';

export interface EffectQueueLimits {
  /** Effects that are performed at once. */
  readonly running: number;
  /** UTF-16 units of answers that the isolate has not taken yet; beyond it no effect is begun. */
  readonly answerUnits: number;
  /** UTF-16 units of arguments that wait; beyond it the queue takes no more. */
  readonly argsUnits: number;
  /** Milliseconds of one turn of the event loop in which effects are begun. */
  readonly turnMs: number;
}

const MEGA = 1024 * 1024;
const LIMITS: EffectQueueLimits = {
  running: 16,
  answerUnits: 16 * MEGA,
  argsUnits: 64 * MEGA,
  turnMs: 8,
};

/** What the prelude asks for once a batch, and costs next to nothing: it takes no place among those that run, and waits for none. */
const LIGHT: ReadonlySet<string> = new Set(['clock.wait', 'log.lines']);

export interface EffectQueueOptions {
  /** Performs one effect to its end; does not throw. */
  readonly perform: (effect: Effect) => Promise<void>;
  /** Asked before each effect; once false, all that waits is dropped. */
  readonly mayBegin: () => boolean;
  readonly limits?: Partial<EffectQueueLimits>;
}

export class EffectQueue {
  readonly #perform: (effect: Effect) => Promise<void>;
  readonly #mayBegin: () => boolean;
  readonly #limits: EffectQueueLimits;
  #waiting: Effect[] = [];
  #argsUnits = 0;
  #answerUnits = 0;
  #running = 0;
  /** When the first effect of this turn was begun. */
  #turnBegan: number | undefined;

  constructor({ perform, mayBegin, limits }: EffectQueueOptions) {
    this.#perform = perform;
    this.#mayBegin = mayBegin;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Takes one more effect, in order. False where too much waits already: then it is not taken. */
  push(effect: Effect): boolean {
    if (this.#argsUnits + effect.args.length > this.#limits.argsUnits) return false;
    if (LIGHT.has(effect.capability)) {
      if (this.#mayBegin()) this.#perform(effect);
      return true;
    }
    this.#argsUnits += effect.args.length;
    this.#waiting.push(effect);
    this.#begin();
    return true;
  }

  /** An answer is on its way to the isolate. */
  answered(units: number): void {
    this.#answerUnits += units;
  }

  /** The isolate has taken an answer. */
  taken(units: number): void {
    this.#answerUnits -= units;
    this.#begin();
  }

  /** Drops what waits. What is being performed goes on. */
  clear(): void {
    this.#waiting = [];
    this.#argsUnits = 0;
  }

  #begin(): void {
    const { running, answerUnits } = this.#limits;
    while (this.#running < running && this.#answerUnits <= answerUnits && this.#waiting.length > 0) {
      if (this.#isTurnOver()) return;
      if (!this.#mayBegin()) {
        this.clear();
        return;
      }
      const effect = this.#waiting.shift() as Effect;
      this.#argsUnits -= effect.args.length;
      this.#running++;
      this.#perform(effect).then(() => {
        this.#running--;
        this.#begin();
      });
    }
  }

  /** True where this turn had its share; the next one goes on by itself. */
  #isTurnOver(): boolean {
    const now = performance.now();
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now;
      setImmediate(() => {
        this.#turnBegan = undefined;
        this.#begin();
      });
      return false;
    }
    return now - this.#turnBegan >= this.#limits.turnMs;
  }
}

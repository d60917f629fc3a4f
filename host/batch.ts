// What waits for an isolate, and what of it goes next as one batch (DESIGN.md §4 "Guest", "Limits"): a batch is bounded in length
// and in messages, and the longer batches take the fewer messages there are in one, so that neighbours get their turns.
import { type Call, MAX_MESSAGE } from './call.ts';

/** UTF-16 units of messages in one batch, unless one alone is longer. */
const MAX_UNITS = MAX_MESSAGE;
const MAX_MESSAGES = 64;
/** Milliseconds of processor time that a batch should take at most. */
const LONG_MS = 20;
/** Time for a batch in which no call runs any more. */
const HOUSEKEEPING_MS = 1_000;
/** The processor time of a call is measured; a machine under load may take so many times as long to give it. */
const SLACK = 2;

interface Entry {
  readonly message: string;
  readonly call: Call;
  /** It answers an effect. */
  readonly answers: boolean;
}

/** Messages that go together. */
export interface Batch {
  readonly text: string;
  /** Calls that run in it, and calls that it tells the isolate to freeze. */
  readonly running: ReadonlySet<Call>;
  readonly frozen: readonly Call[];
  readonly entries: readonly Entry[];
  /** Milliseconds that it may take, waiting for the processor included. */
  readonly limitMs: number;
}

export class BatchQueue {
  #entries: Entry[] = [];
  #most = MAX_MESSAGES;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  add(call: Call, message: string, answers = false): void {
    this.#entries.push({ message, call, answers });
  }

  /** Takes out everything of a call. */
  drop(call: Call): void {
    if (this.#entries.length > 0) this.#entries = this.#entries.filter((entry) => entry.call !== call);
  }

  clear(): void {
    this.#entries = [];
  }

  /** The next batch, at this time of the guest's clock. A call that must be alone shares its batches with no other. */
  take(nowMs: number): Batch {
    const entries = this.#entries.splice(0, this.#count());
    const running = new Set<Call>();
    const frozen: Call[] = [];
    const started = performance.now();
    let limitMs = 0;
    let text = `[${nowMs},0`;
    for (const { message, call } of entries) {
      text += `,${message}`;
      call.started = true;
      if (call.settled) frozen.push(call);
      else {
        running.add(call);
        limitMs = Math.max(limitMs, Math.min(call.deadline - started, SLACK * call.cpuMsLeft + LONG_MS));
      }
    }
    limitMs = running.size === 0 ? HOUSEKEEPING_MS : Math.max(1, Math.ceil(limitMs));
    return { text: `${text}]`, running, frozen, entries, limitMs };
  }

  /** A batch took so much processor time. */
  took(cpuMs: number): void {
    if (cpuMs > LONG_MS) this.#most = Math.max(1, this.#most >> 1);
    else if (cpuMs < LONG_MS / 4 && this.#most < MAX_MESSAGES) this.#most *= 2;
  }

  #count(): number {
    const first = this.#entries[0]?.call;
    let units = 0;
    let count = 0;
    for (const { message, call } of this.#entries) {
      units += message.length;
      const fits = count < this.#most && units <= MAX_UNITS;
      const belongs = call === first || !(call.options.alone === true || first?.options.alone === true);
      if (count > 0 && !(fits && belongs)) break;
      count++;
    }
    return count;
  }
}

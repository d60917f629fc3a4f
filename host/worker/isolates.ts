// The isolates of one process and what the wire asks of them (DESIGN.md §4): the same for a worker and, by the embedder's opt-in, for
// the embedding process. It parses no JSON and decides nothing.
import { Engine, type GuestIsolate, type NativeModule, type Outcome } from '../isolate/isolate.ts';
import { FAILURE, FieldReader, FRAME, formatFields, MAX_ANSWER_BYTES } from '../wire.ts';

/** The answer to one request: the type of its frame, and what the frame holds behind what it cost. */
export interface Answer {
  readonly type: number;
  readonly body: string | Buffer;
  /** Microseconds of processor time, this thread's since the last answer: isolates run on it. */
  readonly micros: number;
}

/** Room for the rest of the frame. */
const MAX_DRAINED_BYTES = MAX_ANSWER_BYTES - 64;

export class Isolates {
  readonly #addon: NativeModule;
  readonly #isolates = new Map<number, GuestIsolate>();
  #engine: Engine | undefined;
  #counted = threadMicros();

  constructor(addon: NativeModule) {
    this.#addon = addon;
  }

  /** What the request comes to; undefined where it has no answer. A frame that no supervisor sends throws. */
  handle(type: number, id: number, payload: Buffer): Answer | undefined {
    switch (type) {
      case FRAME.prelude: {
        const fields = new FieldReader(payload);
        this.#engine = new Engine(this.#addon, fields.text(), fields.bytes());
        return undefined;
      }
      case FRAME.create:
        return this.#outcome(id, this.#create(id, new FieldReader(payload)));
      case FRAME.push:
        return this.#outcome(id, this.#push(id, payload.readUInt32LE(0), payload.toString('utf8', 4)));
      case FRAME.dispose:
        this.#forget(id);
        return undefined;
      case FRAME.compile: {
        const fields = new FieldReader(payload);
        const made = Engine.compile(this.#addon, fields.text(), fields.text());
        if (!('prelude' in made)) return this.#outcome(id, made);
        return this.#answer(FRAME.compiled, formatFields([made.prelude, made.code]));
      }
      case FRAME.evaluate: {
        const fields = new FieldReader(payload);
        const heapMb = fields.number();
        const timeoutMs = fields.number();
        return this.#outcome(id, this.#started().evaluate(fields.text(), heapMb, timeoutMs));
      }
      default:
        throw new Error(`unknown frame ${type}`);
    }
  }

  /** Forgets all of them. */
  clear(): void {
    for (const id of [...this.#isolates.keys()]) this.#forget(id);
  }

  #started(): Engine {
    if (this.#engine === undefined) throw new Error('no prelude yet');
    return this.#engine;
  }

  #create(id: number, fields: FieldReader): Outcome {
    const heapMb = fields.number();
    const timeoutMs = fields.number();
    const birth = fields.text();
    const code = fields.text();
    const cache = fields.bytes();
    const { isolate, outcome } = this.#started().create({ heapMb, timeoutMs, birth, code, cache });
    if (isolate !== undefined) this.#isolates.set(id, isolate);
    return outcome;
  }

  #push(id: number, timeoutMs: number, text: string): Outcome {
    const isolate = this.#isolates.get(id);
    if (isolate === undefined) return { failure: FAILURE.gone, message: '' };
    const outcome = isolate.push(text, timeoutMs);
    if ('failure' in outcome) this.#forget(id);
    return outcome;
  }

  #forget(id: number): void {
    this.#isolates.get(id)?.dispose();
    this.#isolates.delete(id);
  }

  #outcome(id: number, outcome: Outcome): Answer {
    if ('failure' in outcome) {
      const message = Buffer.from(outcome.message, 'utf8');
      return this.#answer(FRAME.failed, Buffer.concat([Buffer.of(outcome.failure), message]));
    }
    const { text } = outcome;
    // Measured only where it matters: a UTF-16 unit is at most three bytes.
    if (text.length * 3 <= MAX_DRAINED_BYTES || Buffer.byteLength(text, 'utf8') <= MAX_DRAINED_BYTES)
      return this.#answer(FRAME.drained, text);
    this.#forget(id);
    return this.#outcome(id, { failure: FAILURE.gone, message: 'too much was drained at once' });
  }

  #answer(type: number, body: string | Buffer): Answer {
    const now = threadMicros();
    const micros = Math.min(now - this.#counted, 0xffff_ffff);
    this.#counted = now;
    return { type, body, micros };
  }
}

function threadMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

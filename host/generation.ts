// One isolate generation (DESIGN.md §4 "Record and replay"): one isolate, its seed and clock, and every batch that went in and
// came out. One batch is in flight at a time; what arrives meanwhile waits for the next. So the texts pushed and drained, in
// their order, are the record: pushed again into a fresh isolate they drain the same.
import { SignetError } from '../src/error.ts';
import { answerTo, type Call, type Effect, MAX_MESSAGE } from './call.ts';
import { EffectQueue, type EffectQueueLimits } from './effect-queue.ts';
import { failureError, lossError, settle } from './outcome.ts';
import { type DrainedRecord, parseDrained, RECORD } from './records.ts';
import { bytesFrame, FRAME, formatFields, numberedFrame } from './wire.ts';
import type { Ticker, WorkerProcess } from './worker-process.ts';

/** UTF-16 units of messages in one batch, unless one alone is longer. */
const MAX_BATCH = MAX_MESSAGE;
/** Time for a batch in which no call runs any more. */
const HOUSEKEEPING_MS = 1_000;

/** Called with every batch of a generation that came back; the first is its birth. */
export type OnBatch = (isolateId: number, pushed: string, drained: string) => void;

/** What a generation says of itself. */
export interface GenerationEvents {
  /** Nothing is in flight. */
  readonly onIdle: () => void;
  /** The isolate is gone; calls that it never saw are handed back. */
  readonly onEnd: (unseen: readonly Call[]) => void;
}

export interface GenerationOptions extends GenerationEvents {
  readonly isolateId: number;
  readonly heapMb: number;
  readonly code: string;
  readonly codeCache: Uint8Array;
  /** For the bundle's own start. */
  readonly loadMs: number;
  /** 32 bits, not 0. */
  readonly seed: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onBatch: OnBatch | undefined;
  /** Of the effects of one call; each has its default. */
  readonly effects?: Partial<EffectQueueLimits>;
}

interface Entry {
  readonly message: string;
  readonly call: Call;
  /** It answers an effect. */
  readonly answers: boolean;
}

export class Generation implements Ticker {
  /** Settled when the bundle is loaded, or rejected with why it is not. */
  readonly loaded: Promise<void>;
  readonly #worker: WorkerProcess;
  readonly #options: GenerationOptions;
  /** Every call that the isolate may still speak of: also one that is settled, until the isolate knows. */
  readonly #calls = new Map<string, Call>();
  #queue: Entry[] = [];
  #inFlight = true;
  #scheduled = false;
  #ended = false;
  #now = 0;

  constructor(worker: WorkerProcess, options: GenerationOptions) {
    this.#worker = worker;
    this.#options = options;
    const birth = `[${this.#clock()},${options.seed}]`;
    const fields = [options.heapMb, options.loadMs, birth, options.code, options.codeCache];
    this.loaded = new Promise((resolve, reject) => {
      worker.request(bytesFrame(FRAME.create, options.isolateId, formatFields(fields)), {
        isolate: options.isolateId,
        expects: [FRAME.drained, FRAME.failed],
        limitMs: options.loadMs,
        answered: (type, payload) => {
          if (type === FRAME.failed) {
            this.#failLoad(failureError(payload, 'loading the bundle', 'E_GUEST'), reject);
            return;
          }
          if (payload.length > 0) throw new SignetError('E_FORMAT', 'an isolate was born speaking');
          options.onBatch?.(options.isolateId, birth, '');
          resolve();
          this.#inFlight = false;
          this.#schedule();
          this.#rest();
        },
        lost: (loss, head) => this.#failLoad(lossError(loss, 'loading the bundle', head), reject),
      });
    });
    // Whoever opened waits for it; a later generation's failure reaches its calls.
    this.loaded.catch(() => undefined);
    worker.watch(this);
  }

  /** Loaded, and nothing in flight. */
  get isIdle(): boolean {
    return !this.#ended && !this.#inFlight && this.#calls.size === 0;
  }

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  /** A call waits for its end. */
  get isAwaited(): boolean {
    return [...this.#calls.values()].some((call) => !call.settled);
  }

  start(call: Call): void {
    this.#calls.set(call.id, call);
    call.onAbort = () => this.#stop(call, () => call.fail(aborted('the call was aborted')));
    if (call.options.signal?.aborted === true) call.onAbort();
    else this.#enqueue(call, call.message);
  }

  /** Forgets the isolate. Its calls fail with E_ABORTED. */
  close(): void {
    if (this.#ended) return;
    this.#worker.notify(bytesFrame(FRAME.dispose, this.#options.isolateId));
    for (const call of this.#calls.values()) call.fail(aborted('the guest was closed'));
    this.#end(() => undefined);
  }

  tick(nowMs: number): boolean {
    for (const call of this.#calls.values()) this.#isInTime(call, nowMs);
    return this.#calls.size > 0;
  }

  /** False for a call that is settled, and for one whose time is up, which settles it. */
  #isInTime(call: Call, nowMs: number): boolean {
    if (call.settled) return false;
    if (nowMs < call.deadline) return true;
    const error = new SignetError('E_TIMEOUT', `the call took longer than ${call.options.wallMs} ms`);
    this.#stop(call, () => call.fail(error));
    return false;
  }

  /** Settles a call from outside; the isolate is told to freeze what it knows of it. */
  #stop(call: Call, settle: () => void): void {
    settle();
    call.queue?.clear();
    if (this.#ended || this.#calls.get(call.id) !== call) return;
    this.#queue = this.#queue.filter((entry) => entry.call !== call);
    if (call.started) this.#enqueue(call, `[7,"${call.id}"]`);
    else this.#calls.delete(call.id);
    this.#rest();
  }

  #enqueue(call: Call, message: string, answers = false): void {
    if (this.#ended) return;
    this.#queue.push({ message, call, answers });
    this.#worker.wake();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight || this.#queue.length === 0) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      if (!this.#inFlight && !this.#ended && this.#queue.length > 0) this.#send(this.#takeBatch());
    });
  }

  #takeBatch(): Entry[] {
    let length = 0;
    let count = 0;
    for (const { message } of this.#queue) {
      length += message.length;
      if (count > 0 && length > MAX_BATCH) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  #send(batch: readonly Entry[]): void {
    const { isolateId } = this.#options;
    const started = performance.now();
    let limitMs = 0;
    let pushed = `[${this.#clock()},0`;
    const running = new Set<Call>();
    const frozen: Call[] = [];
    for (const { message, call } of batch) {
      pushed += `,${message}`;
      call.started = true;
      if (call.settled) frozen.push(call);
      else {
        running.add(call);
        limitMs = Math.max(limitMs, call.deadline - started);
      }
    }
    pushed += ']';
    const timeoutMs = running.size === 0 ? HOUSEKEEPING_MS : Math.max(1, Math.ceil(limitMs));
    this.#inFlight = true;
    this.#worker.request(numberedFrame(FRAME.push, isolateId, timeoutMs, pushed), {
      isolate: isolateId,
      expects: [FRAME.drained, FRAME.failed],
      limitMs: timeoutMs,
      answered: (type, payload) => {
        if (type === FRAME.failed) {
          const error = failureError(payload, 'the call', 'E_GUEST');
          const other = new SignetError(
            'E_WORKER_LOST',
            'the isolate was ended by another call of this bundle',
          );
          this.#end((call) => call.fail(running.has(call) ? error : other));
          return;
        }
        const drained = payload.toString('utf8');
        const records = parseDrained(drained);
        this.#inFlight = false;
        this.#options.onBatch?.(isolateId, pushed, drained);
        for (const record of records) this.#receive(record);
        for (const call of frozen) this.#calls.delete(call.id);
        for (const { message, call, answers } of batch) if (answers) call.queue?.taken(message.length);
        this.#schedule();
        this.#rest();
      },
      lost: (loss, head) => {
        const error = lossError(loss, 'the call', head);
        const other = lossError(loss, 'the call', false);
        this.#end((call) => call.fail(running.has(call) ? error : other));
      },
    });
  }

  /** One record of a worker. Throws on what the isolate cannot have said; then the worker is lost. */
  #receive(record: DrainedRecord): void {
    const dot = record.id.indexOf('.');
    const call = this.#calls.get(dot === -1 ? record.id : record.id.slice(0, dot));
    if (call === undefined || !call.started || (record.kind === RECORD.effect) !== (dot !== -1)) {
      throw new SignetError('E_FORMAT', 'a record names no call in flight', { item: record.id });
    }
    if (record.kind === RECORD.effect) {
      this.#perform(call, record, Number(record.id.slice(dot + 1)));
      return;
    }
    if (!call.settled) settle(call, record);
    this.#calls.delete(call.id);
  }

  #perform(call: Call, record: DrainedRecord, seq: number): void {
    if (call.settled) return;
    call.effects++;
    if (seq !== call.effects) {
      throw new SignetError('E_FORMAT', 'a record numbers its effect wrongly', { item: record.id });
    }
    if (call.effects > call.options.effects) {
      const error = new SignetError(
        'E_EFFECT_LIMIT',
        `the call asked for more than ${call.options.effects} effects`,
      );
      this.#stop(call, () => call.fail(error));
      return;
    }
    call.queue ??= new EffectQueue({
      perform: (effect) => this.#carryOut(call, effect),
      mayBegin: () => this.#isInTime(call, performance.now()),
      limits: this.#options.effects ?? {},
    });
    if (call.queue.push({ id: record.id, capability: record.name, args: record.body })) return;
    const error = new SignetError('E_EFFECT_LIMIT', 'the effects that wait have too long arguments together');
    this.#stop(call, () => call.fail(error));
  }

  async #carryOut(call: Call, effect: Effect): Promise<void> {
    let message: string;
    try {
      message = answerTo(effect, await call.options.perform(effect));
    } catch (cause) {
      const error = new SignetError('E_INTERNAL', `the host could not perform ${effect.capability}`, {
        cause,
      });
      this.#stop(call, () => call.fail(error));
      return;
    }
    if (call.settled || this.#calls.get(call.id) !== call) return;
    call.queue?.answered(message.length);
    this.#enqueue(call, message, true);
  }

  #rest(): void {
    if (this.isIdle) this.#options.onIdle();
  }

  /** The batch's time: it never goes back. */
  #clock(): number {
    this.#now = Math.max(this.#now, this.#options.now());
    return this.#now;
  }

  /** Calls that wait for a bundle that cannot be loaded fail as it did: another try would fail again. */
  #failLoad(error: SignetError, reject: (error: SignetError) => void): void {
    reject(error);
    for (const call of this.#calls.values()) call.fail(error);
    this.#end(() => undefined);
  }

  #end(fail: (call: Call) => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#worker.unwatch(this);
    const unseen: Call[] = [];
    for (const call of this.#calls.values()) {
      if (call.settled) continue;
      if (call.started) fail(call);
      else unseen.push(call);
    }
    this.#calls.clear();
    this.#queue = [];
    this.#options.onEnd(unseen);
  }
}

function aborted(sentence: string): SignetError {
  return new SignetError('E_ABORTED', sentence);
}

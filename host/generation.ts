// One isolate generation (DESIGN.md §4 "Record and replay"): one isolate, its seed and clock, and every batch that went in and
// came out. One batch is in flight at a time; what arrives meanwhile waits for the next. So the texts pushed and drained, in
// their order, are the record: pushed again into a fresh isolate they drain the same.
import type { GenerationEnding } from '../src/contracts/record.ts';
import { SignetError } from '../src/error.ts';
import { type Batch, BatchQueue } from './batch.ts';
import { answerTo, type Call, type Effect } from './call.ts';
import { EffectQueue, type EffectQueueLimits } from './effect-queue.ts';
import { endingByFailure, endingByLoss, endingOf, tooLong, tooManyEffects, tooMuchCpu } from './ending.ts';
import { failureError, lossError, settle } from './outcome.ts';
import { type DrainedRecord, parseDrained, RECORD } from './records.ts';
import type { Tape } from './tape.ts';
import { bytesFrame, FRAME, formatFields, numberedFrame } from './wire.ts';
import type { Loss, Ticker, WorkerChannel } from './worker-channel.ts';

/** What a generation says of itself. */
export interface GenerationEvents {
  /** Nothing is in flight. */
  readonly onIdle: () => void;
  /** The isolate is gone; calls that it never saw are handed back. */
  readonly onEnd: (unseen: readonly Call[]) => void;
}

export interface GenerationOptions extends GenerationEvents {
  readonly isolateId: number;
  /** Whose isolate it is, the bundle's digest: owners take turns in a worker. */
  readonly owner: string;
  readonly heapMb: number;
  readonly code: string;
  readonly codeCache: Uint8Array;
  /** For the bundle's own start. */
  readonly loadMs: number;
  /** For `Math.random` 32 bits, not 0; for `crypto` 64 hexadecimal digits. */
  readonly seed: readonly [number, string];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly tape: Tape | undefined;
  /** Of the effects of one call; each has its default. */
  readonly effects?: Partial<EffectQueueLimits>;
}

export class Generation implements Ticker {
  readonly #worker: WorkerChannel;
  readonly #options: GenerationOptions;
  readonly #loading = Promise.withResolvers<void>();
  /** Every call that the isolate may still speak of: also one that is settled, until the isolate knows. */
  readonly #calls = new Map<string, Call>();
  readonly #queue = new BatchQueue();
  #inFlight = true;
  #scheduled = false;
  /** What it waits for its turn with. */
  #turn: (() => void) | undefined;
  #ended = false;
  #now = 0;

  constructor(worker: WorkerChannel, options: GenerationOptions) {
    this.#worker = worker;
    this.#options = options;
    this.#turn = () => this.#create();
    // Whoever opened waits for it; a later generation's failure reaches its calls.
    this.loaded.catch(() => undefined);
    worker.watch(this);
    worker.turns.take(options.owner, this.#turn);
  }

  get isolate(): number {
    return this.#options.isolateId;
  }

  /** Settled when the bundle is loaded, or rejected with why it is not. */
  get loaded(): Promise<void> {
    return this.#loading.promise;
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
    call.onAbort = () => this.#stop(call, aborted('the call was aborted'));
    if (call.options.signal?.aborted === true) call.onAbort();
    else this.#enqueue(call, call.message);
  }

  /** Forgets the isolate. Its calls fail with E_ABORTED. */
  close(): void {
    if (this.#ended) return;
    this.#worker.notify(bytesFrame(FRAME.dispose, this.#options.isolateId));
    this.#failAll(aborted('the guest was closed'), 'closed');
  }

  tick(nowMs: number): boolean {
    for (const call of this.#calls.values()) this.#isInTime(call, nowMs);
    return this.#calls.size > 0;
  }

  /** Told to all that are still there: their calls waited for an effect, or for nothing. */
  lost(loss: Loss): void {
    const error = lossError(loss, 'the call', false);
    this.#end(() => error, 'lost');
  }

  #create(): void {
    this.#turn = undefined;
    const { isolateId, heapMb, loadMs, seed, code, codeCache, tape } = this.#options;
    const birth = JSON.stringify([this.#clock(), ...seed]);
    const fields = formatFields([heapMb, loadMs, birth, code, codeCache]);
    this.#worker.request(bytesFrame(FRAME.create, isolateId, fields), {
      isolate: isolateId,
      expects: [FRAME.drained, FRAME.failed],
      limitMs: loadMs,
      answered: (type, payload) => {
        if (type === FRAME.failed) {
          this.#failAll(failureError(payload, 'loading the bundle', 'E_GUEST'), endingOf(payload));
        } else if (payload.length > 0) {
          throw new SignetError('E_FORMAT', 'an isolate was born speaking');
        } else if (!this.#ended) {
          tape?.born(birth);
          this.#loading.resolve();
          this.#inFlight = false;
          this.#schedule();
          this.#rest();
        }
        this.#worker.turns.giveBack();
      },
      lost: (loss, head) =>
        this.#failAll(lossError(loss, 'loading the bundle', head && loss.culprit === isolateId), 'lost'),
    });
  }

  /** False for a call that is settled, and for one whose time is up, which settles it. */
  #isInTime(call: Call, nowMs: number): boolean {
    if (call.settled) return false;
    if (nowMs < call.deadline) return true;
    this.#stop(call, tooLong(call));
    return false;
  }

  /** Settles a call from outside; the isolate is told to freeze what it knows of it. */
  #stop(call: Call, error: SignetError): void {
    call.fail(error);
    call.queue?.clear();
    if (this.#ended || this.#calls.get(call.id) !== call) return;
    this.#queue.drop(call);
    if (call.started) this.#enqueue(call, `[7,"${call.id}"]`);
    else this.#calls.delete(call.id);
    this.#rest();
  }

  #enqueue(call: Call, message: string, answers = false): void {
    if (this.#ended) return;
    this.#queue.add(call, message, answers);
    this.#worker.wake();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight || this.#queue.isEmpty) return;
    this.#scheduled = true;
    process.nextTick(() => {
      if (this.#ended) return;
      this.#turn = () => this.#send();
      this.#worker.turns.take(this.#options.owner, this.#turn);
    });
  }

  /** Sends the next batch: it is this generation's turn, which ends with the answer. */
  #send(): void {
    this.#turn = undefined;
    this.#scheduled = false;
    if (this.#queue.isEmpty) {
      this.#worker.turns.giveBack();
      return;
    }
    const { isolateId } = this.#options;
    const batch = this.#queue.take(this.#clock());
    this.#inFlight = true;
    this.#worker.request(numberedFrame(FRAME.push, isolateId, batch.limitMs, batch.text), {
      isolate: isolateId,
      expects: [FRAME.drained, FRAME.failed],
      limitMs: batch.limitMs,
      answered: (type, payload, cpuMicros) => {
        if (!this.#ended) {
          this.#charge(batch, cpuMicros / 1_000);
          if (type === FRAME.failed) this.#end(endingByFailure(batch, payload), endingOf(payload), batch);
          else this.#drained(batch, payload.toString('utf8'));
        }
        this.#worker.turns.giveBack();
      },
      lost: (loss, head) =>
        this.#end(endingByLoss(batch, loss, head && loss.culprit === isolateId), 'lost', batch),
    });
  }

  /** The processor time of a batch is its call's; of several, nobody can say whose. */
  #charge({ running }: Batch, cpuMs: number): void {
    this.#queue.took(cpuMs);
    for (const call of running) {
      call.options.onCpu?.(cpuMs / running.size);
      if (running.size === 1) call.cpuMsLeft -= cpuMs;
    }
  }

  #drained(batch: Batch, drained: string): void {
    const records = parseDrained(drained);
    this.#inFlight = false;
    this.#options.tape?.batch(batch, drained, records);
    for (const call of batch.running) {
      if (call.cpuMsLeft < 0) this.#stop(call, tooMuchCpu(call));
    }
    for (const record of records) this.#receive(record);
    for (const call of batch.frozen) this.#calls.delete(call.id);
    for (const { message, call, answers } of batch.entries) if (answers) call.queue?.taken(message.length);
    this.#schedule();
    this.#rest();
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
      this.#stop(call, tooManyEffects(call));
      return;
    }
    call.queue ??= new EffectQueue({
      perform: (effect) => this.#carryOut(call, effect),
      mayBegin: () => this.#isInTime(call, performance.now()),
      limits: this.#options.effects ?? {},
    });
    if (call.queue.push({ id: record.id, capability: record.name, args: record.body })) return;
    const error = new SignetError('E_EFFECT_LIMIT', 'the effects that wait have too long arguments together');
    this.#stop(call, error);
  }

  async #carryOut(call: Call, effect: Effect): Promise<void> {
    let message: string;
    try {
      message = answerTo(effect, await call.options.perform(effect));
    } catch (cause) {
      const sentence = `the host could not perform ${effect.capability}`;
      this.#stop(call, new SignetError('E_INTERNAL', sentence, { cause }));
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
  #failAll(error: SignetError, ending: GenerationEnding): void {
    this.#loading.reject(error);
    for (const call of this.#calls.values()) call.fail(error);
    this.#end(() => error, ending);
  }

  /** Calls that the isolate saw fail with their error; the others are handed back. */
  #end(errorOf: (call: Call) => SignetError, ending: GenerationEnding, batch?: Batch): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.tape?.end(ending, batch);
    this.#worker.unwatch(this);
    if (this.#turn !== undefined) this.#worker.turns.forget(this.#options.owner, this.#turn);
    const unseen: Call[] = [];
    for (const call of this.#calls.values()) {
      if (call.settled) continue;
      call.queue?.clear();
      if (call.started) call.fail(errorOf(call));
      else unseen.push(call);
    }
    this.#calls.clear();
    this.#queue.clear();
    this.#options.onEnd(unseen);
  }
}

function aborted(sentence: string): SignetError {
  return new SignetError('E_ABORTED', sentence);
}

// The supervisor's side of one worker process (DESIGN.md §4, THREATS.md H1-H3, H9): requests answered one by one in order, a
// hard limit of time and memory with SIGKILL behind it, and no trust in anything that comes back.

import { constants } from 'node:os';
import { residentBytes } from './memory.ts';
import { MemoryShares } from './memory-shares.ts';
import { plainWithin } from './plain-text.ts';
import { innermost } from './process-tree.ts';
import { Turns } from './turns.ts';
import { FRAME, FrameDecoder, MAX_ANSWER_BYTES } from './wire.ts';
import { type LaunchedWorker, launchWorker } from './worker/launch.ts';
import type { Loss, LossCause, Request, Ticker, WorkerChannel } from './worker-channel.ts';

const TICK_MS = 20;
const START_MS = 15_000;

/** Signals that no fault of the process itself raises: a person, the service manager, or the kernel for want of memory. */
const OTHERS_SIGNALS: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

export interface WorkerStart {
  readonly script: string;
  /** What it runs behind: see `Sandbox.command`. */
  readonly command: readonly string[];
}

export interface WorkerEvents {
  /** It is up, and has been given nothing yet. */
  readonly onReady?: () => void;
  readonly onLost: (loss: Loss) => void;
}

export interface WorkerLimits {
  /** Resident bytes at most, now. */
  readonly memoryBytes: () => number;
  /** Milliseconds beyond a request's own limit until SIGKILL. */
  readonly graceMs: number;
}

/** One child process that holds isolates of one trust domain. */
export class WorkerProcess implements WorkerChannel {
  /** Whose batch is next. */
  readonly turns = new Turns();
  readonly #launched: LaunchedWorker;
  readonly #limits: WorkerLimits;
  readonly #events: WorkerEvents;
  readonly #decoder = new FrameDecoder(MAX_ANSWER_BYTES);
  readonly #requests: Request[] = [];
  readonly #tickers = new Set<Ticker>();
  #headSince: number;
  /** The request whose time was up at the last look. */
  #overdue: Request | undefined;
  #outbox: Buffer[] = [];
  /** Promises that what is to be sent waits for. */
  #held = 0;
  #timer: NodeJS.Timeout | undefined;
  #loss: Loss | undefined;
  readonly #memory = new MemoryShares();
  #enginePid: number | undefined;
  /** Settled when the process is gone. */
  readonly exited: Promise<void>;

  constructor({ script, command }: WorkerStart, limits: WorkerLimits, events: WorkerEvents) {
    this.#limits = limits;
    this.#events = events;
    this.#launched = launchWorker(script, command);
    this.#headSince = performance.now();
    const { child, wire } = this.#launched;
    this.exited = new Promise((done) => {
      child.once('close', () => done());
      child.once('error', () => done());
    });
    child.once('error', (error) => this.#lose('killed', `it cannot be started: ${error.message}`));
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      const ending = signal ?? wrappedSignal(code) ?? `exit ${code}`;
      this.#lose(OTHERS_SIGNALS.has(ending) ? 'killed' : 'exit', this.#ending(ending));
    };
    // After `exit` and the end of the wire: what it answered before counts, or another than the one it was at would be blamed.
    child.once('close', ended);
    // Whom others end, nobody is blamed for: what it answered is read, but its last page is not waited for.
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') setImmediate(() => setImmediate(ended, code, signal));
    });
    wire.on('data', (chunk: Buffer) => this.#receive(chunk));
    // The exit tells more than the closed socket; where only the socket goes, the process is ended.
    wire.on('error', () => this.#launched.kill());
    wire.on('close', () => this.#launched.kill());
    this.#requests.push({
      isolate: 0,
      expects: [FRAME.ready],
      limitMs: START_MS,
      answered: () => {
        this.#enginePid = this.pid === undefined ? undefined : innermost(this.pid);
        this.#events.onReady?.();
      },
      lost: () => undefined,
    });
    this.wake();
  }

  get isLost(): boolean {
    return this.#loss !== undefined;
  }

  /** Process id of what was started: with it, all of it ends. */
  get pid(): number | undefined {
    return this.#launched.child.pid;
  }

  /** Process id of the engine, which is another behind a wrapper; known once it is ready, and where the system tells. */
  get enginePid(): number | undefined {
    return this.#enginePid;
  }

  /** Sends a frame that has an answer. On a lost worker, `lost` is called at once. */
  request(frame: Buffer, request: Request): void {
    if (this.#loss !== undefined) {
      request.lost(this.#loss, false);
      return;
    }
    if (this.#requests.length === 0) this.#headSince = performance.now();
    this.#requests.push(request);
    this.notify(frame);
    this.wake();
  }

  /** Sends a frame that has no answer. */
  notify(frame: Buffer): void {
    if (this.#loss !== undefined) return;
    this.#outbox.push(frame);
    if (this.#outbox.length === 1) process.nextTick(() => this.#flush());
  }

  /** Sends nothing more until the promise is settled. */
  hold(until: Promise<void>): void {
    this.#held++;
    void until.finally(() => {
      this.#held--;
      this.#flush();
    });
  }

  watch(ticker: Ticker): void {
    this.#tickers.add(ticker);
    this.wake();
  }

  unwatch(ticker: Ticker): void {
    this.#tickers.delete(ticker);
    this.#memory.forget(ticker.isolate);
  }

  /** Starts looking every 20 ms, until there is nothing to look at; as long as it looks, this process does not end by itself. */
  wake(): void {
    if (this.#timer === undefined && this.#loss === undefined) {
      this.#timer = setInterval(() => this.#tick(), TICK_MS);
    }
  }

  /** Ends the process; settled when it is gone. What is in flight is lost with cause `closed`. */
  async close(): Promise<void> {
    this.#lose('closed', 'the host closed it');
    this.#launched.hold();
    await this.exited;
  }

  #flush(): void {
    if (this.#held > 0 || this.#outbox.length === 0) return;
    const frames = this.#outbox;
    this.#outbox = [];
    if (this.#loss !== undefined) return;
    this.#launched.wire.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  #receive(chunk: Buffer): void {
    if (this.#loss !== undefined) return;
    // Nobody would ever count the time of an answer that nobody waits for.
    if (this.#requests.length === 0) {
      this.#lose('protocol', 'it broke the protocol: it spoke unasked');
      return;
    }
    try {
      this.#decoder.push(chunk, (type, isolate, payload) => this.#answer(type, isolate, payload));
    } catch (thrown) {
      this.#lose('protocol', `it broke the protocol: ${(thrown as Error).message}`);
    }
  }

  /** Answers come in the order of the requests: an answer to anything but the head was never asked for. */
  #answer(type: number, isolate: number, payload: Buffer): void {
    if (this.#loss !== undefined) return;
    const head = this.#requests[0];
    if (head === undefined || head.isolate !== isolate || !head.expects.includes(type)) {
      this.#lose('protocol', `it broke the protocol: frame ${type} of isolate ${isolate} was not asked for`);
      return;
    }
    if (payload.length < 4) {
      this.#lose('protocol', 'it broke the protocol: an answer without what it cost');
      return;
    }
    this.#requests.shift();
    this.#headSince = performance.now();
    this.#memory.worked(isolate);
    try {
      head.answered(type, payload.subarray(4), payload.readUInt32LE(0));
    } catch (thrown) {
      this.#requests.unshift(head);
      throw thrown;
    }
  }

  #tick(): void {
    const now = performance.now();
    let busy = this.#requests.length > 0;
    for (const ticker of this.#tickers) busy = ticker.tick(now) || busy;
    if (this.#loss !== undefined) return;
    if (!busy) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const head = this.#requests[0];
    if (head === undefined) return;
    if (now - this.#headSince > head.limitMs + this.#limits.graceMs) {
      // Where this process was held up, an answer may lie there unread: it is read before the next look.
      if (this.#overdue === head) {
        this.#lose('hang', 'it did not answer in time');
        return;
      }
      this.#overdue = head;
    }
    this.#memory.worked(head.isolate);
    const held = this.#enginePid === undefined ? undefined : residentBytes(this.#enginePid);
    if (held === undefined) return;
    this.#memory.measured(held);
    const ceiling = this.#limits.memoryBytes();
    if (held > ceiling) {
      this.#lose('memory', `it held ${held} bytes of memory, more than ${ceiling}`);
    }
  }

  #culprit(cause: LossCause): number {
    switch (cause) {
      case 'closed':
      case 'killed':
        return 0;
      case 'memory':
        return this.#memory.largest;
      case 'hang':
      case 'exit':
      case 'protocol':
        return this.#requests[0]?.isolate ?? 0;
    }
  }

  #ending(by: string): string {
    const tail = this.#launched.tail().trim();
    const said = tail === '' ? '' : `, saying: ${plainWithin(tail.slice(-500), 800)}`;
    return `it ended by ${by}${said}`;
  }

  #lose(cause: LossCause, reason: string): void {
    if (this.#loss !== undefined) return;
    const loss: Loss = { cause, reason, culprit: this.#culprit(cause) };
    this.#loss = loss;
    clearInterval(this.#timer);
    this.#launched.kill();
    this.#launched.wire.destroy();
    this.#events.onLost(loss);
    const requests = this.#requests.splice(0);
    for (const [index, request] of requests.entries()) request.lost(loss, index === 0);
    this.turns.end();
    for (const ticker of [...this.#tickers]) ticker.lost(loss);
    this.#tickers.clear();
  }
}

/** The signal that ended what a wrapper ran, as a shell would say it. */
function wrappedSignal(code: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
}

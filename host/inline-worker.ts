// Isolates in the embedding process (DESIGN.md §4 "Inline mode"): for bundles that the embedder named by digest, and for no other
// reason. Nothing outside ends what an isolate's own limits do not (FLOORS.md "Hostile code"): a bundle that hangs, hangs the embedder.
import { Digest } from '../src/contracts/common.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { ownAddon } from './isolate/isolate.ts';
import { Turns } from './turns.ts';
import { bytesFrame, FRAME, formatFields, unframe } from './wire.ts';
import { Isolates } from './worker/isolates.ts';
import type { Loss, Request, Ticker, WorkerChannel } from './worker-channel.ts';

const TICK_MS = 20;
const CLOSED: Loss = { cause: 'closed', reason: 'the host closed it', culprit: 0 };
const FLAG = '--no-node-snapshot';

/** The digests, of which there are none unless the process was started (`flags`) as isolates in it need it. E_USAGE, E_INLINE. */
export function inlineDigests(
  given: readonly string[],
  flags = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')],
): ReadonlySet<string> {
  const digests = new Set(given.map((digest) => parseShape(Digest, digest, 'inline', 'E_USAGE')));
  if (digests.size === 0 || flags.includes(FLAG)) return digests;
  throw new SignetError('E_INLINE', 'bundles inside of this process need it to be started with a flag', {
    expected: `node ${FLAG}`,
    actual: flags.join(' '),
    fix: `Start it with ${FLAG}, or name no digest in inline.`,
  });
}

export class InlineWorker implements WorkerChannel {
  readonly turns = new Turns();
  readonly #isolates: Isolates;
  readonly #tickers = new Set<Ticker>();
  #waiting: (readonly [Buffer, Request])[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(prelude: string, preludeCache: Uint8Array) {
    this.#isolates = new Isolates(ownAddon());
    this.notify(bytesFrame(FRAME.prelude, 0, formatFields([prelude, preludeCache])));
  }

  /** The answer comes in a later turn, in the order of the requests. */
  request(frame: Buffer, request: Request): void {
    if (this.#isClosed) {
      request.lost(CLOSED, false);
      return;
    }
    if (this.#waiting.push([frame, request]) === 1) process.nextTick(() => this.#run());
    this.wake();
  }

  notify(frame: Buffer): void {
    const { type, isolate, payload } = unframe(frame);
    if (!this.#isClosed) this.#isolates.handle(type, isolate, payload);
  }

  watch(ticker: Ticker): void {
    this.#tickers.add(ticker);
    this.wake();
  }

  unwatch(ticker: Ticker): void {
    this.#tickers.delete(ticker);
  }

  wake(): void {
    if (!this.#isClosed) this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** Forgets every isolate; whatever is asked fails. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const [, request] of this.#waiting.splice(0)) request.lost(CLOSED, false);
    this.turns.end();
    for (const ticker of [...this.#tickers]) ticker.lost(CLOSED);
    this.#isolates.clear();
  }

  #run(): void {
    for (const [frame, request] of this.#waiting.splice(0)) {
      const { type, isolate, payload } = unframe(frame);
      try {
        const answer = this.#isolates.handle(type, isolate, payload);
        if (answer === undefined) throw new Error(`a request of type ${type} has no answer`);
        const { body, micros } = answer;
        request.answered(answer.type, typeof body === 'string' ? Buffer.from(body, 'utf8') : body, micros);
      } catch (thrown) {
        const reason = `it broke the protocol: ${(thrown as Error).message}`;
        this.#isolates.handle(FRAME.dispose, isolate, Buffer.alloc(0));
        request.lost({ cause: 'protocol', reason, culprit: isolate }, true);
      }
    }
  }

  #tick(): void {
    const now = performance.now();
    let busy = this.#waiting.length > 0;
    for (const ticker of this.#tickers) busy = ticker.tick(now) || busy;
    if (busy) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

// The supervisor (DESIGN.md §4): guests keyed by bundle digest and tenant, each in the pool of its trust domain; no effect, no
// clock, no randomness in a worker but what goes through here.
import { randomBytes, randomInt } from 'node:crypto';
import type { HostPolicy } from '../src/contracts/config.ts';
import type { RecordMode } from '../src/contracts/record.ts';
import { CodeCache, type CodeCacheOptions } from './code-cache.ts';
import { Generation, type GenerationEvents } from './generation.ts';
import { Guest } from './guest-handle.ts';
import { IdleQueue } from './idle-queue.ts';
import { InlineWorker, inlineDigests } from './inline-worker.ts';
import { describeLayers, type Layers } from './layers.ts';
import { failureError, lossError } from './outcome.ts';
import type { Tape } from './tape.ts';
import { bytesFrame, FieldReader, FRAME, formatFields } from './wire.ts';
import type { LossCause } from './worker-channel.ts';
import { findEnclosure, type WorkerKit, workerKit } from './worker-kit.ts';
import { type Place, WorkerPool } from './worker-pool.ts';
import type { WorkerProcess } from './worker-process.ts';

export type { Guest } from './guest-handle.ts';

export interface LostWorker {
  readonly domain: string;
  readonly cause: LossCause;
  readonly reason: string;
  /** The digest of the bundle that caused it; undefined where none did, or nobody knows which. */
  readonly culprit: string | undefined;
}

export interface SupervisorOptions {
  /** Milliseconds since the epoch; the guests' clock. */
  readonly now?: () => number;
  /** What takes down a generation that begins, in an isolate with this prelude and of this number; undefined: nothing does. */
  readonly tape?: (options: OpenOptions, prelude: string, isolateId: number) => Tape | undefined;
  /** A worker ended that the supervisor did not close. */
  readonly onWorkerLost?: (event: LostWorker) => void;
  /** Megabytes that a worker may hold beside the heaps of its isolates. */
  readonly memoryMb?: number;
  /** Milliseconds beyond a limit until SIGKILL. */
  readonly graceMs?: number;
  /** Calls after which an isolate is replaced by a new one; its state is lost. */
  readonly generationCalls?: number;
  /** Milliseconds without a call after which an isolate ends; the next call begins another. */
  readonly generationIdleMs?: number;
  /** Milliseconds without an isolate after which a worker ends. */
  readonly workerIdleMs?: number;
  /** Milliseconds from when a worker was up until a spare one is started; Infinity: none. */
  readonly spareAfterMs?: number;
  /** Digests whose isolates are made in this process: the embedder's word, never a bundle's or a policy's. */
  readonly inline?: readonly string[];
  /** Processes of a trust domain, asked when one is needed; what workers are started inside of, asked when the first is. */
  readonly policy?: () => Pick<HostPolicy, 'pool' | 'sandbox'>;
  /** Milliseconds that a bundle's own start may take. */
  readonly loadMs?: number;
  /** Keeps code caches on disk too. */
  readonly codeCache?: CodeCacheOptions;
}

export interface OpenOptions {
  /** The bundle, as its record names it. */
  readonly digest: string;
  readonly name?: string;
  readonly version?: string;
  readonly tenant: string;
  /** Bundles of different trust domains never share a process. */
  readonly domain: string;
  /** The verified bytes of `main.js`, as text. */
  readonly code: string;
  readonly heapMb: number;
  /** A generation is recorded as a whole, or not at all: calls of different modes never share an isolate. */
  readonly record?: RecordMode;
}

const NO_CACHE = new Uint8Array();
const MIN_HEAP_MB = 8;
const COMPILE_MS = 10_000;
/** One generation of an isolate lasts for so many calls, or until it was idle for so long. */
const GENERATION = { calls: 10_000, idleMs: 60_000 };
const WORKER = { memoryMb: 256, graceMs: 1_000, idleMs: 30_000, spareAfterMs: 250 };

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #codeCache: CodeCache;
  readonly #pool: WorkerPool;
  readonly #guests = new Map<string, Guest>();
  readonly #idle: IdleQueue<Guest>;
  /** The bundle of each isolate. */
  readonly #digests = new Map<number, string>();
  #kit: Promise<WorkerKit> | undefined;
  readonly #inlineDigests: ReadonlySet<string>;
  #inline: InlineWorker | undefined;
  #isolates = 0;

  /** E_USAGE for a digest that is none, E_INLINE where this process was not started for bundles in it. */
  constructor(options: SupervisorOptions = {}) {
    this.#options = options;
    this.#inlineDigests = inlineDigests(options.inline ?? []);
    this.#codeCache = new CodeCache(options.codeCache);
    this.#pool = new WorkerPool({
      memoryMb: options.memoryMb ?? WORKER.memoryMb,
      graceMs: options.graceMs ?? WORKER.graceMs,
      idleMs: options.workerIdleMs ?? WORKER.idleMs,
      spareAfterMs: options.spareAfterMs ?? WORKER.spareAfterMs,
      perDomain: () => options.policy?.().pool ?? 1,
      preludeCache: (scripts) => this.#codeCache.get(scripts, scripts.prelude) ?? NO_CACHE,
      onLost: (domain, { cause, reason, culprit }) =>
        options.onWorkerLost?.({ domain, cause, reason, culprit: this.#digests.get(culprit) }),
    });
    this.#idle = new IdleQueue(options.generationIdleMs ?? GENERATION.idleMs, (guest) => guest.hibernate());
  }

  /**
   * The bundle for the tenant, loaded in an isolate: the same guest for the same digest, tenant and domain, whose first `heapMb`
   * stays. E_GUEST where the bundle cannot be loaded, E_TIMEOUT, E_MEMORY, E_WORKER_LOST; E_ABORTED once closed.
   */
  async open(options: OpenOptions): Promise<Guest> {
    const kit = await this.#workerKit();
    const key = JSON.stringify([options.domain, options.digest, options.tenant, options.record]);
    const known = this.#guests.get(key);
    const guest =
      known ??
      new Guest({
        digest: options.digest,
        tenant: options.tenant,
        maxCalls: this.#options.generationCalls ?? GENERATION.calls,
        begin: (events) => this.#begin(kit, options, events),
        onIdle: () => this.#idle.add(guest),
        onBusy: () => this.#idle.delete(guest),
        onClose: () => this.#guests.delete(key),
      });
    this.#guests.set(key, guest);
    try {
      await guest.load();
    } catch (thrown) {
      if (known === undefined) guest.close();
      throw thrown;
    }
    return guest;
  }

  /**
   * Makes the code caches of a bundle, in a fresh worker that runs no guest code and ends afterwards; `open` uses them. Already
   * made: nothing. E_GUEST where the code is no script, E_TIMEOUT, E_MEMORY, E_WORKER_LOST.
   */
  async prepare(code: string): Promise<void> {
    const kit = await this.#workerKit();
    const { scripts } = kit;
    if (this.#codeCache.get(scripts, code) !== undefined) return;
    const worker = this.#pool.fresh(kit);
    try {
      const caches = await compile(worker, scripts.prelude, code);
      this.#codeCache.set(scripts, scripts.prelude, caches.prelude);
      this.#codeCache.set(scripts, code, caches.code);
    } finally {
      await worker.close();
    }
  }

  /** The layers around workers: what works here, and what those that run have. */
  async layers(): Promise<Layers> {
    const mode = this.#options.policy?.().sandbox ?? 'auto';
    // What is required and not there is a row of this, and an error of whoever needs a worker.
    const enclosure = await findEnclosure(mode === 'required' ? 'auto' : mode);
    const nodeMajor = Number(process.versions.node.split('.')[0]);
    return describeLayers({
      nodeMajor,
      platform: process.platform,
      engines: this.#pool.engines,
      inline: this.#inlineDigests.size,
      ...enclosure,
    });
  }

  /** How many workers the trust domains have together. */
  get workers(): number {
    return this.#pool.size;
  }

  /** Process ids of everything that runs, the spare included. */
  get pids(): number[] {
    return this.#pool.pids;
  }

  /** Ends every worker; settled when no process is left. Calls in flight fail with E_ABORTED. */
  async close(): Promise<void> {
    this.#idle.clear();
    for (const guest of [...this.#guests.values()]) guest.close();
    this.#inline?.close();
    await this.#pool.close();
  }

  /** Found once: a policy that changes its sandbox changes it for the next host. */
  #workerKit(): Promise<WorkerKit> {
    if (this.#kit === undefined) {
      this.#kit = workerKit(this.#options.policy?.().sandbox ?? 'auto');
      this.#kit.catch(() => {
        this.#kit = undefined;
      });
    }
    return this.#kit;
  }

  #place(kit: WorkerKit, { digest, domain }: OpenOptions, heapMb: number): Place {
    if (!this.#inlineDigests.has(digest)) return this.#pool.place(kit, domain, heapMb);
    const { scripts } = kit;
    const cache = this.#codeCache.get(scripts, scripts.prelude) ?? NO_CACHE;
    this.#inline ??= new InlineWorker(scripts.prelude, cache);
    return { channel: this.#inline, made: () => undefined, release: () => undefined };
  }

  #begin(kit: WorkerKit, options: OpenOptions, { onIdle, onEnd }: GenerationEvents): Generation {
    const heapMb = Math.max(MIN_HEAP_MB, options.heapMb);
    const place = this.#place(kit, options, heapMb);
    this.#isolates = (this.#isolates % 0xffff_ffff) + 1;
    const isolateId = this.#isolates;
    this.#digests.set(isolateId, options.digest);
    const generation = new Generation(place.channel, {
      isolateId,
      owner: options.digest,
      heapMb,
      code: options.code,
      codeCache: this.#codeCache.get(kit.scripts, options.code) ?? NO_CACHE,
      loadMs: this.#options.loadMs ?? 5_000,
      seed: [randomInt(1, 0x1_0000_0000), randomBytes(32).toString('hex')],
      now: this.#options.now ?? Date.now,
      tape: this.#options.tape?.({ ...options, heapMb }, kit.scripts.prelude, isolateId),
      onIdle,
      onEnd: (unseen) => {
        this.#digests.delete(isolateId);
        place.release();
        onEnd(unseen);
      },
    });
    generation.loaded.then(place.made, place.made);
    return generation;
  }
}

/** Both code caches, made by a worker without running either text. */
function compile(
  worker: WorkerProcess,
  prelude: string,
  code: string,
): Promise<{ prelude: Uint8Array; code: Uint8Array }> {
  return new Promise((resolve, reject) => {
    worker.request(bytesFrame(FRAME.compile, 0, formatFields([prelude, code])), {
      isolate: 0,
      expects: [FRAME.compiled, FRAME.failed],
      limitMs: COMPILE_MS,
      answered: (type, payload) => {
        if (type === FRAME.failed) {
          reject(failureError(payload, 'compiling the bundle', 'E_GUEST'));
          return;
        }
        const fields = new FieldReader(Buffer.from(payload));
        const caches = { prelude: fields.bytes(), code: fields.bytes() };
        fields.end();
        resolve(caches);
      },
      lost: (loss, head) => reject(lossError(loss, 'compiling the bundle', head)),
    });
  });
}

// The supervisor (DESIGN.md §4): one worker process a trust domain, started on first use and replaced when lost; isolates keyed
// by bundle digest and tenant; no effect, no clock, no randomness in a worker but what goes through here.
import { randomInt } from 'node:crypto';
import { SignetError } from '../src/error.ts';
import { type BundledScripts, bundledScripts } from './bundled.ts';
import type { Call } from './call.ts';
import { CodeCache, type CodeCacheOptions } from './code-cache.ts';
import { Generation, type OnBatch } from './generation.ts';
import { Guest } from './guest-handle.ts';
import { describeLayers, type Layers } from './layers.ts';
import { failureError, lossError } from './outcome.ts';
import { bytesFrame, FieldReader, FRAME, formatFields } from './wire.ts';
import { type Loss, WorkerProcess } from './worker-process.ts';

export type { Guest } from './guest-handle.ts';

export interface SupervisorOptions {
  /** Milliseconds since the epoch; the guests' clock. */
  readonly now?: () => number;
  /** Every batch of every generation: the record that replay needs. */
  readonly onBatch?: OnBatch;
  /** A worker ended that the supervisor did not close. */
  readonly onWorkerLost?: (event: { readonly domain: string; readonly reason: string }) => void;
  /** Megabytes that a worker may hold beside the heaps of its isolates. */
  readonly memoryMb?: number;
  /** Milliseconds beyond a limit until SIGKILL. */
  readonly graceMs?: number;
  /** Milliseconds that a bundle's own start may take. */
  readonly loadMs?: number;
  /** Keeps code caches on disk too. */
  readonly codeCache?: CodeCacheOptions;
}

export interface OpenOptions {
  /** The bundle's digest. */
  readonly digest: string;
  readonly tenant: string;
  /** Bundles of different trust domains never share a process. */
  readonly domain: string;
  /** The verified bytes of `main.js`, as text. */
  readonly code: string;
  readonly heapMb: number;
}

interface Worker {
  readonly process: WorkerProcess;
  /** Heap megabytes of its isolates. */
  heapMb: number;
}

const MIN_HEAP_MB = 8;
const COMPILE_MS = 10_000;
const MEGABYTE = 1024 * 1024;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #codeCache: CodeCache;
  readonly #workers = new Map<string, Worker>();
  readonly #guests = new Map<string, Guest>();
  /** Every process that may still be there. */
  readonly #processes = new Set<WorkerProcess>();
  #isolates = 0;
  #closed = false;

  constructor(options: SupervisorOptions = {}) {
    this.#options = options;
    this.#codeCache = new CodeCache(options.codeCache);
  }

  /**
   * The bundle for the tenant, loaded in an isolate: the same guest for the same digest, tenant and domain, whose first `heapMb`
   * stays. E_GUEST where the bundle cannot be loaded, E_TIMEOUT, E_MEMORY, E_WORKER_LOST; E_ABORTED once closed.
   */
  async open(options: OpenOptions): Promise<Guest> {
    const scripts = await bundledScripts();
    const key = JSON.stringify([options.domain, options.digest, options.tenant]);
    const known = this.#guests.get(key);
    const guest =
      known ??
      new Guest(
        options.digest,
        options.tenant,
        (onEnd) => this.#begin(scripts, options, onEnd),
        () => this.#guests.delete(key),
      );
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
    const scripts = await bundledScripts();
    if (this.#codeCache.get(scripts, code) !== undefined) return;
    const memoryBytes = () => this.#memoryMb * MEGABYTE;
    const worker = this.#start(memoryBytes, () => undefined, scripts);
    try {
      const cached = await new Promise<{ prelude: Uint8Array; code: Uint8Array }>((resolve, reject) => {
        worker.request(bytesFrame(FRAME.compile, 0, formatFields([scripts.prelude, code])), {
          isolate: 0,
          expects: [FRAME.compiled, FRAME.failed],
          limitMs: COMPILE_MS,
          answered: (type, payload) => {
            if (type === FRAME.failed) {
              reject(failureError(payload, 'compiling the bundle', 'E_GUEST'));
              return;
            }
            const fields = new FieldReader(Buffer.from(payload));
            const made = { prelude: fields.bytes(), code: fields.bytes() };
            fields.end();
            resolve(made);
          },
          lost: (loss, head) => reject(lossError(loss, 'compiling the bundle', head)),
        });
      });
      this.#codeCache.set(scripts, code, cached);
    } finally {
      await worker.close();
    }
  }

  /** How many trust domains have a worker. */
  get workers(): number {
    return this.#workers.size;
  }

  layers(): Layers {
    return describeLayers();
  }

  /** Process ids of the running workers. */
  get pids(): number[] {
    return [...this.#processes].map((worker) => worker.pid).filter((pid) => pid !== undefined);
  }

  /** Ends every worker; settled when no process is left. Calls in flight fail with E_ABORTED. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const guest of [...this.#guests.values()]) guest.close();
    await Promise.all([...this.#processes].map((worker) => worker.close()));
  }

  get #memoryMb(): number {
    return this.#options.memoryMb ?? 256;
  }

  #begin(
    scripts: BundledScripts,
    options: OpenOptions,
    onEnd: (unseen: readonly Call[]) => void,
  ): Generation {
    const worker = this.#worker(scripts, options);
    const heapMb = Math.max(MIN_HEAP_MB, options.heapMb);
    worker.heapMb += heapMb;
    this.#isolates = (this.#isolates % 0xffff_ffff) + 1;
    return new Generation(worker.process, {
      isolateId: this.#isolates,
      heapMb,
      code: options.code,
      codeCache: this.#codeCache.get(scripts, options.code)?.code ?? new Uint8Array(),
      loadMs: this.#options.loadMs ?? 5_000,
      seed: randomInt(1, 0x1_0000_0000),
      now: this.#options.now ?? Date.now,
      onBatch: this.#options.onBatch,
      onEnd: (unseen) => {
        worker.heapMb -= heapMb;
        onEnd(unseen);
      },
    });
  }

  #worker(scripts: BundledScripts, { domain, code }: OpenOptions): Worker {
    const known = this.#workers.get(domain);
    if (known !== undefined) return known;
    let worker: Worker;
    const memoryBytes = () => (this.#memoryMb + 2 * (worker?.heapMb ?? 0)) * MEGABYTE;
    const process = this.#start(
      memoryBytes,
      (loss) => {
        if (this.#workers.get(domain) === worker) this.#workers.delete(domain);
        if (loss.cause !== 'closed') this.#options.onWorkerLost?.({ domain, reason: loss.reason });
      },
      scripts,
    );
    worker = { process, heapMb: 0 };
    const cache = this.#codeCache.get(scripts, code)?.prelude ?? new Uint8Array();
    process.notify(bytesFrame(FRAME.prelude, 0, formatFields([scripts.prelude, cache])));
    this.#workers.set(domain, worker);
    return worker;
  }

  #start(memoryBytes: () => number, onLost: (loss: Loss) => void, scripts: BundledScripts): WorkerProcess {
    if (this.#closed) throw new SignetError('E_ABORTED', 'the supervisor is closed');
    const limits = { memoryBytes, graceMs: this.#options.graceMs ?? 1_000 };
    const worker = new WorkerProcess(scripts.worker, limits, onLost);
    this.#processes.add(worker);
    worker.exited.then(() => this.#processes.delete(worker));
    return worker;
  }
}

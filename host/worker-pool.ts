// The worker processes of one host (DESIGN.md §4): those of a trust domain, started when it first needs one and ended when it
// needs none; and one spare that has run no guest code, for the next domain, or for one whose worker was lost.
import { SignetError } from '../src/error.ts';
import type { BundledScripts } from './bundled.ts';
import { DataLimit } from './data-limit.ts';
import { IdleQueue } from './idle-queue.ts';
import { bytesFrame, FRAME, formatFields } from './wire.ts';
import type { Loss, WorkerChannel } from './worker-channel.ts';
import type { WorkerKit } from './worker-kit.ts';
import { type WorkerEvents, WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  /** Megabytes that a worker may hold beside the heaps of its isolates. */
  readonly memoryMb: number;
  /** Milliseconds beyond a limit until SIGKILL. */
  readonly graceMs: number;
  /** Milliseconds for which a worker without isolates is kept. */
  readonly idleMs: number;
  /** Milliseconds from when a worker was up until a spare is started: who asks once never pays for it. Infinity: no spare. */
  readonly spareAfterMs: number;
  /** Processes of a domain at most, now. */
  readonly perDomain: () => number;
  /** The code cache of the prelude, or empty. */
  readonly preludeCache: (scripts: BundledScripts) => Uint8Array;
  /** A worker ended that the pool did not end. */
  readonly onLost: (domain: string, loss: Loss) => void;
}

/** Room for one isolate in a worker of the domain. */
export interface Place {
  readonly channel: WorkerChannel;
  /** Called once, when the isolate is there, or was not made. */
  made(): void;
  /** Called once, when the isolate is gone. */
  release(): void;
}

interface Worker {
  readonly process: WorkerProcess;
  /** Undefined: the spare. */
  domain: string | undefined;
  isolates: number;
  /** Those that were asked for and may not be there yet. */
  making: number;
  /** Heap megabytes of its isolates. */
  heapMb: number;
  /** Once it is up, where there can be one. */
  dataLimit: DataLimit | undefined;
}

const MEGABYTE = 1024 * 1024;
const MIN_HEAP_MB = 8;
const WARM_UP_MS = 5_000;

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #domains = new Map<string, Worker[]>();
  readonly #idle: IdleQueue<Worker>;
  /** Every process that may still be there. */
  readonly #processes = new Set<WorkerProcess>();
  #spare: Worker | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#idle = new IdleQueue(options.idleMs, ({ process }) => void process.close());
  }

  /** Workers of trust domains; the spare is none. */
  get size(): number {
    return [...this.#domains.values()].reduce((count, workers) => count + workers.length, 0);
  }

  /** Process ids of everything that runs. */
  get pids(): number[] {
    return [...this.#processes].map((worker) => worker.pid).filter((pid) => pid !== undefined);
  }

  /** A place in the domain's least loaded worker, or in another one where the domain may have more. E_ABORTED once closed. */
  place(kit: WorkerKit, domain: string, heapMb: number): Place {
    const workers = this.#domains.get(domain) ?? [];
    const [least] = workers.toSorted((a, b) => a.isolates - b.isolates);
    const worker =
      least !== undefined && (least.isolates === 0 || workers.length >= this.#options.perDomain())
        ? least
        : this.#assign(kit, domain);
    worker.isolates++;
    worker.making++;
    worker.heapMb += heapMb;
    this.#idle.delete(worker);
    const room = worker.dataLimit?.make();
    if (room !== undefined) worker.process.hold(room);
    return {
      channel: worker.process,
      made: () => {
        worker.making--;
        worker.dataLimit?.changed();
      },
      release: () => {
        worker.isolates--;
        worker.heapMb -= heapMb;
        worker.dataLimit?.changed();
        if (worker.isolates === 0 && !worker.process.isLost) this.#idle.add(worker);
      },
    };
  }

  /** Every engine that is up, by its process id, and why it has no data limit, where that is known. */
  get engines(): { readonly pid: number; readonly unlimited: string | undefined }[] {
    const workers = [...this.#domains.values()].flat();
    return [...workers, ...(this.#spare === undefined ? [] : [this.#spare])].flatMap(
      ({ process: { enginePid }, dataLimit }) =>
        enginePid === undefined ? [] : [{ pid: enginePid, unlimited: dataLimit?.failure }],
    );
  }

  /** A worker that belongs to no domain and has no prelude: whoever asks for it closes it. */
  fresh(kit: WorkerKit): WorkerProcess {
    return this.#start(kit, () => this.#options.memoryMb * MEGABYTE, { onLost: () => undefined });
  }

  /** Ends every worker; settled when no process is left. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#spareTimer);
    this.#idle.clear();
    await Promise.all([...this.#processes].map((worker) => worker.close()));
  }

  #assign(kit: WorkerKit, domain: string): Worker {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) this.#refill(kit);
    const worker = spare ?? this.#begin(kit);
    worker.domain = domain;
    this.#domains.set(domain, [...(this.#domains.get(domain) ?? []), worker]);
    return worker;
  }

  #refill(kit: WorkerKit): void {
    if (this.#options.spareAfterMs === Number.POSITIVE_INFINITY) return;
    this.#spareTimer ??= setTimeout(() => {
      this.#spareTimer = undefined;
      if (this.#spare === undefined && this.#domains.size > 0) this.#spare = this.#begin(kit);
    }, this.#options.spareAfterMs).unref();
  }

  #begin(kit: WorkerKit): Worker {
    const memoryBytes = () => (this.#options.memoryMb + 2 * worker.heapMb) * MEGABYTE;
    const process = this.#start(kit, memoryBytes, {
      onReady: () => {
        const pid = process.enginePid;
        if (kit.prlimit !== undefined && pid !== undefined) {
          const making = () => worker.making;
          worker.dataLimit = new DataLimit({ prlimit: kit.prlimit, pid, headroomBytes: memoryBytes, making });
        }
        if (worker === this.#spare) warmUp(process);
        else this.#refill(kit);
      },
      onLost: (loss) => this.#forget(worker, loss),
    });
    const worker: Worker = {
      process,
      domain: undefined,
      isolates: 0,
      making: 0,
      heapMb: 0,
      dataLimit: undefined,
    };
    const cache = this.#options.preludeCache(kit.scripts);
    process.notify(bytesFrame(FRAME.prelude, 0, formatFields([kit.scripts.prelude, cache])));
    return worker;
  }

  #forget(worker: Worker, loss: Loss): void {
    this.#idle.delete(worker);
    worker.dataLimit?.close();
    if (worker === this.#spare) this.#spare = undefined;
    const { domain } = worker;
    if (domain !== undefined) {
      const rest = (this.#domains.get(domain) ?? []).filter((other) => other !== worker);
      if (rest.length > 0) this.#domains.set(domain, rest);
      else this.#domains.delete(domain);
      if (this.#domains.size === 0 && this.#spare !== undefined) this.#idle.add(this.#spare);
    }
    if (loss.cause !== 'closed') this.#options.onLost(domain ?? '(spare)', loss);
  }

  #start({ scripts, sandbox }: WorkerKit, memoryBytes: () => number, events: WorkerEvents): WorkerProcess {
    if (this.#closed) throw new SignetError('E_ABORTED', 'the supervisor is closed');
    const start = { script: scripts.worker, command: sandbox.command };
    const process = new WorkerProcess(start, { memoryBytes, graceMs: this.#options.graceMs }, events);
    this.#processes.add(process);
    process.exited.then(() => this.#processes.delete(process));
    return process;
  }
}

/** The first isolate of a process costs twice what the next ones do: a script of ours has the first, while nobody waits. */
function warmUp(worker: WorkerProcess): void {
  worker.request(bytesFrame(FRAME.evaluate, 0, formatFields([MIN_HEAP_MB, WARM_UP_MS, '""'])), {
    isolate: 0,
    expects: [FRAME.drained, FRAME.failed],
    limitMs: WARM_UP_MS,
    answered: () => undefined,
    lost: () => undefined,
  });
}

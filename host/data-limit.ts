// The second memory layer (FLOORS.md "Proved for the worker"): the kernel itself refuses a worker more data than it has plus what it
// may still take, also while this process is too busy to look. util-linux' `prlimit` sets it from outside.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { plainWithin } from './plain-text.ts';

/** What V8 reserves of the data of a process for one isolate, whatever its heap. */
const ISOLATE_BYTES = 520 * 1024 * 1024;
/** What changes within this time is one change. */
const CALM_MS = 100;

export interface DataLimitOptions {
  /** Absolute path. */
  readonly prlimit: string;
  readonly pid: number;
  /** Bytes that the process may take beyond what it has. */
  readonly headroomBytes: () => number;
  /** Isolates that were asked for and may not be there yet. */
  readonly making: () => number;
}

export class DataLimit {
  readonly #options: DataLimitOptions;
  /** Isolates for which the limit has room; Infinity while there is no limit. */
  #room = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** One after the other: the last one set is the one that counts. */
  #setting: Promise<void> = Promise.resolve();
  #failure: string | undefined;
  #closed = false;

  constructor(options: DataLimitOptions) {
    this.#options = options;
    this.changed();
  }

  /** Why there is none, once that is known. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /**
   * An isolate is about to be made. Where the limit has no room for it, it is lifted until things are calm: whoever makes the isolate
   * waits for the promise.
   */
  make(): Promise<void> | undefined {
    this.changed();
    if (this.#room-- > 0) return undefined;
    this.#room = Number.POSITIVE_INFINITY;
    return this.#set(() => 'unlimited');
  }

  /** An isolate was made, or is gone: the limit follows, soon. */
  changed(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#room = 1;
      void this.#set(() => this.#limit());
    }, CALM_MS).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #limit(): string | undefined {
    const { pid, headroomBytes, making } = this.#options;
    const data = dataBytes(pid);
    return data === undefined ? undefined : String(data + headroomBytes() + (making() + 1) * ISOLATE_BYTES);
  }

  #set(limit: () => string | undefined): Promise<void> {
    this.#setting = this.#setting.then(() => this.#run(limit()));
    return this.#setting;
  }

  #run(limit: string | undefined): Promise<void> {
    const { prlimit, pid } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#closed || limit === undefined) resolve();
    else
      execFile(prlimit, ['--pid', String(pid), `--data=${limit}:unlimited`], (error, _, stderr) => {
        if (error !== null && !this.#closed) this.#failure = plainWithin(stderr.trim() || error.message, 160);
        resolve();
      });
    return promise;
  }
}

/** Bytes of data that a process has, as its limit counts them. */
function dataBytes(pid: number): number | undefined {
  const kilobytes = fieldOf(`/proc/${pid}/status`, /^VmData:\s+(\d+) kB$/m);
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The limit of a process, in bytes; undefined where it has none, or /proc does not tell. */
export function dataLimitOf(pid: number): number | undefined {
  const limit = fieldOf(`/proc/${pid}/limits`, /^Max data size\s+(\d+)/m);
  return limit === undefined ? undefined : Number(limit);
}

function fieldOf(file: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(readFileSync(file, 'latin1'))?.[1];
  } catch {
    // Not Linux, or it is gone: its exit is noticed elsewhere.
    return undefined;
  }
}

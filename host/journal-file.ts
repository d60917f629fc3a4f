// One file of the journal on disk (src/ports.ts `JournalFile`; DESIGN.md §4 "Journal"): append-only, 0600, flushed on demand.
import {
  closeSync,
  constants,
  fchmodSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { SignetError } from '../src/error.ts';
import type { JournalFile } from '../src/ports.ts';

/** Opens a file that is there: for its one writer, or to read beside it. What is no regular file (also a link): E_IO. */
export function openJournalFile(path: string, use: 'read' | 'write'): JournalFile {
  return new DiskJournalFile(path, use);
}

class DiskJournalFile implements JournalFile {
  readonly #path: string;
  readonly #fd: number;
  /** Appended in this turn of the event loop, not yet written: one write for all of them. */
  #pending: Uint8Array[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #failure: unknown;

  constructor(path: string, use: 'read' | 'write') {
    this.#path = path;
    const { O_RDONLY, O_RDWR, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
    const access = use === 'read' ? O_RDONLY : O_RDWR | O_APPEND;
    this.#fd = this.#io(() => openSync(path, access | O_NOFOLLOW | O_NONBLOCK));
    try {
      this.#io(() => {
        if (!fstatSync(this.#fd).isFile()) throw new Error('no regular file');
        if (use === 'write') fchmodSync(this.#fd, 0o600);
      });
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  size(): number {
    this.#flush();
    return this.#io(() => fstatSync(this.#fd).size);
  }

  read(offset: number, length: number): Uint8Array {
    this.#flush();
    return this.#io(() => {
      const bytes = new Uint8Array(Math.min(length, Math.max(fstatSync(this.#fd).size - offset, 0)));
      let done = 0;
      while (done < bytes.length) {
        const count = readSync(this.#fd, bytes, done, bytes.length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return bytes.subarray(0, done);
    });
  }

  append(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#pending.push(bytes);
    this.#flushing ??= setImmediate(() => {
      try {
        this.#flush();
      } catch {
        // Nobody waits for this write: it is remembered, and every later call says that it failed.
      }
    });
  }

  flush(): void {
    this.#flush();
  }

  sync(): void {
    this.#flush();
    this.#io(() => fdatasyncSync(this.#fd));
  }

  async commit(): Promise<void> {
    this.#flush();
    await new Promise<void>((resolve, reject) => {
      fdatasync(this.#fd, (cause) => (cause === null ? resolve() : reject(this.#failed(cause))));
    });
  }

  /** Writes what was appended since the last time, in one piece. A piece that was lost is missing for good: no other follows. */
  #flush(): void {
    if (this.#failure !== undefined) throw this.#failure;
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#pending.length === 0) return;
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    this.#pending = [];
    try {
      this.#io(() => {
        for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
      });
    } catch (failure) {
      this.#failure = failure;
      throw failure;
    }
  }

  truncate(length: number): void {
    this.#flush();
    this.#io(() => {
      if (fstatSync(this.#fd).size < length) throw new Error(`it has fewer than ${length} bytes`);
      ftruncateSync(this.#fd, length);
      fsyncSync(this.#fd);
    });
  }

  close(): void {
    try {
      this.#flush();
    } finally {
      this.#failure = new SignetError('E_IO', 'the journal file is closed', { item: this.#path });
      this.#io(() => closeSync(this.#fd));
    }
  }

  #io<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  #failed(cause: unknown): SignetError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new SignetError('E_IO', `journal file: ${reason}`, { item: this.#path, cause });
  }
}

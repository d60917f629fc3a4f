// The journal's file on disk (src/ports.ts `JournalFile`; DESIGN.md §4 "Journal"): append-only, 0600, flushed on demand.
import {
  closeSync,
  constants,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SignetError } from '../src/error.ts';
import type { JournalFile } from '../src/ports.ts';

/** Opens the file, or makes it, for its one writer. What is there and is no regular file (also a link): E_IO. */
export function openJournalFile(path: string): JournalFile & { close(): void } {
  return new DiskJournalFile(path);
}

class DiskJournalFile implements JournalFile {
  readonly #path: string;
  readonly #fd: number;
  /** Appended in this turn of the event loop, not yet written: one write for all of them. */
  #pending: Uint8Array[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #failure: unknown;

  constructor(path: string) {
    this.#path = path;
    this.#fd = this.#io(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
      return openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    });
    try {
      this.#io(() => this.#prepare());
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

  /** The file is ours alone, and its name in the folder is durable before the first record is. */
  #prepare(): void {
    if (!fstatSync(this.#fd).isFile()) throw new Error('no regular file');
    fchmodSync(this.#fd, 0o600);
    const folder = openSync(dirname(this.#path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  #io<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SignetError('E_IO', `journal file: ${reason}`, { item: this.#path, cause });
    }
  }
}

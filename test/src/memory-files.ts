// The ports of a log and a journal over memory, with what a test needs to look inside and to make them fail.
import type { JournalFile, JournalStore, TileStore } from '../../src/ports.ts';

export class MemoryTiles implements TileStore {
  readonly files = new Map<string, Uint8Array>();
  reads = 0;
  /** How many more writes succeed. */
  writesLeft = Number.POSITIVE_INFINITY;

  read(path: string): Uint8Array | undefined {
    this.reads++;
    return this.files.get(path);
  }

  write(path: string, bytes: Uint8Array): void {
    if (this.writesLeft-- <= 0) throw new Error('no space left');
    this.files.set(path, Uint8Array.from(bytes));
  }

  prune(folder: string): void {
    for (const path of this.files.keys()) if (path.startsWith(`${folder}/`)) this.files.delete(path);
  }
}

/** `synced`: how many bytes would survive the loss of power. */
export class MemoryJournal implements JournalFile {
  bytes: Uint8Array;
  synced: number;
  /** How often it was asked to write what was appended. */
  flushed = 0;
  /** How often it was asked to make durable what was appended, without being waited for. */
  commits = 0;
  /** What such a commit waits for. */
  pause: Promise<void> | undefined;
  closed = false;
  fail: { append?: number; flush?: boolean; sync?: boolean; truncate?: boolean } = {};

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.bytes = Uint8Array.from(bytes);
    this.synced = bytes.length;
  }

  size(): number {
    return this.bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.bytes.slice(offset, offset + length);
  }

  /** With `fail.append`, only so many bytes are written, then the write fails. */
  append(bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.fail.append ?? bytes.length);
    const joined = new Uint8Array(this.bytes.length + part.length);
    joined.set(this.bytes);
    joined.set(part, this.bytes.length);
    this.bytes = joined;
    if (this.fail.append !== undefined) throw new Error('no space left');
  }

  flush(): void {
    this.flushed++;
    if (this.fail.flush) throw new Error('no space left');
  }

  sync(): void {
    if (this.fail.sync) throw new Error('the disk is gone');
    this.synced = this.bytes.length;
  }

  async commit(): Promise<void> {
    this.commits++;
    const { length } = this.bytes;
    await this.pause;
    if (this.fail.sync) throw new Error('the disk is gone');
    this.synced = Math.max(this.synced, length);
  }

  close(): void {
    this.closed = true;
  }

  truncate(length: number): void {
    if (this.fail.truncate) throw new Error('the disk is gone');
    this.bytes = this.bytes.slice(0, length);
    this.synced = length;
  }
}

/** Segments over memory; the given file, if there is something in it, is the first. */
export class MemoryJournalStore implements JournalStore {
  readonly files = new Map<number, MemoryJournal>();
  /** Whether another segment can be made. */
  full = false;
  readonly #first: MemoryJournal | undefined;

  constructor(first?: MemoryJournal) {
    this.#first = first;
    if (first !== undefined && first.bytes.length > 0) this.files.set(0, first);
  }

  segments(): number[] {
    return [...this.files.keys()].sort((a, b) => a - b);
  }

  open(first: number): MemoryJournal {
    const file = this.files.get(first);
    if (file === undefined) throw new Error(`there is no segment ${first}`);
    return file;
  }

  create(first: number, bytes: Uint8Array): MemoryJournal {
    if (this.full) throw new Error('no space left');
    const file = (first === 0 ? this.#first : undefined) ?? new MemoryJournal();
    file.bytes = Uint8Array.from(bytes);
    file.synced = bytes.length;
    this.files.set(first, file);
    return file;
  }
}

// The ports of a log and a journal over memory, with what a test needs to look inside and to make them fail.
import type { JournalFile, TileStore } from '../../src/ports.ts';

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

  truncate(length: number): void {
    if (this.fail.truncate) throw new Error('the disk is gone');
    this.bytes = this.bytes.slice(0, length);
    this.synced = length;
  }
}

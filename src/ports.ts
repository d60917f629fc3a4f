// Everything that the core may ask of the outside world. `src` has no I/O, clock or randomness of its own.

/** SHA-256 of the bytes (a string counts as UTF-8), 32 bytes. Synchronous. */
export type Sha256 = (data: Uint8Array | string) => Uint8Array;

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Where a tile log keeps its files: C2SP tlog-tiles paths such as `tile/0/000` or `checkpoint`. */
export interface TileStore {
  /** The file's bytes, or undefined where it does not exist. */
  read(path: string): Uint8Array | undefined;
  /** Creates or replaces the file, atomically and durably. */
  write(path: string, bytes: Uint8Array): void;
  /** Removes a folder of partial tiles (`tile/0/000.p`) that a full tile has replaced; a store may keep them all. */
  prune?(folder: string): void;
}

/** Verifies an Ed25519 signature by a raw 32-byte key; every guard of keys/ed25519.ts applies. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** One file of the host's journal; a single process writes it. Failures are thrown, never swallowed. */
export interface JournalFile {
  /** The file's length in bytes. */
  size(): number;
  /** The bytes from `offset` up to `offset + length`, fewer where the file ends. */
  read(offset: number, length: number): Uint8Array;
  /**
   * Writes all the bytes at the end, at the latest in the next turn of the event loop. A write that fails then is thrown by
   * every later call.
   */
  append(bytes: Uint8Array): void;
  /** Returns once everything appended survives a process that is killed. */
  flush(): void;
  /** Returns once everything appended would survive the loss of power. */
  sync(): void;
  /** Settles once everything appended would survive the loss of power; the event loop goes on meanwhile. */
  commit(): Promise<void>;
  /** Cuts the file to the length, durably; a file that is shorter is left as it is, and that is a failure. */
  truncate(length: number): void;
  /** Writes what is left, and ends the use of the file. */
  close(): void;
}

/** The files of a journal, one for each segment. Failures are thrown. */
export interface JournalStore {
  /** The index of each segment's first record, ascending. */
  segments(): number[];
  /** Opens a segment; the last one to write, all others to read. */
  open(first: number): JournalFile;
  /** Makes a segment with the bytes, durably and whole or not at all, and opens it. */
  create(first: number, bytes: Uint8Array): JournalFile;
}

/** Appends records to the host's journal. */
export interface JournalSink {
  /**
   * Appends one record and returns its index. With `written`, it and all before it survive a process that is killed when the
   * call returns: required before any effect is performed.
   */
  append(record: JournalRecord, options?: { written?: boolean }): number;
}

/** A sink that can also wait for the disk. */
export interface DurableJournalSink extends JournalSink {
  /** Settles once every record so far would survive the loss of power: required before an effect that mutates. */
  commit(): Promise<void>;
}

/** One journal record; `type` says which, the rest is plain JSON. */
export interface JournalRecord {
  readonly type: string;
  readonly [field: string]: unknown;
}

// The host's journal (DESIGN.md §4 "Journal", §3 "One log mechanism"; THREATS.md 12, 37, H20): append-only segments of records,
// each a leaf of one RFC 6962 tree (its checkpoints: journal-proof.ts). One process writes a journal: the lock of the
// state directory sees to it. Opening reads the last segment once, in constant memory.
import { JournalEntry } from './contracts/journal.ts';
import { SignetError } from './error.ts';
import { FrameReader, formatFrame } from './journal-frame.ts';
import {
  changed,
  type IndexedEntry,
  type JournalSource,
  parseRecord,
  readRecords,
  requireTail,
} from './journal-reader.ts';
import { formatSegmentHead, readSegmentHead } from './journal-segment.ts';
import { canonicalJson } from './json.ts';
import { CompactRange, leafHash } from './merkle.ts';
import { type OpenEffect, OpenEffects } from './open-effects.ts';
import type { DurableJournalSink, JournalFile, JournalRecord, JournalStore, Sha256 } from './ports.ts';
import { parseShape } from './shape.ts';
import { requireEntrySize } from './tile-paths.ts';

const ITEM = 'journal record';
/** Bytes from which on a segment takes no more. */
const SEGMENT_BYTES = 16 << 20;
const utf8 = new TextEncoder();
const text = new TextDecoder();

export interface JournalParts {
  readonly store: JournalStore;
  readonly sha256: Sha256;
  readonly segmentBytes?: number;
}

export class Journal implements DurableJournalSink {
  /** The tail that a crash had cut off and that opening removed; 0 where there was none. */
  readonly recovered: { readonly droppedBytes: number };
  readonly #parts: JournalParts;
  readonly #tree: CompactRange;
  readonly #open: OpenEffects;
  readonly #source: JournalSource;
  /** The last segment: its first record, and where its next one goes. */
  #first: number;
  #file: JournalFile;
  #end: number;
  #failure: unknown;
  /** The commit that is under way, and the one that whoever asks now will share. */
  #committing: Promise<void> | undefined;
  #nextCommit: Promise<void> | undefined;

  /**
   * Opens the journal, or makes a new one. A torn tail is cut off and reported in `recovered`; a damaged record with sound ones
   * after it is E_LOG_CORRUPT, and nothing is changed; another format is E_FORMAT_VERSION.
   */
  constructor(parts: JournalParts) {
    const { store, sha256 } = parts;
    this.#parts = parts;
    const last = store.segments().at(-1);
    this.#first = last ?? 0;
    this.#file =
      last === undefined
        ? store.create(0, formatSegmentHead(new CompactRange(sha256), []))
        : store.open(last);
    try {
      const head = readSegmentHead(this.#file, sha256);
      if (head.first !== this.#first) throw changed(this.#first);
      this.#tree = head.tree;
      this.#open = new OpenEffects(head.open);
      this.#end = head.end;
      const size = this.#file.size();
      const frames = new FrameReader(this.#file, sha256);
      for (let frame = frames.frame(this.#end, this.size); frame !== undefined; ) {
        if (isEffect(frame.leaf)) this.#open.see(this.size, parseRecord(frame.leaf, this.size));
        this.#tree.append(frame.leafHash);
        this.#end = frame.end;
        frame = frames.frame(this.#end, this.size);
      }
      this.recovered = { droppedBytes: size - this.#end };
      requireTail(frames, this.#end, size, this.size);
      if (size > this.#end) this.#file.truncate(this.#end);
    } catch (error) {
      this.#file.close();
      throw error;
    }
    this.#source = {
      segments: () => store.segments(),
      size: () => this.size,
      read: (first, work) => this.#read(first, work),
    };
  }

  /** How many records there are. */
  get size(): number {
    return this.#tree.size;
  }

  /** The Merkle root over all records. */
  root(): Uint8Array {
    return this.#tree.root();
  }

  /** The effects whose outcome is not known now, of this host and of those before it. */
  openEffects(): OpenEffect[] {
    return this.#open.list();
  }

  /**
   * See JournalSink. A record that breaks its schema is E_FORMAT, one over 65,535 bytes E_LIMIT (keep large values by
   * digest), a failed write E_IO; after a failure that may have left the file in doubt, every further append is E_IO.
   */
  append(record: JournalRecord, { written = false }: { written?: boolean } = {}): number {
    const entry = parseShape(JournalEntry, record, ITEM);
    const leaf = utf8.encode(canonicalJson(entry));
    requireEntrySize(leaf, ITEM);
    const hash = leafHash(this.#parts.sha256, leaf);
    const index = this.size;
    const frame = formatFrame(index, leaf, hash);
    this.#write(() => this.#file.append(frame));
    this.#tree.append(hash);
    this.#open.see(index, entry);
    this.#end += frame.length;
    if (written) this.#settle(() => this.#file.flush(), 'a record could not be written to the journal');
    if (this.#end >= (this.#parts.segmentBytes ?? SEGMENT_BYTES)) this.#rotate();
    return index;
  }

  /** Returns once every record so far would survive the loss of power. */
  sync(): void {
    this.#settle(() => this.#file.sync(), 'the journal could not be made durable');
  }

  /** See DurableJournalSink: those who ask while one flush is under way share the next. E_IO where it fails, now and ever after. */
  commit(): Promise<void> {
    this.#nextCommit ??= this.#commitNext();
    return this.#nextCommit;
  }

  /** The records from index `from` (0 or more) on, also those appended meanwhile: see readRecords. */
  records(from = 0): Generator<IndexedEntry, void> {
    return readRecords(this.#source, this.#parts.sha256, from);
  }

  /** Ends the use of the journal; what was appended is written. */
  close(): void {
    this.#failure ??= new SignetError('E_IO', 'the journal is closed', { item: 'journal' });
    this.#file.close();
  }

  async #commitNext(): Promise<void> {
    // Its failure is told to those who waited for it.
    await this.#committing?.catch(() => undefined);
    this.#nextCommit = undefined;
    this.#requireSound();
    const file = this.#file;
    this.#committing = file.commit().catch((cause: unknown) => {
      this.#failure ??= cause;
      throw new SignetError('E_IO', 'the journal could not be made durable', { cause });
    });
    await this.#committing;
  }

  /** The next segment. What is before it is made durable first: a head must never speak of records that are lost. */
  #rotate(): void {
    this.sync();
    const { store } = this.#parts;
    let file: JournalFile;
    const head = formatSegmentHead(this.#tree, this.#open.list());
    try {
      file = store.create(this.size, head);
    } catch {
      // No room for a file is no reason to lose a record: this segment goes on, and the next record tries again.
      return;
    }
    const full = this.#file;
    this.#first = this.size;
    this.#file = file;
    this.#end = head.length;
    // A flush of the old file may be under way.
    const close = (): void => full.close();
    if (this.#committing === undefined) close();
    else this.#committing.then(close, close);
  }

  *#read<T>(first: number, work: (file: JournalFile) => Generator<T, number>): Generator<T, number> {
    if (first === this.#first) return yield* work(this.#file);
    const file = this.#parts.store.open(first);
    try {
      return yield* work(file);
    } finally {
      file.close();
    }
  }

  /**
   * A write that fails half-way is cut off again: a later record behind it would make it damage in the middle. Where records
   * before it were lost as well, the file is too short to be cut there, and the journal takes no more.
   */
  #write(write: () => void): void {
    this.#requireSound();
    try {
      write();
    } catch (cause) {
      try {
        this.#file.truncate(this.#end);
      } catch (second) {
        this.#failure = second;
      }
      throw new SignetError('E_IO', 'a record could not be written to the journal', { cause });
    }
  }

  /** What a failed flush has lost is unknown, and a second flush would not say: this journal takes no more. */
  #settle(flush: () => void, sentence: string): void {
    this.#requireSound();
    try {
      flush();
    } catch (cause) {
      this.#failure = cause;
      throw new SignetError('E_IO', sentence, { cause });
    }
  }

  #requireSound(): void {
    if (this.#failure === undefined) return;
    throw new SignetError('E_IO', 'the journal failed before and must be opened anew', {
      cause: this.#failure,
    });
  }
}

/** Whether the leaf may be a record that opens or closes an effect. No text inside a record can hold these quotes unescaped. */
const isEffect = (leaf: Uint8Array): boolean => text.decode(leaf).includes('"type":"effect.');

// The host's journal (DESIGN.md §4 "Journal", §3 "One log mechanism"; THREATS.md 12, 37, H20): an append-only file of
// records, each a leaf of an RFC 6962 tree whose signed checkpoints have the C2SP form. One process writes a journal: the
// lock of the state directory sees to it. Opening reads the whole file once, in constant memory.
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { JournalEntry } from './contracts/journal.ts';
import { SignetError } from './error.ts';
import { FrameReader, formatFrame, JOURNAL_HEADER } from './journal-frame.ts';
import { canonicalJson, parseJson } from './json.ts';
import { CompactRange, leafHash, sameBytes } from './merkle.ts';
import { type NoteSigner, type NoteVerifier, signNote, verifyNote } from './note.ts';
import type { JournalFile, JournalRecord, JournalSink, Sha256, VerifySignature } from './ports.ts';
import { parseShape } from './shape.ts';
import { requireEntrySize } from './tile-paths.ts';

const ITEM = 'journal record';
/** One remembered offset for that many records. */
const STRIDE = 256;
const utf8 = new TextEncoder();
const TYPES = new Set<unknown>(JournalEntry.options.map((option) => option.shape.type.value));

/** A record with its place in the journal. */
export interface IndexedEntry {
  readonly index: number;
  readonly record: JournalEntry;
}

export class Journal implements JournalSink {
  /** The tail that a crash had cut off and that opening removed; 0 where there was none. */
  readonly recovered: { readonly droppedBytes: number };
  readonly #file: JournalFile;
  readonly #sha256: Sha256;
  readonly #origin: string;
  readonly #tree: CompactRange;
  readonly #offsets: number[] = [];
  #end = JOURNAL_HEADER.length;
  #failure: unknown;

  /**
   * Opens the journal, or makes a new one in an empty file. `origin` names it on its checkpoints. A torn tail is cut
   * off and reported in `recovered`; a damaged record with sound ones after it is E_LOG_CORRUPT, and nothing is
   * changed; a later format is E_FORMAT_VERSION.
   */
  constructor(parts: { file: JournalFile; sha256: Sha256; origin: string }) {
    this.#file = parts.file;
    this.#sha256 = parts.sha256;
    this.#origin = parts.origin;
    this.#tree = new CompactRange(parts.sha256);
    const size = this.#file.size();
    if (this.#openHeader(size)) {
      this.recovered = { droppedBytes: size };
      return;
    }
    const frames = new FrameReader(this.#file, this.#sha256);
    for (let frame = frames.frame(this.#end, 0); frame !== undefined; ) {
      this.#advance(frame.leafHash, frame.end);
      frame = frames.frame(this.#end, this.size);
    }
    this.recovered = { droppedBytes: size - this.#end };
    if (size === this.#end) return;
    if (frames.intactFrameBetween(this.#end + 1, size, this.size)) {
      throw new SignetError('E_LOG_CORRUPT', `record ${this.size} of the journal is damaged`, {
        item: `${ITEM} ${this.size}`,
        actual: `offset ${this.#end}`,
      });
    }
    this.#file.truncate(this.#end);
  }

  /** How many records there are. */
  get size(): number {
    return this.#tree.size;
  }

  /** The Merkle root over all records. */
  root(): Uint8Array {
    return this.#tree.root();
  }

  /**
   * See JournalSink. A record that breaks its schema is E_FORMAT, one over 65,535 bytes E_LIMIT (keep large values by
   * digest), a failed write E_IO; after a failure that may have left the file in doubt, every further append is E_IO.
   */
  append(
    record: JournalRecord,
    { durable = false, written = false }: { durable?: boolean; written?: boolean } = {},
  ): number {
    const leaf = utf8.encode(canonicalJson(parseShape(JournalEntry, record, ITEM)));
    requireEntrySize(leaf, ITEM);
    const hash = leafHash(this.#sha256, leaf);
    const index = this.size;
    const frame = formatFrame(index, leaf, hash);
    this.#write(() => this.#file.append(frame));
    this.#advance(hash, this.#end + frame.length);
    if (durable) this.sync();
    else if (written) this.#settle(() => this.#file.flush(), 'a record could not be written to the journal');
    return index;
  }

  /** Returns once every record so far would survive the loss of power. */
  sync(): void {
    this.#settle(() => this.#file.sync(), 'the journal could not be made durable');
  }

  /** The records from index `from` (0 or more) on, also those appended meanwhile. A later type: E_FORMAT_VERSION. */
  *records(from = 0): Generator<IndexedEntry, void> {
    const frames = new FrameReader(this.#file, this.#sha256);
    const step = Math.floor(Math.min(Math.max(from, 0), this.size) / STRIDE);
    let offset = this.#offsets[step] ?? this.#end;
    for (let index = step * STRIDE; index < this.size; index++) {
      const frame = frames.frame(offset, index);
      if (frame === undefined) throw damaged(index);
      offset = frame.end;
      if (index >= from) yield { index, record: parseRecord(frame.leaf, index) };
    }
  }

  /** A signed checkpoint over all records, which are made durable first: what is signed may never be lost again. */
  checkpoint(signers: readonly NoteSigner[]): string {
    this.sync();
    return signNote(formatCheckpoint({ origin: this.#origin, size: this.size, root: this.root() }), signers);
  }

  /**
   * The checkpoint of the note, once its signatures (see verifyNote) and its root hold for this journal's first records.
   * Another origin, a shorter journal or other records: E_LOG_CORRUPT.
   */
  verify(
    note: string | Uint8Array,
    verifySignature: VerifySignature,
    verifiers: readonly NoteVerifier[],
    threshold = 1,
  ): Checkpoint {
    const signed = parseCheckpoint(verifyNote(this.#sha256, verifySignature, note, verifiers, threshold));
    const refuse = (sentence: string, expected: string, actual: string): never => {
      throw new SignetError('E_LOG_CORRUPT', sentence, { item: 'journal', expected, actual });
    };
    if (signed.origin !== this.#origin) {
      refuse('the checkpoint is of another journal', this.#origin, signed.origin);
    }
    if (signed.size > this.size) {
      refuse('the journal is shorter than it was', `${signed.size} records`, String(this.size));
    }
    if (!sameBytes(this.#rootAt(signed.size), signed.root)) {
      refuse(
        'the journal holds other records than were signed',
        `the root of size ${signed.size}`,
        'another',
      );
    }
    return signed;
  }

  #rootAt(size: number): Uint8Array {
    if (size === this.size) return this.root();
    const frames = new FrameReader(this.#file, this.#sha256);
    const tree = new CompactRange(this.#sha256);
    for (let offset = JOURNAL_HEADER.length; tree.size < size; ) {
      const frame = frames.frame(offset, tree.size);
      if (frame === undefined) throw damaged(tree.size);
      tree.append(frame.leafHash);
      offset = frame.end;
    }
    return tree.root();
  }

  /** Checks the first line; writes it, and returns true, where the file holds nothing more than a part of it. */
  #openHeader(size: number): boolean {
    const head = this.#file.read(0, JOURNAL_HEADER.length);
    if (sameBytes(head, JOURNAL_HEADER)) return false;
    const name = JOURNAL_HEADER.length - '1\n'.length;
    if (
      size >= JOURNAL_HEADER.length &&
      sameBytes(head.subarray(0, name), JOURNAL_HEADER.subarray(0, name))
    ) {
      throw new SignetError('E_FORMAT_VERSION', 'the journal has a later format', { item: 'journal' });
    }
    if (!sameBytes(head, JOURNAL_HEADER.subarray(0, size))) {
      throw new SignetError('E_LOG_CORRUPT', 'the file is no journal', { item: 'journal' });
    }
    if (size > 0) this.#file.truncate(0);
    this.#file.append(JOURNAL_HEADER);
    this.#file.sync();
    return true;
  }

  #advance(hash: Uint8Array, end: number): void {
    if (this.size % STRIDE === 0) this.#offsets.push(this.#end);
    this.#tree.append(hash);
    this.#end = end;
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

function parseRecord(leaf: Uint8Array, index: number): JournalEntry {
  const item = `${ITEM} ${index}`;
  const value = parseJson(leaf, item);
  const type = value !== null && typeof value === 'object' && 'type' in value ? value['type'] : undefined;
  if (typeof type === 'string' && !TYPES.has(type)) {
    throw new SignetError(
      'E_FORMAT_VERSION',
      `${item} has the unknown type ${JSON.stringify(type.slice(0, 64))}`,
      {
        item,
      },
    );
  }
  return parseShape(JournalEntry, value, item);
}

function damaged(index: number): SignetError {
  return new SignetError('E_LOG_CORRUPT', `record ${index} of the journal was changed while it was open`, {
    item: `${ITEM} ${index}`,
  });
}

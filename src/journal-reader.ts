// Reading a journal (DESIGN.md §4 "Journal"): its records in order across segments, its tree at any size, and the whole of it
// checked. Needs no lock: beside a running host it sees what was written so far, up to the last whole record.
import { JournalEntry } from './contracts/journal.ts';
import { SignetError } from './error.ts';
import { FrameReader } from './journal-frame.ts';
import { readSegmentHead, type SegmentHead } from './journal-segment.ts';
import { canonicalJson, parseJson } from './json.ts';
import { CompactRange, sameBytes } from './merkle.ts';
import { OpenEffects } from './open-effects.ts';
import type { JournalFile, JournalStore, Sha256 } from './ports.ts';
import { parseShape } from './shape.ts';

const TYPES = new Set<unknown>(JournalEntry.options.map((option) => option.shape.type.value));

/** A record with its place in the journal. */
export interface IndexedEntry {
  readonly index: number;
  readonly record: JournalEntry;
  /** Its bytes: the leaf of the tree. */
  readonly leaf: Uint8Array;
}

/** What a whole journal is found to be. */
export interface JournalSurvey {
  readonly size: number;
  readonly segments: number;
  /** Bytes behind the last whole record: one that is being written, or that a crash cut off. */
  readonly tail: number;
  readonly root: Uint8Array;
  /** The roots of the sizes that were asked for. */
  readonly roots: ReadonlyMap<number, Uint8Array>;
}

/** The segments from a store, or as the journal's writer has them. */
export interface JournalSource {
  readonly segments: JournalStore['segments'];
  /** Gives the segment to the work. */
  read<T>(first: number, work: (file: JournalFile) => Generator<T, number>): Generator<T, number>;
  /** Records that are there: their number, or undefined where the last whole one tells. */
  readonly size: () => number | undefined;
}

/** The segments of a store that someone else may be writing. */
export function storeSource(store: JournalStore): JournalSource {
  return {
    segments: () => store.segments(),
    size: () => undefined,
    *read(first, work) {
      const file = store.open(first);
      try {
        return yield* work(file);
      } finally {
        file.close();
      }
    },
  };
}

/**
 * The records from index `from` on, also those appended meanwhile. A record that is damaged, or was changed since: E_LOG_CORRUPT; a
 * type of a later Signet: E_FORMAT_VERSION. With `types`, only those are parsed and yielded.
 */
export function* readRecords(
  source: JournalSource,
  sha256: Sha256,
  from = 0,
  types?: readonly JournalEntry['type'][],
): Generator<IndexedEntry, void> {
  const wanted = types === undefined ? () => true : ofTypes(types);
  for (let index = Math.max(from, 0); ; ) {
    const first = source.segments().findLast((start) => start <= index);
    if (first === undefined) return;
    const end = yield* source.read(first, (file) => readSegment(source, file, sha256, first, index, wanted));
    // The segment was the last one when it was read to its end; whether it still is, the list tells.
    if (!source.segments().includes(end) || end === first) return;
    index = Math.max(end, index);
  }
}

/** Whether a leaf may be of one of the types. No text inside a record can hold these quotes unescaped. */
function ofTypes(types: readonly string[]): (leaf: Uint8Array) => boolean {
  const decoder = new TextDecoder();
  const marks = types.map((type) => `"type":"${type}"`);
  return (leaf) => {
    const text = decoder.decode(leaf);
    return marks.some((mark) => text.includes(mark));
  };
}

/** The records of one segment from index `from` on; gives the index after its last. */
function* readSegment(
  source: JournalSource,
  file: JournalFile,
  sha256: Sha256,
  first: number,
  from: number,
  wanted: (leaf: Uint8Array) => boolean,
): Generator<IndexedEntry, number> {
  const head = readSegmentHead(file, sha256);
  const frames = new FrameReader(file, sha256);
  const next = (): number | undefined => source.segments().find((start) => start > first);
  const limit = next();
  let offset = head.end;
  for (let index = first; index !== limit; index++) {
    if (limit === undefined && index === source.size()) break;
    const frame = frames.frame(offset, index);
    if (frame === undefined) {
      // What is behind the last whole record is being written; or a next segment has been begun meanwhile.
      if (limit === undefined && (source.size() === undefined || next() === index)) return index;
      throw changed(index);
    }
    offset = frame.end;
    if (index >= from && wanted(frame.leaf))
      yield { index, record: parseRecord(frame.leaf, index), leaf: frame.leaf };
  }
  return limit ?? source.size() ?? first;
}

/**
 * Reads everything once, in constant memory: every record whole and in its place, the head of every segment as the records before it
 * make it. Damage: E_LOG_CORRUPT, naming the record. `see` gets every record.
 */
export function surveyJournal(
  store: JournalStore,
  sha256: Sha256,
  sizes: readonly number[] = [],
  see: (entry: IndexedEntry) => void = () => undefined,
): JournalSurvey {
  const tree = new CompactRange(sha256);
  const open = new OpenEffects();
  const roots = new Map<number, Uint8Array>();
  const wanted = new Set(sizes);
  const note = (): void => {
    if (wanted.has(tree.size)) roots.set(tree.size, tree.root());
  };
  note();
  const segments = store.segments();
  let tail = 0;
  for (const [place, first] of segments.entries()) {
    const file = store.open(first);
    try {
      const head = readSegmentHead(file, sha256);
      requireHead(head, first, tree, open);
      const frames = new FrameReader(file, sha256);
      let offset = head.end;
      for (let frame = frames.frame(offset, tree.size); frame !== undefined; ) {
        const { leaf } = frame;
        const entry = { index: tree.size, record: parseRecord(leaf, tree.size), leaf };
        open.see(entry.index, entry.record);
        see(entry);
        tree.append(frame.leafHash);
        note();
        offset = frame.end;
        frame = frames.frame(offset, tree.size);
      }
      tail = file.size() - offset;
      if (place < segments.length - 1 && (tail > 0 || segments[place + 1] !== tree.size))
        throw changed(tree.size);
      requireTail(frames, offset, file.size(), tree.size);
    } finally {
      file.close();
    }
  }
  return { size: tree.size, segments: segments.length, tail, root: tree.root(), roots };
}

function requireHead(head: SegmentHead, first: number, tree: CompactRange, open: OpenEffects): void {
  const same =
    head.first === first &&
    first === tree.size &&
    head.tree.edge().every((hash, place) => sameBytes(hash, tree.edge()[place] as Uint8Array)) &&
    canonicalJson([...head.open]) === canonicalJson(open.list());
  if (same) return;
  throw new SignetError(
    'E_LOG_CORRUPT',
    `the segment of record ${first} does not continue what is before it`,
    {
      item: `journal record ${tree.size}`,
    },
  );
}

/** E_LOG_CORRUPT where a sound record stands behind the end: then what is between is damage, and no torn tail. */
export function requireTail(frames: FrameReader, end: number, size: number, index: number): void {
  if (size === end || !frames.intactFrameBetween(end + 1, size, index)) return;
  throw new SignetError('E_LOG_CORRUPT', `record ${index} of the journal is damaged`, {
    item: `journal record ${index}`,
    actual: `offset ${end}`,
  });
}

export function parseRecord(leaf: Uint8Array, index: number): JournalEntry {
  const item = `journal record ${index}`;
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

export function changed(index: number): SignetError {
  return new SignetError('E_LOG_CORRUPT', `record ${index} of the journal was changed, or is missing`, {
    item: `journal record ${index}`,
  });
}

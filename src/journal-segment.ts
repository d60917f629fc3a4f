// The head of a journal's segment (DESIGN.md §4 "Journal"): two lines, written with the file and never changed.
//
//   signet journal/2
//   {"edge":[…],"first":N,"open":[…]}     canonical JSON
//
// `first` is the index of the segment's first record, `edge` the Merkle tree over all records before it (base64 of its complete
// subtrees, largest first), `open` the effects of unknown outcome so far. So a journal is opened by reading its last segment alone;
// that the heads tell the truth, `journal verify` finds by reading all.
import * as z from 'zod';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { Count } from './contracts/common.ts';
import { EffectIntent } from './contracts/journal.ts';
import { SignetError } from './error.ts';
import { canonicalJson, parseJson } from './json.ts';
import { CompactRange, HASH_BYTES } from './merkle.ts';
import type { OpenEffect } from './open-effects.ts';
import type { JournalFile, Sha256 } from './ports.ts';
import { parseShape } from './shape.ts';

const NAME = 'signet journal/';
const VERSION = '2';
/** Where the second line must end: room for thousands of open effects. */
const MAX_BYTES = 16 << 20;
const LINE_END = 0x0a;
const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: true });

const Head = z.strictObject({
  first: Count,
  edge: z.array(z.string().max(64)).max(53),
  open: z.array(z.strictObject({ index: Count, intent: EffectIntent })),
});

/** What a segment begins with. */
export interface SegmentHead {
  readonly first: number;
  /** The tree over the records before `first`. */
  readonly tree: CompactRange;
  readonly open: readonly OpenEffect[];
  /** Offset of the first frame. */
  readonly end: number;
}

/** The bytes with which a segment begins whose first record comes after the tree's. */
export function formatSegmentHead(tree: CompactRange, open: readonly OpenEffect[]): Uint8Array {
  const edge = tree.edge().map(encodeBase64);
  return utf8.encode(`${NAME}${VERSION}\n${canonicalJson({ first: tree.size, edge, open: [...open] })}\n`);
}

/** The head of the segment. Another format: E_FORMAT_VERSION; none, or one that contradicts itself: E_LOG_CORRUPT. */
export function readSegmentHead(file: JournalFile, sha256: Sha256): SegmentHead {
  const bytes = file.read(0, Math.min(file.size(), MAX_BYTES));
  const line = bytes.indexOf(LINE_END);
  const name = decode(bytes.subarray(0, Math.max(line, 0)));
  if (!name.startsWith(NAME)) throw corrupt('the file is no journal');
  if (name !== NAME + VERSION) {
    throw new SignetError('E_FORMAT_VERSION', 'the journal has another format', {
      item: 'journal',
      expected: NAME + VERSION,
      actual: name.slice(0, 64),
    });
  }
  const end = bytes.indexOf(LINE_END, line + 1);
  if (end === -1) throw corrupt('the head of a segment has no end');
  const json = bytes.subarray(line + 1, end);
  const { first, edge, open } = parseHead(json);
  if (edge.some((hash) => hash.length !== HASH_BYTES) || edge.length !== bitsOf(first)) {
    throw corrupt('the head of a segment holds no tree of its size');
  }
  return { first, tree: new CompactRange(sha256, first, edge), open, end: end + 1 };
}

function parseHead(json: Uint8Array): { first: number; edge: Uint8Array[]; open: OpenEffect[] } {
  try {
    const head = parseShape(Head, parseJson(json, 'head', { maxBytes: MAX_BYTES }), 'head');
    return { ...head, edge: head.edge.map(decodeBase64) };
  } catch (cause) {
    throw new SignetError('E_LOG_CORRUPT', 'the head of a segment is damaged', { item: 'journal', cause });
  }
}

/** How many complete subtrees a tree of the size has. */
function bitsOf(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}

function decode(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch {
    // Whatever it is, it is not our name.
    return '';
  }
}

function corrupt(sentence: string): SignetError {
  return new SignetError('E_LOG_CORRUPT', sentence, { item: 'journal' });
}

// The records of a journal's segment (DESIGN.md §4 "Journal"): behind its head (journal-segment.ts), one frame a record:
//
//   uint16 big-endian length of the leaf | leaf: canonical JSON, UTF-8 | mark: 8 bytes
//
// The mark is the first 8 bytes of the leaf hash, exclusive-or the record's index as big-endian uint64. It tells damage,
// and records that were lost, doubled or moved, from a tail that a crash cut off. It is no defence against a person who
// can write the file: signed checkpoints are.
import { leafHash } from './merkle.ts';
import type { JournalFile, Sha256 } from './ports.ts';

const LENGTH_BYTES = 2;
const MARK_BYTES = 8;
const CHUNK_BYTES = 1 << 20;
const [OPEN_BRACE, QUOTE, CLOSE_BRACE] = [0x7b, 0x22, 0x7d];

/** A record as it stands in the file. */
export interface Frame {
  readonly index: number;
  /** The leaf's bytes. */
  readonly leaf: Uint8Array;
  readonly leafHash: Uint8Array;
  /** Offset of the byte after the frame. */
  readonly end: number;
}

/** The frame of a leaf of at most 65,535 bytes. */
export function formatFrame(index: number, leaf: Uint8Array, hash: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + leaf.length + MARK_BYTES);
  new DataView(frame.buffer).setUint16(0, leaf.length);
  frame.set(leaf, LENGTH_BYTES);
  frame.set(hash.subarray(0, MARK_BYTES), LENGTH_BYTES + leaf.length);
  const mark = new DataView(frame.buffer, LENGTH_BYTES + leaf.length);
  mark.setUint32(0, mark.getUint32(0) ^ Math.floor(index / 2 ** 32));
  mark.setUint32(4, mark.getUint32(4) ^ index);
  return frame;
}

/** Reads frames of a file through a window of 1 MiB. Bytes of the window are not read again: make one for each pass. */
export class FrameReader {
  readonly #file: JournalFile;
  readonly #sha256: Sha256;
  #window: Uint8Array = new Uint8Array();
  #start = 0;

  constructor(file: JournalFile, sha256: Sha256) {
    this.#file = file;
    this.#sha256 = sha256;
  }

  /** The frame at the offset if it is whole, undamaged and number `index`, undefined otherwise. */
  frame(offset: number, index: number): Frame | undefined {
    const found = this.#read(offset);
    return found?.index === index ? found : undefined;
  }

  /**
   * Whether an undamaged frame, of a record after `index`, begins between the offsets: then what stands before it is not
   * a torn tail.
   */
  intactFrameBetween(from: number, to: number, index: number): boolean {
    for (let offset = from; offset + LENGTH_BYTES + 2 + MARK_BYTES <= to; offset++) {
      const head = this.#bytes(offset, LENGTH_BYTES + 2);
      if (head[LENGTH_BYTES] !== OPEN_BRACE || head[LENGTH_BYTES + 1] !== QUOTE) continue;
      const found = this.#read(offset, to);
      if (found !== undefined && found.index >= index && found.index <= index + to - from) return true;
    }
    return false;
  }

  /** Whatever frame stands at the offset, with the index that its mark names. */
  #read(offset: number, limit = Number.POSITIVE_INFINITY): Frame | undefined {
    const [high, low] = this.#bytes(offset, LENGTH_BYTES);
    if (high === undefined || low === undefined) return undefined;
    const length = high * 256 + low;
    if (offset + LENGTH_BYTES + length + MARK_BYTES > limit) return undefined;
    const frame = this.#bytes(offset, LENGTH_BYTES + length + MARK_BYTES);
    if (frame.length < LENGTH_BYTES + length + MARK_BYTES) return undefined;
    if (frame[LENGTH_BYTES + length - 1] !== CLOSE_BRACE) return undefined;
    const leaf = frame.slice(LENGTH_BYTES, LENGTH_BYTES + length);
    const hash = leafHash(this.#sha256, leaf);
    const mark = new DataView(frame.buffer, frame.byteOffset + LENGTH_BYTES + length);
    const part = new DataView(hash.buffer, hash.byteOffset);
    const upper = (mark.getUint32(0) ^ part.getUint32(0)) >>> 0;
    const lower = (mark.getUint32(4) ^ part.getUint32(4)) >>> 0;
    return { index: upper * 2 ** 32 + lower, leaf, leafHash: hash, end: offset + frame.length };
  }

  #bytes(offset: number, length: number): Uint8Array {
    if (offset < this.#start || offset + length > this.#start + this.#window.length) {
      this.#window = this.#file.read(offset, Math.max(length, CHUNK_BYTES));
      this.#start = offset;
    }
    return this.#window.subarray(offset - this.#start, offset - this.#start + length);
  }
}

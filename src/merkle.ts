// RFC 6962 Merkle trees over SHA-256 (DESIGN.md §3 "One log mechanism"; THREATS.md 11, 13). Hashes: `0x00 || entry` for a
// leaf, `0x01 || left || right` for a node; the empty tree is SHA-256 of nothing. Sizes are exact up to 2^53 - 1, so no
// bit operator of JavaScript (32 bits) is used on them.
import { SignetError } from './error.ts';
import type { Sha256 } from './ports.ts';

export const HASH_BYTES = 32;

/** Hash of the entry as a leaf. */
export function leafHash(sha256: Sha256, entry: Uint8Array): Uint8Array {
  const data = new Uint8Array(entry.length + 1);
  data.set(entry, 1);
  return sha256(data);
}

/** Hash of the node over two hashes. */
export function nodeHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  const data = new Uint8Array(1 + left.length + right.length);
  data[0] = 1;
  data.set(left, 1);
  data.set(right, 1 + left.length);
  return sha256(data);
}

/**
 * The right edge of a growing tree: the hashes of its complete subtrees, largest first, one for each bit of its size.
 * Appending n leaves costs n node hashes, whatever the tree's size.
 */
export class CompactRange {
  readonly #sha256: Sha256;
  readonly #edge: Uint8Array[];
  #size: number;

  /** An empty tree, or one of `size` leaves whose complete subtrees have the given hashes, largest first. */
  constructor(sha256: Sha256, size = 0, edge: readonly Uint8Array[] = []) {
    this.#sha256 = sha256;
    this.#size = size;
    this.#edge = [...edge];
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    let hash = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      hash = nodeHash(this.#sha256, this.#edge.pop() as Uint8Array, hash);
    }
    this.#edge.push(hash);
    this.#size++;
  }

  /** The tree's root hash. */
  root(): Uint8Array {
    if (this.#size === 0) return this.#sha256(new Uint8Array());
    return this.#edge.reduceRight((right, left) => nodeHash(this.#sha256, left, right));
  }

  /** The hashes of the complete subtrees, largest first. */
  edge(): Uint8Array[] {
    return [...this.#edge];
  }

  clone(): CompactRange {
    return new CompactRange(this.#sha256, this.#size, this.#edge);
  }
}

/** The root of the tree over the leaf hashes. */
export function rootOf(sha256: Sha256, leafHashes: Iterable<Uint8Array>): Uint8Array {
  const range = new CompactRange(sha256);
  for (const leaf of leafHashes) range.append(leaf);
  return range.root();
}

/** Hash of the complete subtree over entries `index * 2^level` up to, not including, `(index + 1) * 2^level`. */
export type NodeReader = (level: number, index: number) => Uint8Array;

/** What proofs are made from: every leaf hash, or a reader of complete subtrees. */
export type HashSource = readonly Uint8Array[] | NodeReader;

/** The hashes from the entry's leaf up to the root of the tree of `size` entries (RFC 6962 §2.1.1). */
export function inclusionProof(
  sha256: Sha256,
  source: HashSource,
  index: number,
  size: number,
): Uint8Array[] {
  if (!isSize(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new SignetError('E_USAGE', `entry ${index} is not in a tree of ${size}`);
  }
  const read = readerOf(sha256, source, size);
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      proof.push(rangeHash(sha256, read, middle, end));
      end = middle;
    } else {
      proof.push(rangeHash(sha256, read, start, middle));
      start = middle;
    }
  }
  return proof.reverse();
}

/** The hashes that show the tree of `size1` to be a prefix of the tree of `size2` (RFC 6962 §2.1.2). */
export function consistencyProof(
  sha256: Sha256,
  source: HashSource,
  size1: number,
  size2: number,
): Uint8Array[] {
  if (!isSize(size1) || !isSize(size2) || size1 > size2) {
    throw new SignetError('E_USAGE', `there is no consistency proof from ${size1} to ${size2}`);
  }
  const read = readerOf(sha256, source, size2);
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = size2;
  while (end !== size1) {
    const middle = start + split(end - start);
    if (size1 <= middle) {
      proof.push(rangeHash(sha256, read, middle, end));
      end = middle;
    } else {
      proof.push(rangeHash(sha256, read, start, middle));
      start = middle;
    }
  }
  // A subtree that begins at 0 is the old tree itself: its root is known to the verifier.
  if (start > 0) proof.push(rangeHash(sha256, read, start, end));
  return proof.reverse();
}

/** The hash of the tree over the first `size` entries. */
export function treeRoot(sha256: Sha256, source: HashSource, size: number): Uint8Array {
  if (size === 0) return sha256(new Uint8Array());
  return rangeHash(sha256, readerOf(sha256, source, size), 0, size);
}

/**
 * Throws E_LOG_PROOF unless the entry with the leaf hash `leaf` is number `index` of the tree of `size` entries with the
 * given root (RFC 9162 §2.1.3.2). `leaf` is `leafHash(entry)`, not the entry.
 */
export function verifyInclusion(
  sha256: Sha256,
  claim: { index: number; size: number; leaf: Uint8Array; proof: readonly Uint8Array[]; root: Uint8Array },
): void {
  const { index, size, leaf, proof, root } = claim;
  const item = `inclusion proof of entry ${index} in size ${size}`;
  if (!isSize(size)) refuse(item, 'the tree size is not a whole number from 1 up');
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    refuse(item, 'the entry is outside the tree');
  requireHashes(item, [leaf, root, ...proof]);
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const step of proof) {
    if (last === 0) refuse(item, 'the proof is too long');
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sha256, step, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(sha256, hash, step);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) refuse(item, 'the proof is too short');
  if (!sameBytes(hash, root)) refuse(item, 'the proof leads to another root');
}

/**
 * Throws E_LOG_PROOF unless the tree `size1`, `root1` is a prefix of the tree `size2`, `root2` (RFC 9162 §2.1.4.2). Size
 * 0 is refused: everything is consistent with an empty tree, so the answer would mean nothing.
 */
export function verifyConsistency(
  sha256: Sha256,
  claim: {
    size1: number;
    size2: number;
    root1: Uint8Array;
    root2: Uint8Array;
    proof: readonly Uint8Array[];
  },
): void {
  const { size1, size2, root1, root2, proof } = claim;
  const item = `consistency proof from size ${size1} to ${size2}`;
  if (!isSize(size1) || !isSize(size2)) refuse(item, 'a tree size is not a whole number from 1 up');
  if (size1 > size2) refuse(item, 'the tree has shrunk');
  if (size1 === size2) {
    if (proof.length > 0) refuse(item, 'equal sizes need an empty proof');
    if (!sameBytes(root1, root2)) refuse(item, 'two roots for one size');
    return;
  }
  requireHashes(item, [root1, root2, ...proof]);
  let node = size1 - 1;
  let last = size2 - 1;
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  // node is 0 where size1 is a power of two: then the old root is itself the first hash.
  const [first, ...steps] = node === 0 ? [root1, ...proof] : proof;
  if (first === undefined) refuse(item, 'the proof is empty');
  let old = first;
  let now = first;
  for (const step of steps) {
    if (last === 0) refuse(item, 'the proof is too long');
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sha256, step, old);
      now = nodeHash(sha256, step, now);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      now = nodeHash(sha256, now, step);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) refuse(item, 'the proof is too short');
  if (!sameBytes(old, root1)) refuse(item, 'the proof leads to another old root');
  if (!sameBytes(now, root2)) refuse(item, 'the proof leads to another new root');
}

/** Whether two byte strings are equal. Not for secrets: it returns at the first difference. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function refuse(item: string, reason: string): never {
  throw new SignetError('E_LOG_PROOF', `${item}: ${reason}`, {
    item,
    expected: 'hashes that lead to the signed root',
    actual: reason,
  });
}

function requireHashes(item: string, hashes: readonly Uint8Array[]): void {
  if (hashes.some((hash) => hash.length !== HASH_BYTES))
    refuse(item, `a hash does not have ${HASH_BYTES} bytes`);
}

const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 1;
const half = (n: number): number => Math.floor(n / 2);

/** The largest power of two below n, for n > 1. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Hash of the range that starts where RFC 6962 may cut a tree: complete subtrees are read, the rest is computed. */
function rangeHash(sha256: Sha256, read: NodeReader, start: number, end: number): Uint8Array {
  const width = end - start;
  if (width === 1) return read(0, start);
  const k = split(width);
  if (k * 2 === width) return read(Math.log2(width), start / width);
  return nodeHash(sha256, rangeHash(sha256, read, start, start + k), rangeHash(sha256, read, start + k, end));
}

function readerOf(sha256: Sha256, source: HashSource, size: number): NodeReader {
  if (typeof source === 'function') return source;
  if (source.length < size) {
    throw new SignetError('E_USAGE', `${source.length} leaf hashes do not make a tree of ${size}`);
  }
  return (level, index) => {
    const width = 2 ** level;
    return rootOf(sha256, source.slice(index * width, (index + 1) * width));
  };
}

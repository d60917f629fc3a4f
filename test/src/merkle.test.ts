// RFC 6962 trees against vectors that no one here wrote, and against random trees (THREATS.md 11, 13).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import {
  CompactRange,
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/merkle.ts';
import { expectCode } from './expect-code.ts';

const VECTORS = join(import.meta.dirname, '../../../shared/vectors/merkle');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');

function vectors<T>(folder: string): { file: string; vector: T }[] {
  const root = join(VECTORS, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ file, vector: JSON.parse(readFileSync(join(root, file), 'utf8')) as T }));
}

interface InclusionVector {
  leafIdx: number;
  treeSize: number;
  root: string;
  leafHash: string;
  proof: string[] | null;
  wantErr: boolean;
}

interface ConsistencyVector {
  size1: number;
  size2: number;
  root1: string;
  root2: string;
  proof: string[] | null;
  wantErr: boolean;
}

describe.skipIf(!existsSync(VECTORS))('the shared vectors', () => {
  test('inclusion', () => {
    const all = vectors<InclusionVector>('inclusion');
    expect(all.length).toBeGreaterThan(90);
    for (const { file, vector } of all) {
      const verify = (): void =>
        verifyInclusion(sha256, {
          index: vector.leafIdx,
          size: vector.treeSize,
          leaf: bytes(vector.leafHash),
          proof: (vector.proof ?? []).map(bytes),
          root: bytes(vector.root),
        });
      if (vector.wantErr) expectCode(verify, 'E_LOG_PROOF');
      else expect(verify, file).not.toThrow();
    }
    expect(all.filter(({ vector }) => !vector.wantErr).length).toBe(6);
  });

  test('consistency', () => {
    const all = vectors<ConsistencyVector>('consistency');
    expect(all.length).toBeGreaterThan(90);
    for (const { file, vector } of all) {
      const verify = (): void =>
        verifyConsistency(sha256, {
          size1: vector.size1,
          size2: vector.size2,
          root1: bytes(vector.root1),
          root2: bytes(vector.root2),
          proof: (vector.proof ?? []).map(bytes),
        });
      if (vector.wantErr) expectCode(verify, 'E_LOG_PROOF');
      else expect(verify, file).not.toThrow();
    }
    expect(all.filter(({ vector }) => !vector.wantErr).length).toBe(6);
  });
});

/** The tree of RFC 6962's reference implementation. */
const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const LEAVES = ENTRIES.map((entry) => leafHash(sha256, Buffer.from(entry, 'hex')));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('the roots of the reference implementation', () => {
  expect(ROOTS.map((_, size) => hex(rootOf(sha256, LEAVES.slice(0, size))))).toEqual(ROOTS);
  expect(ROOTS.map((_, size) => hex(treeRoot(sha256, LEAVES, size)))).toEqual(ROOTS);
});

test('a leaf and a node over the same bytes have different hashes', () => {
  const [a, b] = [LEAVES[0]!, LEAVES[1]!];
  expect(hex(nodeHash(sha256, a, b))).not.toBe(hex(leafHash(sha256, Buffer.concat([a, b]))));
});

const leaves = (size: number): Uint8Array[] =>
  Array.from({ length: size }, (_, i) => leafHash(sha256, Buffer.from(`entry ${i}`)));

test('proofs of every entry and of every pair of sizes up to 33 hold, and for no other place', () => {
  const all = leaves(33);
  const roots = Array.from({ length: 34 }, (_, size) => rootOf(sha256, all.slice(0, size)));
  for (let size = 1; size <= 33; size++) {
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(sha256, all, index, size);
      const claim = { index, size, leaf: all[index]!, proof, root: roots[size]! };
      verifyInclusion(sha256, claim);
      if (size > 1)
        expectCode(() => verifyInclusion(sha256, { ...claim, index: (index + 1) % size }), 'E_LOG_PROOF');
    }
    for (let old = 1; old <= size; old++) {
      const proof = consistencyProof(sha256, all, old, size);
      const claim = { size1: old, size2: size, root1: roots[old]!, root2: roots[size]!, proof };
      verifyConsistency(sha256, claim);
      if (old > 1)
        expectCode(() => verifyConsistency(sha256, { ...claim, root1: roots[old - 1]! }), 'E_LOG_PROOF');
    }
  }
});

const flip = (hash: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(hash);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
};

test('any flipped bit, dropped, doubled or added hash of an inclusion proof is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat(), fc.nat(255), (size, a, b, bit) => {
      const all = leaves(size);
      const index = a % size;
      const proof = inclusionProof(sha256, all, index, size);
      const claim = { index, size, leaf: all[index]!, proof, root: rootOf(sha256, all) };
      verifyInclusion(sha256, claim);
      const at = proof.length === 0 ? 0 : b % proof.length;
      const wrong = [
        { ...claim, leaf: flip(claim.leaf, bit) },
        { ...claim, root: flip(claim.root, bit) },
        { ...claim, proof: [...proof, claim.root] },
        ...(proof.length === 0
          ? []
          : [
              { ...claim, proof: proof.map((hash, i) => (i === at ? flip(hash, bit) : hash)) },
              { ...claim, proof: proof.toSpliced(at, 1) },
              { ...claim, proof: proof.toSpliced(at, 0, proof[at]!) },
            ]),
      ];
      for (const other of wrong) expectCode(() => verifyInclusion(sha256, other), 'E_LOG_PROOF');
    }),
    { numRuns: 60 },
  );
});

test('any flipped bit, dropped, doubled or added hash of a consistency proof is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(), fc.nat(255), (size2, a, b, bit) => {
      const all = leaves(size2);
      const size1 = 1 + (a % (size2 - 1));
      const proof = consistencyProof(sha256, all, size1, size2);
      const claim = {
        size1,
        size2,
        root1: rootOf(sha256, all.slice(0, size1)),
        root2: rootOf(sha256, all),
        proof,
      };
      verifyConsistency(sha256, claim);
      const at = b % proof.length;
      const wrong = [
        { ...claim, root1: flip(claim.root1, bit) },
        { ...claim, root2: flip(claim.root2, bit) },
        { ...claim, proof: proof.map((hash, i) => (i === at ? flip(hash, bit) : hash)) },
        { ...claim, proof: proof.toSpliced(at, 1) },
        { ...claim, proof: proof.toSpliced(at, 0, proof[at]!) },
        { ...claim, proof: [...proof, claim.root2] },
        { ...claim, size1: size2, size2: size1 },
      ];
      for (const other of wrong) expectCode(() => verifyConsistency(sha256, other), 'E_LOG_PROOF');
    }),
    { numRuns: 60 },
  );
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])(
  'the tree size %s is refused',
  (size) => {
    const root = LEAVES[0]!;
    expectCode(() => verifyInclusion(sha256, { index: 0, size, leaf: root, proof: [], root }), 'E_LOG_PROOF');
    const claim = { size1: size, size2: size, root1: root, root2: root, proof: [] };
    expectCode(() => verifyConsistency(sha256, claim), 'E_LOG_PROOF');
    expectCode(() => inclusionProof(sha256, LEAVES, 0, size), 'E_USAGE');
    expectCode(() => consistencyProof(sha256, LEAVES, size, 8), 'E_USAGE');
  },
);

test('a hash of another length than 32 bytes is refused, also where the bytes would add up', () => {
  const [left, right] = [LEAVES[0]!, LEAVES[1]!];
  const joined = Buffer.concat([left, right]);
  const root = nodeHash(sha256, left, right);
  const claim = { index: 1, size: 2, leaf: right, proof: [left], root };
  verifyInclusion(sha256, claim);
  const shifted = { ...claim, proof: [joined.subarray(0, 31)], leaf: joined.subarray(31) };
  expectCode(() => verifyInclusion(sha256, shifted), 'E_LOG_PROOF');
  const wrong = {
    size1: 1,
    size2: 2,
    root1: joined.subarray(0, 31),
    root2: root,
    proof: [joined.subarray(31)],
  };
  expectCode(() => verifyConsistency(sha256, wrong), 'E_LOG_PROOF');
});

test('sizes beyond 32 bits are walked exactly', () => {
  // A tree of 2^40 equal leaves: its complete subtrees are known without making them.
  const leaf = LEAVES[0]!;
  const full: Uint8Array[] = [leaf];
  for (let level = 1; level <= 40; level++) full.push(nodeHash(sha256, full[level - 1]!, full[level - 1]!));
  const read = (level: number): Uint8Array => full[level]!;
  const size = 2 ** 40 - 3;
  const root = treeRoot(sha256, read, size);
  const index = 2 ** 39 + 2 ** 33 + 1;
  const proof = inclusionProof(sha256, read, index, size);
  verifyInclusion(sha256, { index, size, leaf, proof, root });
  // With equal leaves any index of the same shape holds; one on the other side of the root does not.
  expectCode(() => verifyInclusion(sha256, { index: size - 1, size, leaf, proof, root }), 'E_LOG_PROOF');
  const size1 = 2 ** 33 + 5;
  verifyConsistency(sha256, {
    size1,
    size2: size,
    root1: treeRoot(sha256, read, size1),
    root2: root,
    proof: consistencyProof(sha256, read, size1, size),
  });
});

test('a compact range appends with one node hash an entry, and its clone goes its own way', () => {
  let hashes = 0;
  const counting = (data: Uint8Array | string): Uint8Array => {
    hashes++;
    return sha256(data);
  };
  const range = new CompactRange(counting);
  for (const leaf of leaves(1_000)) range.append(leaf);
  expect(hashes).toBeLessThan(1_000);
  const clone = range.clone();
  clone.append(LEAVES[0]!);
  expect(range.size).toBe(1_000);
  expect(hex(range.root())).toBe(hex(rootOf(sha256, leaves(1_000))));
  expect(hex(clone.root())).toBe(hex(rootOf(sha256, [...leaves(1_000), LEAVES[0]!])));
});

test('too few leaf hashes make no tree of the size', () => {
  expectCode(() => inclusionProof(sha256, LEAVES, 0, 9), 'E_USAGE');
  expectCode(() => inclusionProof(sha256, LEAVES, 8, 8), 'E_USAGE');
  expectCode(() => inclusionProof(sha256, LEAVES, -1, 8), 'E_USAGE');
});

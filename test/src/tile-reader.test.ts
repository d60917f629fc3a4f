// Reading a tiled log that nobody vouches for: whatever the files say, an answer is right or there is none (THREATS.md 11, 13).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from '../../src/merkle.ts';
import { TileLog } from '../../src/tile-log.ts';
import { openTileLog } from '../../src/tile-reader.ts';
import { expectCode } from './expect-code.ts';
import { MemoryTiles } from './memory-files.ts';

const SIZE = 700;
const entry = (i: number): Uint8Array => new Uint8Array(Buffer.from(`entry ${i}`));
const leaves = Array.from({ length: SIZE }, (_, i) => leafHash(sha256, entry(i)));
const rootTo = (size: number): Uint8Array => rootOf(sha256, leaves.slice(0, size));
const store = new MemoryTiles();
new TileLog(store, sha256).append(Array.from({ length: SIZE }, (_, i) => entry(i)));
const HEAD = { size: SIZE, root: rootTo(SIZE) };

test('every entry is read and proved, at this size and at an earlier one', () => {
  const reader = openTileLog(store, HEAD, sha256);
  expect([reader.size, reader.root()]).toEqual([SIZE, HEAD.root]);
  for (let i = 0; i < SIZE; i += 13) {
    expect(reader.entry(i)).toEqual(entry(i));
    for (const size of new Set([SIZE, i + 1, i + 1 + Math.floor((SIZE - i - 1) / 2)])) {
      const proof = reader.proveInclusion(i, size);
      verifyInclusion(sha256, { index: i, size, leaf: leaves[i]!, proof, root: rootTo(size) });
    }
  }
});

test('consistency proofs between any two sizes, and the roots at them', () => {
  const reader = openTileLog(store, HEAD, sha256);
  for (const [a, b] of [
    [1, 700],
    [255, 256],
    [256, 257],
    [300, 600],
    [512, 700],
    [700, 700],
  ] as const) {
    const claim = { size1: a, size2: b, root1: rootTo(a), root2: rootTo(b) };
    verifyConsistency(sha256, { ...claim, proof: reader.proveConsistency(a, b) });
    expect(Buffer.from(reader.rootAt(a))).toEqual(Buffer.from(rootTo(a)));
  }
  expect(Buffer.from(reader.rootAt(0))).toEqual(Buffer.from(sha256('')));
});

test('outside the log: E_USAGE', () => {
  const reader = openTileLog(store, HEAD, sha256);
  expectCode(() => reader.entry(SIZE), 'E_USAGE');
  expectCode(() => reader.entry(-1), 'E_USAGE');
  expectCode(() => reader.entry(0.5), 'E_USAGE');
  expectCode(() => reader.proveInclusion(0, SIZE + 1), 'E_USAGE');
  expectCode(() => reader.proveInclusion(5, 5), 'E_USAGE');
  expectCode(() => reader.proveConsistency(0, 5), 'E_USAGE');
  expectCode(() => reader.proveConsistency(6, 5), 'E_USAGE');
  expectCode(() => reader.rootAt(SIZE + 1), 'E_USAGE');
});

test('a proof is given only under the signed root', () => {
  const other = openTileLog(store, { size: SIZE, root: rootTo(SIZE - 1) }, sha256);
  expectCode(() => other.proveInclusion(3), 'E_LOG_CORRUPT');
  expectCode(() => other.entry(3), 'E_LOG_CORRUPT');
  expectCode(() => other.proveConsistency(5), 'E_LOG_CORRUPT');
  expectCode(() => other.rootAt(5), 'E_LOG_CORRUPT');
});

test('one changed bit anywhere: an answer is the true one or E_LOG_CORRUPT', () => {
  const paths = [...store.files.keys()];
  const where = fc.record({
    path: fc.constantFrom(...paths),
    at: fc.nat(),
    bit: fc.nat(7),
    index: fc.nat(SIZE - 1),
  });
  let refused = 0;
  fc.assert(
    fc.property(where, ({ path, at, bit, index }) => {
      const bytes = store.files.get(path)!.slice();
      bytes[at % bytes.length]! ^= 1 << bit;
      const files = new MemoryTiles();
      for (const [name, content] of store.files) files.files.set(name, name === path ? bytes : content);
      const reader = openTileLog(files, HEAD, sha256);
      const answers = [
        () => expect(reader.entry(index)).toEqual(entry(index)),
        () => {
          const claim = { index, size: SIZE, leaf: leaves[index]!, root: HEAD.root };
          verifyInclusion(sha256, { ...claim, proof: reader.proveInclusion(index) });
        },
        () => expect(Buffer.from(reader.rootAt(index + 1))).toEqual(Buffer.from(rootTo(index + 1))),
      ];
      for (const answer of answers) {
        try {
          answer();
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_LOG_CORRUPT' });
          refused++;
        }
      }
    }),
    { numRuns: 200 },
  );
  expect(refused).toBeGreaterThan(0);
});

test('entries swapped within a bundle, and a shorter bundle, are refused', () => {
  const files = new MemoryTiles();
  for (const [name, content] of store.files) files.files.set(name, content);
  const bundle = files.files.get('tile/entries/002.p/188')!;
  const length = 2 + entry(512).length;
  const swapped = new Uint8Array(bundle);
  swapped.set(bundle.subarray(length, 2 * length), 0);
  swapped.set(bundle.subarray(0, length), length);
  files.files.set('tile/entries/002.p/188', swapped);
  expectCode(() => openTileLog(files, HEAD, sha256).entry(512), 'E_LOG_CORRUPT');
  expect(openTileLog(files, HEAD, sha256).entry(514)).toEqual(entry(514));
  files.files.set('tile/entries/002.p/188', bundle.slice(length));
  expectCode(() => openTileLog(files, HEAD, sha256).entry(514), 'E_LOG_CORRUPT');
});

test('where a partial file has gone, the full one serves, and nothing else does', () => {
  const grown = new MemoryTiles();
  const log = new TileLog(grown, sha256);
  log.append(Array.from({ length: 100 }, (_, i) => entry(i)));
  log.append(Array.from({ length: 200 }, (_, i) => entry(100 + i)));
  expect(grown.files.has('tile/0/000.p/100')).toBe(false);
  const old = openTileLog(grown, { size: 100, root: rootTo(100) }, sha256);
  expect(old.entry(99)).toEqual(entry(99));
  verifyInclusion(sha256, {
    index: 7,
    size: 100,
    leaf: leaves[7]!,
    proof: old.proveInclusion(7),
    root: rootTo(100),
  });
  grown.files.delete('tile/0/000');
  expectCode(() => openTileLog(grown, { size: 100, root: rootTo(100) }, sha256).entry(99), 'E_LOG_CORRUPT');
});

test('a proof reads each file once, however often it is asked for', () => {
  const reader = openTileLog(store, HEAD, sha256);
  store.reads = 0;
  reader.proveInclusion(300);
  const first = store.reads;
  expect(first).toBeLessThan(10);
  reader.proveInclusion(301);
  reader.proveInclusion(400);
  expect(store.reads).toBe(first);
});

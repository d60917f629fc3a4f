// The writing half of a tiled log: files as the specification names them, growth, reopening, damage, failed writes.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from '../../src/merkle.ts';
import { TileLog } from '../../src/tile-log.ts';
import { expectCode } from './expect-code.ts';
import { MemoryTiles } from './memory-files.ts';

const entry = (i: number): Uint8Array => new Uint8Array(Buffer.from(`entry ${i}`));
const entries = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, i) => entry(from + i));
const rootTo = (size: number): Uint8Array =>
  rootOf(
    sha256,
    entries(0, size).map((bytes) => leafHash(sha256, bytes)),
  );
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function filled(...sizes: number[]): { store: MemoryTiles; log: TileLog } {
  const store = new MemoryTiles();
  const log = new TileLog(store, sha256);
  for (const size of sizes) log.append(entries(log.size, size));
  return { store, log };
}

test('an empty log has the root of the empty tree and no files', () => {
  const { store, log } = filled();
  expect([log.size, hex(log.root()), store.files.size]).toEqual([0, createHash('sha256').digest('hex'), 0]);
  expect(log.append([])).toEqual({ first: 0, size: 0, root: log.root() });
  expect(store.files.size).toBe(0);
});

test('70,000 entries make the files of the specification', () => {
  const { store, log } = filled(70_000);
  expect(hex(log.root())).toBe(hex(rootTo(70_000)));
  const names = [...store.files.keys()];
  expect(names.filter((name) => /^tile\/0\/\d{3}$/.test(name))).toHaveLength(273);
  expect(names.filter((name) => /^tile\/entries\/\d{3}$/.test(name))).toHaveLength(273);
  expect(names.filter((name) => !/^tile\/(0|entries)\/\d{3}$/.test(name)).sort()).toEqual([
    'tile/0/273.p/112',
    'tile/1/000',
    'tile/1/001.p/17',
    'tile/2/000.p/1',
    'tile/entries/273.p/112',
  ]);
  expect(hex(store.files.get('tile/0/000')!.subarray(0, 32))).toBe(hex(leafHash(sha256, entry(0))));
  expect(hex(store.files.get('tile/1/000')!.subarray(32, 64))).toBe(
    hex(
      rootOf(
        sha256,
        entries(256, 512).map((bytes) => leafHash(sha256, bytes)),
      ),
    ),
  );
  for (const i of [0, 255, 256, 65_535, 65_536, 69_999]) {
    expect(hex(log.entry(i))).toBe(hex(entry(i)));
    const claim = { index: i, size: 70_000, leaf: leafHash(sha256, entry(i)), root: log.root() };
    verifyInclusion(sha256, { ...claim, proof: log.proveInclusion(i) });
  }
  const proof = log.proveConsistency(65_537);
  verifyConsistency(sha256, {
    size1: 65_537,
    size2: 70_000,
    root1: rootTo(65_537),
    root2: log.root(),
    proof,
  });
});

test('the files do not depend on how the entries were batched, but for partial tiles', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }), (steps) => {
      const store = new MemoryTiles();
      const log = new TileLog(store, sha256);
      for (const step of steps) {
        const { first, size, root } = log.append(entries(log.size, log.size + step));
        expect([first + step, hex(root)]).toEqual([size, hex(rootTo(size))]);
      }
      const { store: whole } = filled(log.size);
      for (const [path, bytes] of whole.files) expect(hex(store.files.get(path)!)).toBe(hex(bytes));
    }),
    { numRuns: 30 },
  );
});

test('a reopened log goes on as if it had never been closed', () => {
  for (const size of [1, 2, 255, 256, 257, 511, 512, 600]) {
    const { store, log } = filled(size);
    const again = new TileLog(store, sha256, { size, root: log.root() });
    again.append(entries(size, size + 300));
    expect(hex(again.root())).toBe(hex(rootTo(size + 300)));
    expect(hex(again.entry(size))).toBe(hex(entry(size)));
    verifyConsistency(sha256, {
      size1: size,
      size2: size + 300,
      root1: log.root(),
      root2: again.root(),
      proof: again.proveConsistency(size),
    });
  }
});

test('opening reads the right edge only', () => {
  const { store, log } = filled(70_000);
  store.reads = 0;
  const again = new TileLog(store, sha256, { size: 70_000, root: log.root() });
  expect(again.size).toBe(70_000);
  expect(store.reads).toBe(4);
});

test('opening under another root, another size, or over changed, cut, missing edge files is refused', () => {
  const { store, log } = filled(600);
  const head = { size: 600, root: log.root() };
  new TileLog(store, sha256, head);
  expectCode(() => new TileLog(store, sha256, { ...head, root: rootTo(599) }), 'E_LOG_CORRUPT');
  expectCode(() => new TileLog(store, sha256, { ...head, size: 601 }), 'E_LOG_CORRUPT');
  expectCode(() => new TileLog(store, sha256, { ...head, size: -1 }), 'E_USAGE');
  expectCode(() => new TileLog(store, sha256, { ...head, root: new Uint8Array(31) }), 'E_USAGE');
  for (const path of ['tile/0/002.p/88', 'tile/1/000.p/2', 'tile/entries/002.p/88']) {
    const bytes = store.files.get(path)!;
    for (const damaged of [
      bytes.with(9, bytes[9]! ^ 1),
      bytes.slice(0, -1),
      bytes.slice(0, -32),
      undefined,
    ]) {
      if (damaged === undefined) store.files.delete(path);
      else store.files.set(path, damaged);
      expectCode(() => new TileLog(store, sha256, head), 'E_LOG_CORRUPT');
    }
    store.files.set(path, bytes);
  }
  expect(new TileLog(store, sha256, head).size).toBe(600);
});

test('an entry over 65,535 bytes is refused before anything is written', () => {
  const { store, log } = filled(3);
  const before = new Map(store.files);
  expectCode(() => log.append([entry(3), new Uint8Array(65_536)]), 'E_LIMIT');
  expect([log.size, store.files]).toEqual([3, before]);
  log.append([new Uint8Array(65_535)]);
  expect(log.entry(3)).toHaveLength(65_535);
});

test('a full tile replaces its partial ones', () => {
  const { store } = filled(1, 2, 200, 255);
  expect([...store.files.keys()].filter((path) => path.startsWith('tile/0/000.p/'))).toHaveLength(4);
  const { store: full } = filled(1, 2, 200, 255, 256);
  expect([...full.files.keys()].sort()).toEqual(['tile/0/000', 'tile/1/000.p/1', 'tile/entries/000']);
});

test('a write that fails at any point leaves the log as its last checkpoint has it, and the next append repairs', () => {
  const { log: complete } = filled(200, 900);
  for (let writes = 0; ; writes++) {
    const { store, log } = filled(200);
    const head = { size: 200, root: log.root() };
    store.writesLeft = writes;
    let failed = false;
    try {
      log.append(entries(200, 900));
    } catch {
      failed = true;
    }
    store.writesLeft = Number.POSITIVE_INFINITY;
    if (!failed) {
      expect(writes).toBeGreaterThan(6);
      break;
    }
    // The process goes on, or dies and opens the log from the old checkpoint with other entries to add.
    expect([log.size, hex(log.root())]).toEqual([200, hex(head.root)]);
    expect(hex(log.entry(199))).toBe(hex(entry(199)));
    const reopened = new TileLog(store, sha256, head);
    expect(hex(reopened.entry(7))).toBe(hex(entry(7)));
    log.append(entries(200, 900));
    expect(hex(log.root())).toBe(hex(complete.root()));
    expect(hex(log.entry(300))).toBe(hex(entry(300)));
  }
});

test('what the caller does with an appended entry later changes nothing', () => {
  const { log } = filled(1);
  const mine = Buffer.from(entry(1));
  log.append([mine]);
  mine.fill(0);
  log.append([entry(2)]);
  expect(hex(log.root())).toBe(hex(rootTo(3)));
  expect(hex(log.entry(1))).toBe(hex(entry(1)));
});

// Paths and contents of a log's files, with the numbers of the specification.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatBundle,
  formatTile,
  parseBundle,
  parseTile,
  partialFolder,
  requireEntrySize,
  tilePath,
  tileWidth,
} from '../../src/tile-paths.ts';
import { expectCode } from './expect-code.ts';

test.each([
  [0, 0, 256, 'tile/0/000'],
  [0, 0, 1, 'tile/0/000.p/1'],
  [0, 67, 255, 'tile/0/067.p/255'],
  [1, 999, 256, 'tile/1/999'],
  [2, 1000, 256, 'tile/2/x001/000'],
  [0, 1234067, 256, 'tile/0/x001/x234/067'],
  ['entries', 1234067, 8, 'tile/entries/x001/x234/067.p/8'],
] as const)('level %s, index %i, width %i is %s', (level, index, width, path) => {
  expect(tilePath(level, index, width)).toBe(path);
});

test('the folder of partial tiles', () => {
  expect(partialFolder(1, 1234067)).toBe('tile/1/x001/x234/067.p');
});

test('the tree of 70,000 entries of the specification, and that of 256', () => {
  const widths = (level: number, size: number): number[] => {
    const found: number[] = [];
    for (let index = 0; tileWidth(level, index, size) > 0; index++) found.push(tileWidth(level, index, size));
    return found;
  };
  expect(widths(0, 70_000)).toEqual([...Array(273).fill(256), 112]);
  expect(widths(1, 70_000)).toEqual([256, 17]);
  expect(widths(2, 70_000)).toEqual([1]);
  expect(widths(3, 70_000)).toEqual([]);
  expect([widths(0, 256), widths(1, 256), widths(2, 256)]).toEqual([[256], [1], []]);
});

test('a bundle is its entries behind big-endian lengths', () => {
  const bundle = formatBundle([Buffer.from('ab'), new Uint8Array(), new Uint8Array(258).fill(7)]);
  expect(Buffer.from(bundle.subarray(0, 8)).toString('hex')).toBe('0002616200000102');
  expect(parseBundle(bundle, 'x')).toEqual([
    new Uint8Array(Buffer.from('ab')),
    new Uint8Array(),
    new Uint8Array(258).fill(7),
  ]);
});

test('bundles and tiles are inverses of their parsers, and no cut bundle passes as the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
      const bundle = formatBundle(entries);
      expect(parseBundle(bundle, 'x')).toEqual(entries);
      for (let cut = 0; cut < bundle.length; cut += 7) {
        let whole: Uint8Array[] | undefined;
        try {
          whole = parseBundle(bundle.subarray(0, cut), 'x');
        } catch {
          continue;
        }
        expect(whole.length).toBeLessThan(entries.length);
      }
    }),
  );
  const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 256 });
  fc.assert(
    fc.property(hashes, (all) => {
      expect(parseTile(formatTile(all), 'x')).toEqual(all);
    }),
  );
});

test('a tile of another length and a bundle that is cut off are damage', () => {
  for (const length of [1, 31, 33, 257 * 32])
    expectCode(() => parseTile(new Uint8Array(length), 'x'), 'E_LOG_CORRUPT');
  expect(parseTile(new Uint8Array(256 * 32), 'x')).toHaveLength(256);
  for (const bytes of [[0], [0, 1], [0, 2, 7], [0, 0, 0]]) {
    expectCode(() => parseBundle(Uint8Array.from(bytes), 'x'), 'E_LOG_CORRUPT');
  }
  expect(parseBundle(Uint8Array.from([0, 1, 7]), 'x')).toEqual([Uint8Array.from([7])]);
});

test('an entry has at most 65,535 bytes', () => {
  requireEntrySize(new Uint8Array(65_535));
  expect(parseBundle(formatBundle([new Uint8Array(65_535)]), 'x')[0]).toHaveLength(65_535);
  expectCode(() => requireEntrySize(new Uint8Array(65_536)), 'E_LIMIT');
  expectCode(() => formatBundle([new Uint8Array(65_536)]), 'E_LIMIT');
});

// Names and contents of the files of a C2SP tiled log (https://c2sp.org/tlog-tiles): tiles of 256 hashes, entry bundles,
// partial tiles.
import { SignetError } from './error.ts';
import { HASH_BYTES } from './merkle.ts';

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree in one tile. */
export const TILE_HEIGHT = 8;
/** A bundle's length prefix has 16 bits. */
const MAX_ENTRY_BYTES = 65_535;

/** `tile/<L>/<N>[.p/<W>]`; L is a level or `entries`, W is given below the full width only. */
export function tilePath(level: number | 'entries', index: number, width: number = TILE_WIDTH): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) as string[];
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

/** Folder of the partial tiles of that index. */
export function partialFolder(level: number | 'entries', index: number): string {
  return `${tilePath(level, index)}.p`;
}

/** How many hashes tile `index` of `level` has in a tree of `size`: 0 where it does not exist, 256 where it is full. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / 2 ** (TILE_HEIGHT * level));
  return Math.min(Math.max(hashes - index * TILE_WIDTH, 0), TILE_WIDTH);
}

/** The hashes as one tile. */
export function formatTile(hashes: readonly Uint8Array[]): Uint8Array {
  const tile = new Uint8Array(hashes.length * HASH_BYTES);
  for (const [i, hash] of hashes.entries()) tile.set(hash, i * HASH_BYTES);
  return tile;
}

/** The hashes of a tile; a length that is no whole number of hashes, or over 256 of them, is E_LOG_CORRUPT. */
export function parseTile(bytes: Uint8Array, path: string): Uint8Array[] {
  if (bytes.length % HASH_BYTES !== 0 || bytes.length > TILE_WIDTH * HASH_BYTES) {
    throw corrupt(path, `${bytes.length} bytes are no tile`);
  }
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** The entries as a bundle, each behind its length as big-endian uint16. Longer than 65,535 bytes: E_LIMIT. */
export function formatBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  const view = new DataView(bundle.buffer);
  let offset = 0;
  for (const entry of entries) {
    requireEntrySize(entry);
    view.setUint16(offset, entry.length);
    bundle.set(entry, offset + 2);
    offset += 2 + entry.length;
  }
  return bundle;
}

/** The entries of a bundle; one that is cut off is E_LOG_CORRUPT. */
export function parseBundle(bytes: Uint8Array, path: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 2 <= bytes.length ? offset + 2 + view.getUint16(offset) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw corrupt(path, `entry ${entries.length} of the bundle is cut off`);
    entries.push(bytes.slice(offset + 2, end));
    offset = end;
  }
  return entries;
}

/** E_LIMIT where the entry does not fit behind a 16-bit length. */
export function requireEntrySize(entry: Uint8Array, item = 'log entry'): void {
  if (entry.length <= MAX_ENTRY_BYTES) return;
  throw new SignetError(
    'E_LIMIT',
    `a ${item} is too large: keep large values elsewhere and log their digest`,
    {
      item,
      expected: `at most ${MAX_ENTRY_BYTES} bytes`,
      actual: String(entry.length),
    },
  );
}

/** The error for a log file that is missing or wrong. */
export function corrupt(path: string, what: string): SignetError {
  return new SignetError('E_LOG_CORRUPT', `${path}: ${what}`, {
    item: path,
    expected: 'the tiles that the checkpoint signs',
    actual: what,
  });
}

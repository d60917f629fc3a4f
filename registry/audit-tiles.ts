// The tiles of a log, every one that is there (C2SP tlog-tiles; THREATS.md 13): also partial ones that a larger tile has replaced
// since, which someone may still be served. Each must be what the entries make it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../keys/hash.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import { leafHash, rootOf } from '../src/merkle.ts';
import { TILE_WIDTH } from '../src/tile-paths.ts';
import { finding, type Report } from './audit-replay.ts';
import { DirectoryTransport, FILE_LIMITS } from './transport.ts';

const TILE = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** Whether the path is that of a tile or bundle. */
export const isTilePath = (path: string): boolean => TILE.test(path);

/** Compares every tile and bundle in the folder with what these entries make. */
export function auditTiles(directory: string, entries: readonly Uint8Array[], report: Report): void {
  const transport = new DirectoryTransport(directory);
  const levels = [entries.map((entry) => leafHash(sha256, entry))];
  for (let below = levels[0] as Uint8Array[]; below.length >= TILE_WIDTH; ) {
    const count = Math.floor(below.length / TILE_WIDTH);
    const hashes = below;
    below = Array.from({ length: count }, (_, i) =>
      rootOf(sha256, hashes.slice(i * TILE_WIDTH, (i + 1) * TILE_WIDTH)),
    );
    levels.push(below);
  }
  const bundles = entries.map((entry) =>
    Buffer.concat([Buffer.of(entry.length >> 8, entry.length & 0xff), entry]),
  );
  for (const path of tilesIn(directory)) {
    const [, level = '', place = '', partial] = TILE.exec(path) as RegExpExecArray;
    const items: readonly Uint8Array[] = (level === 'entries' ? bundles : levels[Number(level)]) ?? [];
    const index = Number(place.replaceAll(/[x/]/g, ''));
    const end = index * TILE_WIDTH + (partial === undefined ? TILE_WIDTH : Number(partial));
    if (end > items.length) {
      report(
        finding(
          'E_AUDIT_ADDED',
          `${path} reaches beyond the log`,
          path,
          `at most ${items.length}`,
          String(end),
        ),
      );
      continue;
    }
    try {
      const expected = Buffer.concat(items.slice(index * TILE_WIDTH, end));
      const actual = transport.read(path, FILE_LIMITS.tile) ?? new Uint8Array();
      if (Buffer.compare(expected, actual) === 0) continue;
      report(
        finding(
          'E_AUDIT_CHANGED',
          `${path} is not what the entries make it`,
          path,
          digest(expected),
          digest(actual),
        ),
      );
    } catch (thrown) {
      if (!(thrown instanceof SignetError)) throw thrown;
      report(asSignetError(thrown), path);
    }
  }
}

function tilesIn(directory: string): string[] {
  return readdirSync(join(directory, 'tile'), { recursive: true, encoding: 'utf8' })
    .map((name) => `tile/${name}`)
    .filter(isTilePath)
    .filter((path) => !path.endsWith('.p'))
    .sort();
}

const digest = (bytes: Uint8Array): string => `sha256:${Buffer.from(sha256(bytes)).toString('hex')}`;

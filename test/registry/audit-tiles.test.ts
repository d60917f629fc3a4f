// Tiles against entries, in a log of more than one tile.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import { auditTiles, isTilePath } from '../../registry/audit-tiles.ts';
import { TileDir } from '../../registry/tile-dir.ts';
import { asSignetError } from '../../src/error.ts';
import { TileLog } from '../../src/tile-log.ts';

const entries = Array.from({ length: 600 }, (_, i) => Buffer.from(`entry ${i}`));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-tiles-'));
  new TileLog(new TileDir(folder), sha256, undefined).append(entries);
});
afterAll(() => rmSync(folder, { recursive: true }));
function audit(): string[] {
  const found: string[] = [];
  auditTiles(folder, entries, (thrown) => {
    const { code, item } = asSignetError(thrown);
    found.push(`${code} ${item}`);
  });
  return found;
}

test('every tile of a good log is what its entries make it', () => expect(audit()).toEqual([]));

test.each(['tile/entries/001', 'tile/0/000', 'tile/0/002.p/88', 'tile/1/000.p/2'])('%s', (path) => {
  const bytes = readFileSync(join(folder, path));
  writeFileSync(join(folder, path), Buffer.from(bytes).fill(1, 5, 6));
  expect(audit()).toEqual([`E_AUDIT_CHANGED ${path}`]);
  writeFileSync(join(folder, path), bytes);
});

test('paths of tiles', () => {
  for (const path of ['tile/0/000', 'tile/0/x001/234.p/5', 'tile/entries/000'])
    expect(isTilePath(path)).toBe(true);
  for (const path of ['tile/0/00', 'tile/x/000', 'tile/0/000.p', 'tile/0/../000', 'checkpoint'])
    expect(isTilePath(path)).toBe(false);
});

// Releases in files, and THREATS.md 6: what lies about its size, or is simply huge, is refused while memory stays flat.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatExport } from '../../registry/export.ts';
import { exportName, PROOF_SUFFIX, readReleaseFile, releaseFilesIn } from '../../registry/release-file.ts';
import { entryHeader } from '../../registry/tar-format.ts';

const GIB = 1024 ** 3;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-release-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const code = (value: string) => expect.objectContaining({ code: value });
/** A file of that size which takes no space. */
function sparse(name: string, size: number, start: Uint8Array = new Uint8Array()): string {
  writeFileSync(at(name), start);
  const fd = openSync(at(name), 'r+');
  ftruncateSync(fd, size);
  closeSync(fd);
  return at(name);
}

test('an archive with its proof beside it, without one, and an exported file', () => {
  writeFileSync(at('a.tar'), 'archive');
  expect(readReleaseFile(at('a.tar')).proof).toBeUndefined();
  writeFileSync(at(`a.tar${PROOF_SUFFIX}`), '{}');
  const parts = ({ archive, proof }: ReturnType<typeof readReleaseFile>) => [
    Buffer.from(archive).toString(),
    Buffer.from(proof ?? []).toString(),
  ];
  expect(parts(readReleaseFile(at('a.tar')))).toEqual(['archive', '{}']);
  writeFileSync(at('b.signet'), formatExport({ archive: Buffer.from('x'), proof: Buffer.from('y') }));
  writeFileSync(at(`b.signet${PROOF_SUFFIX}`), 'not this one');
  expect(parts(readReleaseFile(at('b.signet')))).toEqual(['x', 'y']);
  expect(() => readReleaseFile(at('c.tar'))).toThrow(code('E_NOT_FOUND'));
  expect(releaseFilesIn(folder)).toEqual([at('a.tar'), at('b.signet')]);
  expect(exportName('acme/tool', '1.0.0')).toBe('acme-tool-1.0.0.signet');
});

const MEASURE = `
import { readReleaseFile } from ${JSON.stringify(resolve(import.meta.dirname, '../../registry/release-file.ts'))};
import { readArchive } from ${JSON.stringify(resolve(import.meta.dirname, '../../registry/archive.ts'))};
const before = process.memoryUsage().rss;
let code = 'passed';
try {
  readArchive(readReleaseFile(process.argv[1]).archive);
} catch (error) { code = error.code; }
console.log(JSON.stringify({ code, mib: (process.resourceUsage().maxRSS * 1024 - before) / 1048576 }));
`;
function refuse(path: string): { code: string; mib: number } {
  const output = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', MEASURE, path]);
  return JSON.parse(output.toString()) as { code: string; mib: number };
}

test.each<[string, () => string, string]>([
  ['an archive of 1 GiB', () => sparse('huge.tar', GIB), 'E_LIMIT'],
  [
    'an exported file of 1 GiB',
    () => sparse('huge.signet', GIB, Buffer.from('signet-export/1 1 1\n')),
    'E_LIMIT',
  ],
  [
    'an exported file that says it has 1 GiB',
    () => sparse('lying.signet', 4096, Buffer.from('signet-export/1 999999999 1\n')),
    'E_FORMAT',
  ],
  [
    'a proof of 1 GiB',
    () => {
      sparse(`small.tar${PROOF_SUFFIX}`, GIB);
      return sparse('small.tar', 1536);
    },
    'E_LIMIT',
  ],
  [
    'an archive whose entry says it has 1 GiB',
    () => sparse('lying.tar', 4096, entryHeader('a', 0o644, GIB)),
    'E_ARCHIVE_FORMAT',
  ],
])('row 6: %s is refused, and memory stays flat', (_, make, expected) => {
  const { code: found, mib } = refuse(make());
  expect(found).toBe(expected);
  expect(mib).toBeLessThan(96);
});

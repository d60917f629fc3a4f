// The journal's segments on disk: names, order, and what else may lie in the folder (THREATS.md 37).
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJournalStore, readJournalStore } from '../../host/journal-store.ts';
import { expectCode } from '../src/expect-code.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

test('segments are made whole, found in order, and read beside their writer', () => {
  const store = openJournalStore(join(folder, 'journal'));
  for (const first of [0, 1_000_000_000_000, 9, 100]) store.create(first, bytes(`head ${first}`)).close();
  expect(store.segments()).toEqual([0, 9, 100, 1_000_000_000_000]);
  expect(statSync(join(folder, 'journal')).mode & 0o777).toBe(0o700);
  const writer = store.open(100);
  writer.append(bytes('!'));
  writer.flush();
  const reader = readJournalStore(join(folder, 'journal')).open(100);
  expect(Buffer.from(reader.read(0, 99)).toString()).toBe('head 100!');
  reader.close();
  writer.close();
});

test('what is no segment is passed over, a segment that is no file is E_IO', () => {
  const store = openJournalStore(folder);
  store.create(0, bytes('head')).close();
  writeFileSync(join(folder, '1.records'), '');
  writeFileSync(join(folder, '.000000000000005.records.tmp'), '');
  mkdirSync(join(folder, '000000000000007.records'));
  symlinkSync('/etc/passwd', join(folder, '000000000000008.records'));
  expect(store.segments()).toEqual([0, 7, 8]);
  for (const first of [7, 8, 9]) expectCode(() => store.open(first), 'E_IO');
});

test('a folder that cannot be made is E_IO, and one that is missing has nothing to read', () => {
  writeFileSync(join(folder, 'file'), '');
  expectCode(() => openJournalStore(join(folder, 'file', 'journal')), 'E_IO');
  expect(readJournalStore(join(folder, 'none')).segments()).toEqual([]);
  expect(readdirSync(folder)).toEqual(['file']);
});

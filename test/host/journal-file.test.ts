// The journal on a real disk: permissions, links, reopening, and a writer that is killed in the middle (THREATS.md 37, H20).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJournalFile as openFile } from '../../host/journal-file.ts';
import { openJournalStore, readJournalStore } from '../../host/journal-store.ts';
import { sha256 } from '../../keys/hash.ts';
import { Journal } from '../../src/journal.ts';
import { surveyJournal } from '../../src/journal-reader.ts';
import { expectCode } from '../src/expect-code.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-journal-'));
  path = join(folder, 'records');
  writeFileSync(path, '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const openJournalFile = (name: string) => openFile(name, 'write');
const openJournal = (store = join(folder, 'journal')): Journal =>
  new Journal({ store: openJournalStore(store), sha256 });
const SEGMENT = join('journal', '000000000000000.records');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

test('appends, reads, cuts, and keeps it all when reopened', () => {
  const file = openJournalFile(path);
  file.append(bytes('hello '));
  file.append(bytes('world'));
  file.sync();
  expect(file.size()).toBe(11);
  expect(file.read(6, 100)).toEqual(bytes('world'));
  expect(file.read(2, 3)).toEqual(bytes('llo'));
  expect(file.read(50, 3)).toEqual(bytes(''));
  file.truncate(5);
  file.append(bytes('!'));
  file.close();
  const again = openJournalFile(path);
  expect(again.read(0, 100)).toEqual(bytes('hello!'));
  again.append(bytes('?'));
  again.sync();
  expect(readFileSync(path, 'utf8')).toBe('hello!?');
  again.close();
});

test('what is appended is written at the latest in the next turn of the event loop, in one piece and in order', async () => {
  const file = openJournalFile(path);
  for (const part of ['a', 'b', 'c']) file.append(bytes(part));
  await new Promise((turn) => setImmediate(turn));
  expect(readFileSync(path, 'utf8')).toBe('abc');
  file.append(bytes('d'));
  file.close();
  expect(readFileSync(path, 'utf8')).toBe('abcd');
});

test('what is flushed is in the file at once', () => {
  const journal = openJournal();
  const size = statSync(join(folder, SEGMENT)).size;
  journal.append({ type: 'host.close', at: 1 });
  expect(statSync(join(folder, SEGMENT)).size).toBe(size);
  journal.append({ type: 'host.close', at: 2 }, { written: true });
  expect(statSync(join(folder, SEGMENT)).size).toBeGreaterThan(size);
  journal.close();
});

test('cutting never makes a file longer', () => {
  const file = openJournalFile(path);
  file.append(bytes('abc'));
  expectCode(() => file.truncate(4), 'E_IO');
  file.truncate(3);
  file.truncate(2);
  file.close();
  expect(readFileSync(path, 'utf8')).toBe('ab');
});

/** A journal on a disk with room for 8 KiB: what it says of records that are written later, and of everything after. */
const FULL_DISK = `
const [path, root] = process.argv.slice(1);
process.on('SIGXFSZ', () => {});
const { openJournalStore } = await import(root + '/host/journal-store.ts');
const { Journal } = await import(root + '/src/journal.ts');
const { sha256 } = await import(root + '/keys/hash.ts');
const { statSync } = await import('node:fs');
const journal = new Journal({ store: openJournalStore(path), sha256 });
const codeOf = (work) => { try { work(); return 'ok'; } catch (error) { return error.code; } };
const append = (options) => codeOf(() =>
  journal.append({ type: 'worker.lost', at: 1, domain: 'd', reason: 'r'.repeat(900) }, options));
let accepted = 0;
while (accepted < 100 && append() === 'ok') { accepted++; await new Promise((turn) => setImmediate(turn)); }
const later = [append(), append({ written: true }), codeOf(() => journal.sync())];
const committed = await journal.commit().then(() => 'ok', (error) => error.code);
const { size } = statSync(path + '/000000000000000.records');
console.log(JSON.stringify({ accepted, size, later: [...later, committed], close: codeOf(() => journal.close()) }));
`;

test('a disk that is full ends the journal, and what was on it before is all there', () => {
  const root = join(import.meta.dirname, '../..');
  const line = 'ulimit -f 8 && exec "$@"';
  const node = [process.execPath, '--input-type=module', '--eval', FULL_DISK, join(folder, 'journal'), root];
  const said = execFileSync('/bin/bash', ['-c', line, 'bash', ...node], { encoding: 'utf8' });
  const { accepted, size, later, close } = JSON.parse(said) as Record<string, unknown>;
  expect(later).toEqual(['E_IO', 'E_IO', 'E_IO', 'E_IO']);
  expect(close).toBe('E_IO');
  expect(statSync(join(folder, SEGMENT)).size).toBe(size);
  expect(
    readFileSync(join(folder, SEGMENT))
      .subarray(-16)
      .every((byte) => byte === 0),
  ).toBe(false);
  const journal = openJournal();
  // The last of them never reached the disk.
  expect(journal.size).toBe((accepted as number) - 1);
  expect([...journal.records()]).toHaveLength(journal.size);
  journal.append({ type: 'host.close', at: 2 });
  journal.sync();
  journal.close();
});

test('the files and a folder made for them are for their owner alone', () => {
  openJournal().close();
  expect(statSync(join(folder, SEGMENT)).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'journal')).mode & 0o777).toBe(0o700);
  const open = join(folder, 'open');
  writeFileSync(open, '', { mode: 0o666 });
  openJournalFile(open).close();
  expect(statSync(open).mode & 0o777).toBe(0o600);
});

test('what is only read cannot be written, and nothing is made for a reader', () => {
  const reader = openFile(path, 'read');
  reader.append(bytes('x'));
  expectCode(() => reader.flush(), 'E_IO');
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(readJournalStore(join(folder, 'none')).segments()).toEqual([]);
  expect(existsSync(join(folder, 'none'))).toBe(false);
  expectCode(() => readJournalStore(join(folder, 'none')).create(0, bytes('x')), 'E_IO');
});

test('a link, a folder, a closed file are E_IO', () => {
  const target = join(folder, 'target');
  writeFileSync(target, 'precious');
  const link = join(folder, 'link');
  symlinkSync(target, link);
  expectCode(() => openJournalFile(link), 'E_IO');
  expect(readFileSync(target, 'utf8')).toBe('precious');
  mkdirSync(join(folder, 'dir'));
  expectCode(() => openJournalFile(join(folder, 'dir')), 'E_IO');
  expectCode(() => openJournalFile(join(target, 'below')), 'E_IO');
  const file = openJournalFile(path);
  file.close();
  expectCode(() => file.append(bytes('x')), 'E_IO');
  expectCode(() => file.sync(), 'E_IO');
  expectCode(() => file.read(0, 1), 'E_IO');
});

const WRITER = `
const [path, root] = process.argv.slice(1);
const { openJournalStore } = await import(root + '/host/journal-store.ts');
const { Journal } = await import(root + '/src/journal.ts');
const { sha256 } = await import(root + '/keys/hash.ts');
const journal = new Journal({ store: openJournalStore(path), sha256, segmentBytes: 4096 });
process.stdout.write('open ' + journal.size + '\\n');
for (let i = journal.size; ; i++) {
  journal.append({ type: 'worker.lost', at: i, domain: 'x'.repeat(i % 200), reason: 'r' });
  if (i % 10 === 9) await journal.commit();
  if (i % 10 === 9) process.stdout.write('durable ' + (i + 1) + '\\n');
}
`;

/** Runs the writer until it has said that so many records are durable, kills it with SIGKILL, returns what it said last. */
async function killAfter(records: number): Promise<number> {
  const root = join(import.meta.dirname, '../..');
  const args = ['--input-type=module', '--eval', WRITER, join(folder, 'journal'), root];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  const durable = (): number => Number(said.match(/durable (\d+)\n(?!.*durable \d+\n)/s)?.[1] ?? 0);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (durable() >= records) child.kill('SIGKILL');
    });
  });
  expect(child.signalCode).toBe('SIGKILL');
  return durable();
}

test('a writer killed with SIGKILL again and again loses nothing that it called durable', async () => {
  for (const records of [10, 60, 200]) {
    const durable = await killAfter(records);
    const journal = openJournal();
    expect(journal.size).toBeGreaterThanOrEqual(durable);
    const found = [...journal.records()];
    expect(found.length).toBe(journal.size);
    expect(found.every(({ index, record }) => record.at === index)).toBe(true);
    journal.close();
    expect(surveyJournal(readJournalStore(join(folder, 'journal')), sha256).size).toBe(found.length);
  }
});

test('a record torn on disk is cut off when the journal is opened, and the next one follows', () => {
  const record = { type: 'host.close', at: 1 } as const;
  const journal = openJournal();
  for (let i = 0; i < 3; i++) journal.append(record);
  journal.close();
  const segment = join(folder, SEGMENT);
  truncateSync(segment, statSync(segment).size - 1);
  const reopened = openJournal();
  expect([reopened.size, reopened.recovered.droppedBytes > 0]).toEqual([2, true]);
  reopened.append(record);
  reopened.close();
  const last = openJournal();
  expect([last.size, last.recovered.droppedBytes]).toEqual([3, 0]);
  last.close();
});

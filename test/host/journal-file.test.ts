// The journal on a real disk: permissions, links, reopening, and a writer that is killed in the middle (THREATS.md 37, H20).
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
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
import { openJournalFile } from '../../host/journal-file.ts';
import { sha256 } from '../../keys/hash.ts';
import { Journal } from '../../src/journal.ts';
import { expectCode } from '../src/expect-code.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-journal-'));
  path = join(folder, 'journal', 'records');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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
  const file = openJournalFile(path);
  const journal = new Journal({ file, sha256, origin: 'test' });
  const size = statSync(path).size;
  journal.append({ type: 'host.close', at: 1 });
  expect(statSync(path).size).toBe(size);
  journal.append({ type: 'host.close', at: 2 }, { written: true });
  expect(statSync(path).size).toBeGreaterThan(size);
  file.close();
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
const { openJournalFile } = await import(root + '/host/journal-file.ts');
const { Journal } = await import(root + '/src/journal.ts');
const { sha256 } = await import(root + '/keys/hash.ts');
const { statSync } = await import('node:fs');
const file = openJournalFile(path);
const journal = new Journal({ file, sha256, origin: 'test' });
const codeOf = (work) => { try { work(); return 'ok'; } catch (error) { return error.code; } };
const append = (options) => codeOf(() =>
  journal.append({ type: 'worker.lost', at: 1, domain: 'd', reason: 'r'.repeat(900) }, options));
let accepted = 0;
while (accepted < 100 && append() === 'ok') { accepted++; await new Promise((turn) => setImmediate(turn)); }
const later = [append(), append({ written: true }), append({ durable: true }), codeOf(() => journal.sync())];
console.log(JSON.stringify({ accepted, size: statSync(path).size, later, close: codeOf(() => file.close()) }));
`;

test('a disk that is full ends the journal, and what was on it before is all there', () => {
  const root = join(import.meta.dirname, '../..');
  const line = 'ulimit -f 8 && exec "$@"';
  const node = [process.execPath, '--input-type=module', '--eval', FULL_DISK, path, root];
  const said = execFileSync('/bin/bash', ['-c', line, 'bash', ...node], { encoding: 'utf8' });
  const { accepted, size, later, close } = JSON.parse(said) as Record<string, unknown>;
  expect(later).toEqual(['E_IO', 'E_IO', 'E_IO', 'E_IO']);
  expect(close).toBe('E_IO');
  expect(statSync(path).size).toBe(size);
  expect(
    readFileSync(path)
      .subarray(-16)
      .every((byte) => byte === 0),
  ).toBe(false);
  const file = openJournalFile(path);
  const journal = new Journal({ file, sha256, origin: 'test' });
  // The last of them never reached the disk.
  expect(journal.size).toBe((accepted as number) - 1);
  expect([...journal.records()]).toHaveLength(journal.size);
  journal.append({ type: 'host.close', at: 2 }, { durable: true });
  file.close();
});

test('the file and a folder made for it are for their owner alone', () => {
  openJournalFile(path).close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'journal')).mode & 0o777).toBe(0o700);
  const open = join(folder, 'open');
  writeFileSync(open, '', { mode: 0o666 });
  openJournalFile(open).close();
  expect(statSync(open).mode & 0o777).toBe(0o600);
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
const { openJournalFile } = await import(root + '/host/journal-file.ts');
const { Journal } = await import(root + '/src/journal.ts');
const { sha256 } = await import(root + '/keys/hash.ts');
const journal = new Journal({ file: openJournalFile(path), sha256, origin: 'test' });
process.stdout.write('open ' + journal.size + '\\n');
for (let i = journal.size; ; i++) {
  journal.append({ type: 'worker.lost', at: i, domain: 'x'.repeat(i % 200), reason: 'r' }, { durable: i % 10 === 9 });
  if (i % 10 === 9) process.stdout.write('durable ' + (i + 1) + '\\n');
}
`;

/** Runs the writer until it has said that so many records are durable, kills it with SIGKILL, returns what it said last. */
async function killAfter(records: number): Promise<number> {
  const root = join(import.meta.dirname, '../..');
  const args = ['--input-type=module', '--eval', WRITER, path, root];
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
    const file = openJournalFile(path);
    const journal = new Journal({ file, sha256, origin: 'test' });
    expect(journal.size).toBeGreaterThanOrEqual(durable);
    const found = [...journal.records()];
    expect(found.length).toBe(journal.size);
    expect(found.every(({ index, record }) => record.at === index)).toBe(true);
    file.close();
  }
});

test('a record torn on disk is cut off when the journal is opened, and the next one follows', () => {
  const record = { type: 'host.close', at: 1 } as const;
  const first = openJournalFile(path);
  const journal = new Journal({ file: first, sha256, origin: 'test' });
  for (let i = 0; i < 3; i++) journal.append(record, { durable: true });
  first.close();
  truncateSync(path, statSync(path).size - 1);
  const second = openJournalFile(path);
  const reopened = new Journal({ file: second, sha256, origin: 'test' });
  expect([reopened.size, reopened.recovered.droppedBytes > 0]).toEqual([2, true]);
  reopened.append(record, { durable: true });
  second.close();
  const third = openJournalFile(path);
  const last = new Journal({ file: third, sha256, origin: 'test' });
  expect([last.size, last.recovered.droppedBytes]).toEqual([3, 0]);
  third.close();
});

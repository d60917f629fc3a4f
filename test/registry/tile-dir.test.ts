// A log's files in a folder: nothing outside it, nothing half-written, also when the writer is killed (THREATS.md 20, 21, 37).
import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import { TileDir } from '../../registry/tile-dir.ts';
import { formatCheckpoint, parseCheckpoint } from '../../src/checkpoint.ts';
import { leafHash, rootOf } from '../../src/merkle.ts';
import { TileLog } from '../../src/tile-log.ts';
import { expectCode } from '../src/expect-code.ts';

let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-tiles-'));
  log = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test('writes, reads, replaces, prunes', () => {
  const store = new TileDir(log);
  expect(store.read('checkpoint')).toBeUndefined();
  expect(store.read('tile/0/000')).toBeUndefined();
  expect(files()).toEqual([]);
  store.write('tile/0/x001/000', bytes('one'));
  store.write('checkpoint', bytes('old'));
  store.write('checkpoint', bytes('new'));
  store.write('tile/0/000.p/3', bytes('p3'));
  store.write('tile/0/000.p/255', bytes('p255'));
  expect(files()).toEqual([
    'log/checkpoint',
    'log/tile/0/000.p/255',
    'log/tile/0/000.p/3',
    'log/tile/0/x001/000',
  ]);
  expect(store.read('checkpoint')).toEqual(bytes('new'));
  expect(new TileDir(log).read('tile/0/x001/000')).toEqual(bytes('one'));
  store.prune('tile/0/000.p');
  store.prune('tile/0/000.p');
  store.prune('tile/7/000.p');
  expect(files()).toEqual(['log/checkpoint', 'log/tile/0/x001/000']);
  expect(store.read('tile/0/000.p/3')).toBeUndefined();
});

test.each([
  '../secret',
  '/etc/passwd',
  'tile/../../secret',
  'tile/0/../../../secret',
  'tile/0/000/../../../../secret',
  'tile\\0\\000',
  'tile/0/000\0',
  'tile/64/000',
  'tile/00/000',
  'tile/0/0000',
  'tile/0/001/000',
  'tile/0/000.p/0',
  'tile/0/000.p/01',
  'tile/0/000.p/3/4',
  '.checkpoint',
  'checkpoint/',
  'Checkpoint',
  '',
  '.',
])('the path %j is no log file', (path) => {
  writeFileSync(join(folder, 'secret'), 'secret');
  const store = new TileDir(log);
  store.write('checkpoint', bytes('x'));
  expectCode(() => store.read(path), 'E_USAGE');
  expectCode(() => store.write(path, bytes('owned')), 'E_USAGE');
  expectCode(() => store.prune(path), 'E_USAGE');
  expect(files()).toEqual(['log/checkpoint', 'secret']);
});

test('only a folder of partial tiles is pruned', () => {
  const store = new TileDir(log);
  store.write('tile/0/000', bytes('full'));
  expectCode(() => store.prune('tile/0/000'), 'E_USAGE');
  expect(store.read('tile/0/000')).toEqual(bytes('full'));
});

test('links are not followed, neither as a file nor as a folder on the way; the log itself may be one', () => {
  const outside = join(folder, 'outside');
  mkdirSync(join(outside, '000.p'), { recursive: true });
  writeFileSync(join(outside, '000'), 'secret');
  mkdirSync(join(log, 'tile'), { recursive: true });
  symlinkSync(outside, join(log, 'tile/0'));
  symlinkSync(join(outside, '000'), join(log, 'checkpoint'));
  const store = new TileDir(log);
  expectCode(() => store.read('tile/0/000'), 'E_IO');
  expectCode(() => store.read('checkpoint'), 'E_IO');
  expectCode(() => store.write('tile/0/000', bytes('owned')), 'E_IO');
  expectCode(() => store.write('tile/0/000.p/1', bytes('owned')), 'E_IO');
  expectCode(() => store.prune('tile/0/000.p'), 'E_IO');
  store.write('checkpoint', bytes('mine'));
  expect(readFileSync(join(outside, '000'), 'utf8')).toBe('secret');
  expect(readdirSync(outside).sort()).toEqual(['000', '000.p']);
  const alias = join(folder, 'alias');
  symlinkSync(log, alias);
  expect(new TileDir(alias).read('checkpoint')).toEqual(bytes('mine'));
});

test('a pipe, a folder and a file that is too large are refused without being read', () => {
  const store = new TileDir(log);
  store.write('tile/0/000', bytes('x'));
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(log, 'checkpoint')]);
  expectCode(() => store.read('checkpoint'), 'E_IO');
  mkdirSync(join(log, 'tile/0/001'));
  expectCode(() => store.read('tile/0/001'), 'E_IO');
  const entries = join(log, 'tile/0/002');
  writeFileSync(entries, '');
  truncateSync(entries, 256 * 65_537);
  expect(store.read('tile/0/002')).toHaveLength(256 * 65_537);
  truncateSync(entries, 256 * 65_537 + 1);
  expectCode(() => store.read('tile/0/002'), 'E_LIMIT');
});

test('what is in the way of a folder is E_IO', () => {
  writeFileSync(log, 'a file');
  const store = new TileDir(log);
  expect(store.read('checkpoint')).toBeUndefined();
  expectCode(() => store.write('tile/0/000', bytes('x')), 'E_IO');
  expect(files()).toEqual(['log']);
});

const entry = (i: number): Uint8Array => bytes(`entry ${i}`);

/** Grows a log in batches that cross a full tile, and writes an unsigned checkpoint after each, for ever. */
const WRITER = `
const [folder, root] = process.argv.slice(1);
const { TileDir } = await import(root + '/registry/tile-dir.ts');
const { TileLog } = await import(root + '/src/tile-log.ts');
const { formatCheckpoint, parseCheckpoint } = await import(root + '/src/checkpoint.ts');
const { sha256 } = await import(root + '/keys/hash.ts');
const store = new TileDir(folder);
const saved = store.read('checkpoint');
const log = new TileLog(store, sha256, saved && parseCheckpoint(Buffer.from(saved).toString()));
for (;;) {
  const batch = Array.from({ length: 37 }, (_, i) => Buffer.from('entry ' + (log.size + i)));
  const head = log.append(batch);
  store.write('checkpoint', Buffer.from(formatCheckpoint({ origin: 'test', size: head.size, root: head.root })));
  process.stdout.write(head.size + '\\n');
}
`;

async function killAfter(size: number): Promise<void> {
  const root = join(import.meta.dirname, '../..');
  const args = ['--input-type=module', '--eval', WRITER, log, root];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (Number(said.trimEnd().split('\n').at(-1)) >= size) child.kill('SIGKILL');
    });
  });
  expect(child.signalCode).toBe('SIGKILL');
}

test('a writer killed with SIGKILL again and again leaves the log that its checkpoint names', async () => {
  for (const size of [100, 400, 800]) {
    await killAfter(size);
    const store = new TileDir(log);
    const head = parseCheckpoint(Buffer.from(store.read('checkpoint')!).toString());
    expect(head.size).toBeGreaterThanOrEqual(size);
    const expected = Array.from({ length: head.size }, (_, i) => leafHash(sha256, entry(i)));
    expect(Buffer.from(head.root)).toEqual(Buffer.from(rootOf(sha256, expected)));
    const reopened = new TileLog(store, sha256, head);
    for (const i of [0, 99, head.size - 1]) expect(reopened.entry(i)).toEqual(entry(i));
    expect(reopened.proveConsistency(1).length).toBeGreaterThan(0);
    expect(formatCheckpoint({ origin: 'test', size: reopened.size, root: reopened.root() })).toBe(
      Buffer.from(store.read('checkpoint')!).toString(),
    );
  }
});

// THREATS.md 19, 24, 37: what happens to an installed bundle before it is loaded.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archiveDigest, packArchive, readArchive } from '../../registry/archive.ts';
import { readStored, Store } from '../../registry/store.ts';
import { SignetError } from '../../src/error.ts';
import { archiveOf } from './fixture.ts';

const archive = archiveOf({ files: { 'bin/run.sh': '#!/bin/sh\n', 'deep/er/still/x.txt': 'x' } });
const digest = archiveDigest(archive);
const proof = Buffer.from('{"type":"proof/1"}');
let folder: string;
let store: Store;
let entry: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-store-'));
  store = new Store(join(folder, 'store'));
  store.put(digest, readArchive(archive), proof);
  entry = store.path(digest);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = (path: string): string => join(entry, 'files', path);

/** `ok`, or the code with the item it names. */
function outcome(): string {
  try {
    store.read(digest);
    return 'ok';
  } catch (thrown) {
    if (!(thrown instanceof SignetError)) throw thrown;
    return `${thrown.code} ${thrown.item}`;
  }
}

test('what is read back is the archive, byte for byte, and the proof', () => {
  const stored = store.read(digest);
  expect(Buffer.from(stored.archive).equals(archive)).toBe(true);
  expect(Buffer.from(stored.proof).equals(proof)).toBe(true);
  expect(statSync(file('bin/run.sh')).mode & 0o7777).toBe(0o755);
  expect(statSync(file('plugin.json')).mode & 0o7777).toBe(0o644);
  expect(readdirSync(store.directory)).toEqual(['sha256']);
});

const ATTACKS: [string, () => void, string][] = [
  ['nothing', () => {}, 'ok'],
  ['a byte changed', () => patch('plugin.json', 3), 'E_FILE_CHANGED plugin.json'],
  ['a byte added', () => appendFileSync(file('README.md'), '!'), 'E_FILE_CHANGED README.md'],
  [
    'a file emptied',
    () => writeFileSync(file('dev.signet/main.js'), ''),
    'E_FILE_CHANGED dev.signet/main.js',
  ],
  ['a file removed', () => rmSync(file('README.md')), 'E_FILE_MISSING README.md'],
  ['a file added', () => writeFileSync(file('extra.txt'), ''), 'E_FILE_ADDED extra.txt'],
  ['a hidden file added deep', () => writeFileSync(file('deep/er/.x'), ''), 'E_FILE_ADDED deep/er/.x'],
  ['a name that no archive may have', () => writeFileSync(file('con.txt'), ''), 'E_FILE_ADDED con.txt'],
  ['an empty folder added', () => mkdirSync(file('empty')), 'E_FILE_ADDED empty/'],
  ['made executable', () => chmodSync(file('README.md'), 0o755), 'E_FILE_MODE README.md'],
  ['no longer executable', () => chmodSync(file('bin/run.sh'), 0o644), 'E_FILE_MODE bin/run.sh'],
  ['setuid', () => chmodSync(file('bin/run.sh'), 0o4755), 'E_FILE_MODE bin/run.sh'],
  ['writable by all', () => chmodSync(file('README.md'), 0o666), 'E_FILE_MODE README.md'],
  ['swapped for a link to itself elsewhere', () => swapForLink('README.md'), 'E_FILE_TYPE README.md'],
  ['swapped for a pipe', () => swapForPipe('README.md'), 'E_FILE_TYPE README.md'],
  ['swapped for a folder', () => swapForFolder('README.md'), 'E_FILE_ADDED README.md/x'],
  ['a folder swapped for a link to its copy', () => swapForLink('deep'), 'E_FILE_TYPE deep'],
  ['FILES.json removed', () => rmSync(file('FILES.json')), 'E_FILE_MISSING FILES.json'],
  ['FILES.json changed', () => patch('FILES.json', 0), 'E_FILE_CHANGED FILES.json'],
  [
    'FILES.json cut',
    () => writeFileSync(file('FILES.json'), readFileSync(file('FILES.json')).subarray(0, -1)),
    'E_FILE_CHANGED FILES.json',
  ],
  [
    'FILES.json in another order of keys',
    () => rewriteList((text) => text.replace(/^\{(.*),"type":"files\/1"\}$/, '{"type":"files/1",$1}')),
    'E_FILE_CHANGED FILES.json',
  ],
  ['FILES.json executable', () => chmodSync(file('FILES.json'), 0o755), 'E_FILE_MODE FILES.json'],
  ['something beside files', () => writeFileSync(join(entry, 'cache'), ''), 'E_FILE_ADDED cache'],
  ['the proof removed', () => rmSync(join(entry, 'proof.json')), 'E_FILE_MISSING proof.json'],
  [
    'the proof a link',
    () => {
      renameSync(join(entry, 'proof.json'), join(folder, 'p'));
      symlinkSync(join(folder, 'p'), join(entry, 'proof.json'));
    },
    'E_FILE_TYPE proof.json',
  ],
  [
    'files a link to a copy',
    () => {
      renameSync(join(entry, 'files'), join(folder, 'f'));
      symlinkSync(join(folder, 'f'), join(entry, 'files'));
    },
    'E_FILE_TYPE files',
  ],
];
test.each(ATTACKS)('row 24: %s', (_, attack, expected) => {
  attack();
  expect(outcome()).toBe(expected);
});

test('row 24: a file and FILES.json changed together are no longer the signed archive', () => {
  const other = readArchive(packArchive([{ path: 'plugin.json', bytes: Buffer.from('{}') }]));
  rmSync(join(entry, 'files'), { recursive: true });
  mkdirSync(join(entry, 'files'));
  for (const [path, { bytes }] of other) writeFileSync(file(path), bytes);
  expect(outcome()).toBe('E_FILE_CHANGED FILES.json');
});

test('the refusal names expected and actual digest of the file', () => {
  appendFileSync(file('README.md'), '!');
  const hash = (text: string): string =>
    `sha256:${execFileSync('sha256sum', { input: text }).toString().slice(0, 64)}`;
  expect(() => store.read(digest)).toThrow(
    expect.objectContaining({ item: 'README.md', expected: hash('Greets.\n'), actual: hash('Greets.\n!') }),
  );
});

test('another bundle moved to this digest is refused', () => {
  const other = archiveOf({ version: '2.0.0' });
  const target = archiveDigest(other);
  store.put(target, readArchive(other), proof);
  rmSync(entry, { recursive: true });
  renameSync(store.path(target), entry);
  expect(outcome()).toBe('E_FILE_CHANGED FILES.json');
});

test('a bundle that is not there, and a link in the place of its folder', () => {
  renameSync(entry, join(folder, 'moved'));
  expect(outcome()).toBe(`E_FILE_MISSING ${entry}`);
  symlinkSync(join(folder, 'moved'), entry);
  expect(outcome()).toBe(`E_FILE_TYPE ${entry}`);
  expect(() => readStored(join(folder, 'moved'), digest)).not.toThrow();
});

test('row 19: what is verified is what was read: a file swapped afterwards changes nothing that is loaded', () => {
  const stored = store.read(digest);
  writeFileSync(file('dev.signet/main.js'), 'evil()');
  expect(archiveDigest(stored.archive)).toBe(digest);
  expect(Buffer.from(readArchive(stored.archive).get('dev.signet/main.js')!.bytes).toString()).not.toContain(
    'evil',
  );
});

test('row 37: installing again repairs a damaged entry, and leaves a whole one with the newer proof', () => {
  patch('plugin.json', 3);
  rmSync(file('README.md'));
  store.put(digest, readArchive(archive), proof);
  expect(outcome()).toBe('ok');
  const before = statSync(file('plugin.json')).ino;
  store.put(digest, readArchive(archive), Buffer.from('{"newer":true}'));
  expect(statSync(file('plugin.json')).ino).toBe(before);
  expect(Buffer.from(store.read(digest).proof).toString()).toBe('{"newer":true}');
  expect(readdirSync(store.directory)).toEqual(['sha256']);
});

test('a hard link keeps the bytes: it is judged like any file', () => {
  linkSync(file('README.md'), join(folder, 'elsewhere'));
  expect(outcome()).toBe('ok');
  writeFileSync(join(folder, 'elsewhere'), 'changed');
  expect(outcome()).toBe('E_FILE_CHANGED README.md');
});

function patch(path: string, at: number): void {
  const bytes = readFileSync(file(path));
  bytes[at]! ^= 1;
  writeFileSync(file(path), bytes);
}

function swapForLink(path: string): void {
  renameSync(file(path), join(folder, 'original'));
  symlinkSync(join(folder, 'original'), file(path));
}

function swapForPipe(path: string): void {
  rmSync(file(path));
  execFileSync('mkfifo', [file(path)]);
}

function swapForFolder(path: string): void {
  rmSync(file(path));
  mkdirSync(file(path));
  writeFileSync(join(file(path), 'x'), '');
}

function rewriteList(change: (text: string) => string): void {
  const before = readFileSync(file('FILES.json'), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(file('FILES.json'), after);
}

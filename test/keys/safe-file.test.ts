// THREATS.md 6, 21, 37: links, pipes, sizes; and files that appear whole.
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createFileExclusive,
  readRegularFile,
  readRegularFileInto,
  syncDirectory,
  writeFileAtomic,
  writeNewFile,
} from '../../keys/safe-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const code = (value: string) => expect.objectContaining({ code: value });

test('a regular file is read; a missing one is undefined, wherever the path ends', () => {
  writeFileSync(join(folder, 'a'), 'text');
  expect(Buffer.from(readRegularFile(join(folder, 'a'), 4)!.bytes).toString()).toBe('text');
  expect(readRegularFile(join(folder, 'b'), 4)).toBeUndefined();
  expect(readRegularFile(join(folder, 'a', 'b'), 4)).toBeUndefined();
});

test('a file is read into exactly as many bytes as it has; one that became another size is refused', () => {
  const file = join(folder, 'a');
  writeFileSync(file, 'text', { mode: 0o644 });
  const bytes = new Uint8Array(4);
  expect(readRegularFileInto(file, bytes)?.size).toBe(4);
  expect(Buffer.from(bytes).toString()).toBe('text');
  for (const size of [0, 3, 5])
    expect(() => readRegularFileInto(file, new Uint8Array(size), 'a')).toThrow(code('E_IO'));
  expect(readRegularFileInto(join(folder, 'b'), bytes)).toBeUndefined();
  symlinkSync('a', join(folder, 'link'));
  expect(() => readRegularFileInto(join(folder, 'link'), bytes)).toThrow(code('E_IO'));
});

test('a link, a pipe and a folder are refused; a pipe does not hang', () => {
  writeFileSync(join(folder, 'a'), 'text');
  symlinkSync('a', join(folder, 'link'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  mkdirSync(join(folder, 'folder'));
  for (const name of ['link', 'dangling', 'pipe', 'folder']) {
    expect(() => readRegularFile(join(folder, name), 100)).toThrow(code('E_IO'));
  }
});

test('a file above the limit is refused before it is read', () => {
  writeFileSync(join(folder, 'a'), 'five!');
  expect(() => readRegularFile(join(folder, 'a'), 4)).toThrow(code('E_LIMIT'));
  expect(readRegularFile(join(folder, 'a'), 5)!.bytes).toHaveLength(5);
});

test('writing replaces whole, with the mode asked for, and leaves nothing beside it', () => {
  const path = join(folder, 'deep', 'a');
  writeFileAtomic(path, Buffer.from('one'), 0o600);
  writeFileAtomic(path, Buffer.from('two'), 0o600);
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).mode & 0o7777).toBe(0o600);
  expect(readdirSync(join(folder, 'deep'))).toEqual(['a']);
});

test('a reader that holds the old file keeps the old bytes', () => {
  const path = join(folder, 'a');
  writeFileAtomic(path, Buffer.from('old'));
  linkSync(path, join(folder, 'held'));
  writeFileAtomic(path, Buffer.from('new'));
  expect(readFileSync(join(folder, 'held'), 'utf8')).toBe('old');
});

test('exclusive creation never replaces, not even a link to nowhere', () => {
  const path = join(folder, 'a');
  expect(createFileExclusive(path, Buffer.from('one'), 0o600)).toBe(true);
  expect(createFileExclusive(path, Buffer.from('two'), 0o600)).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('one');
  symlinkSync('nowhere', join(folder, 'link'));
  expect(createFileExclusive(join(folder, 'link'), Buffer.from('two'), 0o600)).toBe(false);
  expect(readdirSync(folder).sort()).toEqual(['a', 'link']);
});

test('a path that cannot be written is E_IO with the path', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => writeFileAtomic(join(folder, 'file', 'x'), Buffer.from(''))).toThrow(code('E_IO'));
  mkdirSync(join(folder, 'taken', 'full'), { recursive: true });
  expect(() => writeFileAtomic(join(folder, 'taken'), Buffer.from(''))).toThrow(code('E_IO'));
});

test('a new file has exactly its mode, whatever the umask', () => {
  const before = process.umask(0o077);
  try {
    writeNewFile(join(folder, 'x'), Buffer.from('x'), 0o755);
  } finally {
    process.umask(before);
  }
  expect(statSync(join(folder, 'x')).mode & 0o7777).toBe(0o755);
  expect(() => writeNewFile(join(folder, 'x'), Buffer.from('y'), 0o644)).toThrow();
  expect(() => syncDirectory(folder)).not.toThrow();
});

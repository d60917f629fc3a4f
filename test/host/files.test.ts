import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errnoOf, ioError, writeAtomic, writeBeside } from '../../host/files.ts';
import { temporaryFolder } from './broker-fixture.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file that cannot be written leaves nothing behind: E_IO', () => {
  expect(() => writeAtomic(join(folder, 'none', 'file'), 'x', 0o600)).toThrow(
    expect.objectContaining({ code: 'E_IO' }),
  );
  mkdirSync(join(folder, 'taken'));
  writeFileSync(join(folder, 'taken', 'inside'), '');
  expect(() => writeAtomic(join(folder, 'taken'), 'x', 0o600)).toThrow(
    expect.objectContaining({ code: 'E_IO' }),
  );
  expect(readdirSync(folder)).toEqual(['taken']);
});

test('a file is created, then replaced, with the mode asked for', () => {
  const file = join(folder, 'file');
  writeAtomic(file, 'one', 0o600);
  const first = statSync(file).ino;
  writeAtomic(file, 'two', 0o600);
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(file).ino).not.toBe(first);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('beside a file is in its folder, under another name', () => {
  const beside = writeBeside(join(folder, 'file'), 'x', 0o600);
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([beside]);
});

test('errnoOf reads only what a system call said', () => {
  const failure = ioError('/x', Object.assign(new Error('no'), { code: 'ENOENT' }));
  expect(errnoOf(failure.cause)).toBe('ENOENT');
  expect(errnoOf(new Error('no'))).toBeUndefined();
  expect(errnoOf('ENOENT')).toBeUndefined();
});

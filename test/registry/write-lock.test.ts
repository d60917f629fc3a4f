// THREATS.md 39: one writer, also across processes; a dead one's lock is no obstacle.
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exclusively, WriteLock } from '../../registry/write-lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-lock-'));
  path = join(folder, '.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const busy = expect.objectContaining({ code: 'E_REGISTRY_BUSY', actual: `process ${process.pid}` });

test('the lock is held once, given up once, and leaves nothing', () => {
  const lock = new WriteLock(path);
  expect(() => lock.requireHeld()).not.toThrow();
  expect(() => new WriteLock(path)).toThrow(busy);
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
  new WriteLock(path).release();
});

test('the lock of a process that is gone is taken over', () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(path, `${pid} x\n`);
  const lock = new WriteLock(path);
  expect(() => lock.requireHeld()).not.toThrow();
  expect(readdirSync(folder)).toEqual(['.lock']);
  lock.release();
});

test('a lock that names no process is taken over', () => {
  for (const content of ['', 'x', '-1 x', '0 x']) {
    writeFileSync(path, content);
    new WriteLock(path).release();
  }
});

test('rows 6, 21: a pipe or a folder in the place of the lock ends in an error, not in waiting', () => {
  spawnSync('mkfifo', [path]);
  expect(() => exclusively(path, () => 1)).toThrow(expect.objectContaining({ code: 'E_IO' }));
  rmSync(path);
  mkdirSync(path);
  expect(() => exclusively(path, () => 1)).toThrow(expect.objectContaining({ code: 'E_IO' }));
  rmSync(path, { recursive: true });
  expect(exclusively(path, () => 1)).toBe(1);
});

test('someone else’s lock is neither kept nor released', () => {
  const lock = new WriteLock(path);
  writeFileSync(path, `${process.pid} other\n`);
  expect(() => lock.requireHeld()).toThrow(busy);
  lock.release();
  expect(existsSync(path)).toBe(true);
  rmSync(path);
  expect(() => lock.requireHeld()).toThrow(expect.objectContaining({ code: 'E_REGISTRY_BUSY' }));
});

test('row 39: of many processes that change one file at once none loses what another wrote', async () => {
  const module = fileURLToPath(new URL('../../registry/write-lock.ts', import.meta.url));
  const file = join(folder, 'counter');
  writeFileSync(file, '0');
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { exclusively } from ${JSON.stringify(module)};
    for (let i = 0; i < 25; i++)
      exclusively(${JSON.stringify(path)}, () =>
        writeFileSync(${JSON.stringify(file)}, String(Number(readFileSync(${JSON.stringify(file)}, 'utf8')) + 1)));
  `;
  const codes = await Promise.all(
    Array.from({ length: 3 }, () => {
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
        stdio: 'inherit',
      });
      return new Promise((done) => child.on('close', done));
    }),
  );
  expect(codes).toEqual([0, 0, 0]);
  expect(readFileSync(file, 'utf8')).toBe('75');
  expect(readdirSync(folder)).toEqual(['counter']);
});

test('the lock is given up where the body throws, and what it returns is returned', () => {
  const boom = (): never => {
    throw new TypeError('boom');
  };
  expect(() => exclusively(path, boom)).toThrow('boom');
  expect(exclusively(path, () => 7)).toBe(7);
  expect(readdirSync(folder)).toEqual([]);
});

// THREATS.md 39: one writer, also across processes; a dead one's lock is no obstacle.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WriteLock } from '../../registry/write-lock.ts';

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

test('someone else’s lock is neither kept nor released', () => {
  const lock = new WriteLock(path);
  writeFileSync(path, `${process.pid} other\n`);
  expect(() => lock.requireHeld()).toThrow(busy);
  lock.release();
  expect(existsSync(path)).toBe(true);
  rmSync(path);
  expect(() => lock.requireHeld()).toThrow(expect.objectContaining({ code: 'E_REGISTRY_BUSY' }));
});

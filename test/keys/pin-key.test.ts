// The key of pins: the user's own, private, made once; THREATS.md 29.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PinKey } from '../../keys/pin-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-pins-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const refused = expect.objectContaining({ code: 'E_KEY_FILE' });
const file = (): string => join(folder, 'config', 'pins.key');

test('checking makes no key, and without one nothing was sealed', () => {
  const key = new PinKey(join(folder, 'config'));
  expect(key.checker()('a', Buffer.alloc(32).toString('base64'))).toBe(false);
  expect(existsSync(join(folder, 'config'))).toBe(false);
});

test('what one user sealed counts for that user, that text and that MAC alone', () => {
  const key = new PinKey(join(folder, 'config'));
  const mac = key.seal('a');
  expect(key.seal('a')).toBe(mac);
  expect(new PinKey(join(folder, 'config')).checker()('a', mac)).toBe(true);
  expect(key.checker()('b', mac)).toBe(false);
  expect(key.checker()('a', undefined)).toBe(false);
  expect(key.checker()('a', mac.slice(1))).toBe(false);
  const other = new PinKey(join(folder, 'other'));
  expect(other.seal('a')).not.toBe(mac);
  expect(other.checker()('a', mac)).toBe(false);
});

test('the key is 32 bytes, 0600 in a 0700 folder; one that is open to others or damaged is refused', () => {
  const key = new PinKey(join(folder, 'config'));
  const mac = key.seal('a');
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'config')).mode & 0o777).toBe(0o700);
  chmodSync(file(), 0o640);
  expect(() => key.checker()).toThrow(refused);
  chmodSync(file(), 0o600);
  expect(key.checker()('a', mac)).toBe(true);
  chmodSync(join(folder, 'config'), 0o755);
  expect(() => key.checker()).toThrow(refused);
  chmodSync(join(folder, 'config'), 0o700);
  writeFileSync(file(), readFileSync(file()).subarray(1));
  expect(() => key.seal('a')).toThrow(refused);
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyValueStore } from '../../host/kv.ts';
import { temporaryFolder } from './broker-fixture.ts';

let folder: string;
let store: KeyValueStore;
const mine = { bundle: 'acme/tool', tenant: 'a' };
beforeEach(() => {
  folder = temporaryFolder();
  store = new KeyValueStore(join(folder, 'state.db'));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

test('another bundle and another tenant see, change and delete nothing', () => {
  store.set(mine, 'key', 'value');
  for (const other of [
    { bundle: 'acme/other', tenant: 'a' },
    { bundle: 'acme/tool', tenant: 'b' },
    { bundle: 'acme/tool\0a', tenant: '' },
  ]) {
    expect(store.get(other, 'key')).toBeNull();
    expect(store.list(other, '')).toEqual([]);
    store.delete(other, 'key');
    store.set(other, 'key', 'theirs');
  }
  expect(store.get(mine, 'key')).toBe('value');
});

test.each([
  // what is too large, key, value
  ['a key, counted in bytes', 'é'.repeat(257), 'x'],
  ['a value, counted in bytes', 'key', 'é'.repeat(128 * 1024 + 1)],
])('%s: E_LIMIT, nothing stored', (_, key, value) => {
  expect(() => store.set(mine, key, value)).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
  expect(store.list(mine, '')).toEqual([]);
});

test('the largest key and value fit, and any text comes back as it was', () => {
  const key = 'é'.repeat(256);
  const value = '\0\n漢'.padEnd(250_000, 'x');
  store.set(mine, key, value);
  expect(store.get(mine, key)).toBe(value);
  store.set(mine, key, '');
  expect(store.get(mine, key)).toBe('');
  store.delete(mine, key);
  expect(store.get(mine, key)).toBeNull();
});

test('10,000 keys fit, one more does not; a key that is there can still be changed', () => {
  for (let i = 0; i < 10; i++) store.set(mine, `old${i}`, '');
  // The rest in one statement of the test's own: the limit is a matter of rows.
  store.close();
  fill(join(folder, 'state.db'), 9_990);
  store = new KeyValueStore(join(folder, 'state.db'));
  expect(store.list(mine, '')).toHaveLength(10_000);
  expect(() => store.set(mine, 'one more', '')).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
  store.set(mine, 'old1', 'changed');
  expect(store.get(mine, 'old1')).toBe('changed');
  store.set({ ...mine, tenant: 'b' }, 'one more', '');
  store.delete(mine, 'old2');
  store.set(mine, 'one more', '');
});

test('64 MiB of values fit, one more byte does not; what is there can be made smaller', () => {
  store.close();
  fill(join(folder, 'state.db'), 256, 256 * 1024);
  store = new KeyValueStore(join(folder, 'state.db'));
  expect(() => store.set(mine, 'one more', 'x')).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
  store.set(mine, 'k1', 'y'.repeat(256 * 1024));
  store.set(mine, 'k1', 'y'.repeat(256 * 1024 - 1));
  store.set(mine, 'one more', 'x');
  expect(() => store.set(mine, 'one more', 'xx')).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
  store.set({ ...mine, tenant: 'b' }, 'one more', 'xx');
});

test('a prefix is text, not a pattern', () => {
  for (const key of ['a%b', 'a%c', 'aXb', 'a_b', 'A%b', 'b']) store.set(mine, key, key);
  expect(store.list(mine, 'a%')).toEqual(['a%b', 'a%c']);
  expect(store.list(mine, 'a_')).toEqual(['a_b']);
  expect(store.list(mine, '')).toEqual(['A%b', 'a%b', 'a%c', 'aXb', 'a_b', 'b']);
});

test('a file that is no database: E_IO', () => {
  expect(() => new KeyValueStore(folder)).toThrow(expect.objectContaining({ code: 'E_IO' }));
});

function fill(file: string, rows: number, bytes = 0): void {
  const database = new DatabaseSync(file);
  database.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
     INSERT INTO kv SELECT 'acme/tool', 'a', CAST('k' || i AS BLOB), zeroblob(${bytes}) FROM n`,
  );
  database.close();
}

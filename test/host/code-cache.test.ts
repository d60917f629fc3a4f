// Code caches count for exactly what they were made of (DESIGN.md §4 "Load").
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CodeCache } from '../../host/code-cache.ts';
import {
  bundleOf,
  callOptions,
  closeAfterEach,
  HONEST,
  openGuest,
  outcomeOf,
  supervise,
} from './guest-fixture.ts';
import { refusal } from './refusal.ts';

closeAfterEach();
const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(path.join(tmpdir(), 'signet-cache-'));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true });
});

const KEY = new Uint8Array(32).fill(7);
const SCRIPTS = { worker: 'w', prelude: 'p' };
const CACHED = Uint8Array.of(1, 2, 3);

it('gives back what was made of the same texts, in memory and from disk', () => {
  const directory = folder();
  const cache = new CodeCache({ directory, key: KEY });
  expect(cache.get(SCRIPTS, 'code')).toBe(undefined);
  cache.set(SCRIPTS, 'code', CACHED);
  expect(cache.get(SCRIPTS, 'code')).toBe(CACHED);
  const later = new CodeCache({ directory, key: KEY });
  expect([...(later.get(SCRIPTS, 'code') ?? [])]).toEqual([1, 2, 3]);
  const [file] = readdirSync(directory) as [string];
  expect(statSync(path.join(directory, file)).mode & 0o777).toBe(0o600);
});

it.each([
  ['other code of the same length', SCRIPTS, 'edoc'],
  ['another prelude', { ...SCRIPTS, prelude: 'q' }, 'code'],
  ['another worker', { ...SCRIPTS, worker: 'v' }, 'code'],
])('has nothing for %s', (_, scripts, code) => {
  const cache = new CodeCache();
  cache.set(SCRIPTS, 'code', CACHED);
  expect(cache.get(scripts, code)).toBe(undefined);
  expect(cache.get(SCRIPTS, 'code')).toBe(CACHED);
});

it('keeps a bounded part in memory, and the rest on disk', () => {
  const [many, disk] = [new CodeCache(), new CodeCache({ directory: folder(), key: KEY })];
  const large = new Uint8Array(9 << 20).fill(1);
  for (const cache of [many, disk]) for (const text of 'abcd') cache.set(SCRIPTS, text, large);
  expect([...'abcd'].map((text) => many.get(SCRIPTS, text)?.length)).toEqual([
    undefined,
    ...Array(3).fill(9 << 20),
  ]);
  expect(disk.get(SCRIPTS, 'a')?.length).toBe(9 << 20);
  // What is larger than all of it is kept for as long as it is the last.
  many.set(SCRIPTS, 'e', new Uint8Array(40 << 20));
  expect(many.get(SCRIPTS, 'e')?.length).toBe(40 << 20);
  expect(many.get(SCRIPTS, 'd')).toBe(undefined);
});

it('has nothing under another key, after one changed byte, or cut short', () => {
  const directory = folder();
  new CodeCache({ directory, key: KEY }).set(SCRIPTS, 'code', CACHED);
  const read = (key = KEY) => new CodeCache({ directory, key }).get(SCRIPTS, 'code');
  expect(read(new Uint8Array(32).fill(8))).toBe(undefined);
  const file = path.join(directory, (readdirSync(directory) as [string])[0]);
  const good = readFileSync(file);
  for (const at of [0, 31, 32, good.length - 1]) {
    const changed = Buffer.from(good);
    changed[at] = (changed[at] as number) ^ 1;
    writeFileSync(file, changed);
    expect(read()).toBe(undefined);
  }
  writeFileSync(file, good.subarray(0, 20));
  expect(read()).toBe(undefined);
  writeFileSync(file, good);
  expect([...(read() ?? [])]).toEqual([1, 2, 3]);
});

it('has nothing where the file of another bundle was put in its place', () => {
  const directory = folder();
  const cache = new CodeCache({ directory, key: KEY });
  cache.set(SCRIPTS, 'one', CACHED);
  const [one] = readdirSync(directory) as [string];
  cache.set(SCRIPTS, 'two', CACHED);
  const two = readdirSync(directory).find((name) => name !== one) as string;
  writeFileSync(path.join(directory, two), readFileSync(path.join(directory, one)));
  expect(new CodeCache({ directory, key: KEY }).get(SCRIPTS, 'two')).toBe(undefined);
});

it('refuses a short key, and says what it cannot read or write', () => {
  expect(refusal(() => new CodeCache({ directory: '/x', key: new Uint8Array(31) }))).toBe('E_KEY');
  const directory = folder();
  const file = path.join(directory, 'file');
  writeFileSync(file, '');
  const cache = new CodeCache({ directory: file, key: KEY });
  expect(refusal(() => cache.set(SCRIPTS, 'code', CACHED))).toBe('E_IO');
  expect(refusal(() => new CodeCache({ directory: file, key: KEY }).get(SCRIPTS, 'code'))).toBe('E_IO');
});

it('is made by a worker that ends, and used by the next', async () => {
  const directory = folder();
  const codeCache = { directory, key: KEY };
  const supervisor = supervise({ codeCache });
  await supervisor.prepare(HONEST);
  expect(supervisor.pids).toEqual([]);
  // The prelude's and the bundle's.
  expect(readdirSync(directory)).toHaveLength(2);
  await supervisor.prepare(HONEST);
  const guest = await openGuest(supervise({ codeCache }), HONEST);
  expect(await guest.call('skill/echo', '[1]', callOptions())).toBe('[1]');
  const other = await openGuest(supervisor, bundleOf({ echo: '()=>2' }));
  expect(await other.call('skill/echo', '[1]', callOptions())).toBe('2');
});

it('is not made of what is no script', async () => {
  const supervisor = supervise();
  expect(await outcomeOf(supervisor.prepare('}catch{};try{'))).toBe('E_GUEST');
  expect(supervisor.pids).toEqual([]);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { firstPartyLockFile, readFirstPartyLock, skillsFolder } from '../../registry/first-party.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-first-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the project’s own lock pins bundles of the namespace signet, each once', () => {
  const { bundles } = readFirstPartyLock(skillsFolder());
  expect(bundles.length).toBeGreaterThanOrEqual(4);
  expect(bundles.every(({ name }) => name.startsWith('signet/'))).toBe(true);
  expect(new Set(bundles.map(({ name }) => name)).size).toBe(bundles.length);
});

const valid = {
  type: 'first-party/1',
  bundles: [{ name: 'signet/x', version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` }],
};

test('a valid lock is read', () => {
  writeFileSync(firstPartyLockFile(folder), JSON.stringify(valid));
  expect(readFirstPartyLock(folder)).toEqual(valid);
});

test.each([
  ['no file', undefined],
  ['another type', JSON.stringify({ ...valid, type: 'first-party/2' })],
  ['an unknown field', JSON.stringify({ ...valid, more: 1 })],
  ['a digest that is none', JSON.stringify(valid).replace('sha256:a', 'sha256:g')],
])('%s is E_FIRST_PARTY', (_what, text) => {
  if (text !== undefined) writeFileSync(firstPartyLockFile(folder), text);
  expect(() => readFirstPartyLock(folder)).toThrowError(expect.objectContaining({ code: 'E_FIRST_PARTY' }));
});

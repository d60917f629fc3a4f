// From the store into the host: THREATS.md 1, 24, and a lockfile that says something else.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { install } from '../../registry/install.ts';
import { loadBundle } from '../../registry/load.ts';
import { readLockfile } from '../../registry/lockfile.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';
import { createWorld, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());
const add = () => install(world.project, 'local/hello');
const load = (locked: LockedBundle = world.project.installed()[0]!) => loadBundle(world.project, locked);

test('row 24: a byte changed in the installed file is refused at load, with file and digests', () => {
  const { bundle } = add();
  const path = join(world.project.store.path(bundle!.digest), 'files/README.md');
  writeFileSync(path, 'Greets!\n');
  const { verdict, verified } = load();
  expect(verified).toBeUndefined();
  expect(verdict).toMatchObject({ ok: false, code: 'E_FILE_CHANGED', name: 'local/hello' });
  const check = verdict.checks.find(({ state }) => state === 'fail')!;
  expect(check).toMatchObject({ name: 'files', item: 'README.md' });
  expect(check.expected).toMatch(/^sha256:/);
  expect(check.actual).toMatch(/^sha256:/);
  expect(verdict.checks.filter(({ state }) => state === 'pass')).toEqual([]);
  // The valid twin: installing again repairs it.
  add();
  expect(load().verdict.ok).toBe(true);
});

test('row 24: a FILES.json that blames another file is named itself', () => {
  const { bundle } = add();
  const path = join(world.project.store.path(bundle!.digest), 'files/FILES.json');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('README.md', 'README.me'));
  const check = load().verdict.checks.find(({ state }) => state === 'fail')!;
  expect(check).toMatchObject({ code: 'E_FILE_CHANGED', item: 'FILES.json' });
  writeFileSync(path, text);
  expect(load().verdict.ok).toBe(true);
});

test('row 1: a flipped bit in the lockfile is refused, save one that lowers what a newer proof may exceed', () => {
  add();
  const text = readFileSync(world.project.lockfile);
  let refused = 0;
  for (let bit = 0; bit < text.length * 8; bit += 23) {
    const changed = Buffer.from(text);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(world.project.lockfile, changed);
    let ok: boolean;
    try {
      const installed = world.project.installed();
      ok = installed.length > 0 && installed.every((locked) => load(locked).verdict.ok);
    } catch (thrown) {
      expect(thrown).toEqual(
        expect.objectContaining({ code: expect.stringMatching(/^E_(LOCKFILE|FORMAT_VERSION)$/) }),
      );
      ok = false;
    }
    if (!ok) refused++;
    else {
      // White space, or a smaller `size` or `namespaceVersion`.
      const [before] = JSON.parse(text.toString()).bundles as LockedBundle[];
      const [after] = readLockfile(world.project.lockfile);
      expect({ ...after, size: 0, namespaceVersion: 0 }).toEqual({ ...before, size: 0, namespaceVersion: 0 });
    }
  }
  expect(refused).toBeGreaterThan(150);
  writeFileSync(world.project.lockfile, text);
  expect(load().verdict.ok).toBe(true);
});

test('the lockfile must say what was verified', () => {
  add();
  const [locked] = world.project.installed();
  const verdictOf = (changes: Partial<LockedBundle>) => load({ ...locked!, ...changes }).verdict.code;
  expect(verdictOf({})).toBeNull();
  expect(verdictOf({ capabilities: [] })).toBe('E_LOCKFILE');
  expect(verdictOf({ provides: ['skill/other'] })).toBe('E_LOCKFILE');
  expect(verdictOf({ publisher: [`SHA256:${'0'.repeat(64)}`] })).toBe('E_LOCKFILE');
  expect(verdictOf({ index: 0 })).toBe('E_LOCKFILE');
  expect(verdictOf({ size: 3 })).toBe('E_LOCKFILE');
  expect(verdictOf({ version: '1.0.1' })).toBe('E_STATEMENT_MISMATCH');
  expect(verdictOf({ name: 'local/other' })).toBe('E_STATEMENT_MISMATCH');
  expect(verdictOf({ digest: `sha256:${'0'.repeat(64)}` })).toBe('E_FILE_MISSING');
});

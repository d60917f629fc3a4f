// One registry, two histories: THREATS.md 2, 12, 13.
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refreshRegistry } from '../../registry/fetch.ts';
import { install } from '../../registry/install.ts';
import { loadBundle } from '../../registry/load.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';
import { createWorld, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());
const code = (value: string) => expect.objectContaining({ code: value });
const add = (range = '*', accept = false) => install(world.project, 'local/hello', range, { accept });
const load = (locked: LockedBundle = world.project.installed()[0]!) => loadBundle(world.project, locked);
const home = () => world.project.policy().registries[0]!;
/** Every file of the project with its content, to show that nothing was changed. */
function snapshot(): Map<string, string> {
  const files = readdirSync(world.project.directory, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('evidence'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'base64')]),
  );
}

test('row 2: a registry restored from a backup is a rollback for installing and for refreshing', () => {
  const backup = join(world.directory, 'backup');
  cpSync(world.registry, backup, { recursive: true });
  world.publish({ version: '1.1.0' });
  add();
  rmSync(world.registry, { recursive: true });
  renameSync(backup, world.registry);
  const before = snapshot();
  expect(add().verdict.code).toBe('E_ROLLBACK');
  expect(() => refreshRegistry(world.project, home())).toThrow(code('E_ROLLBACK'));
  expect(snapshot()).toEqual(before);
  // What is installed goes on loading.
  expect(load().verdict.ok).toBe(true);
});

test('row 12: two histories of one size: refused, and both signed checkpoints are kept', () => {
  const fork = join(world.directory, 'fork');
  cpSync(world.registry, fork, { recursive: true });
  world.publish({ version: '1.1.0' });
  add();
  rmSync(world.registry, { recursive: true });
  renameSync(fork, world.registry);
  world.publish({ version: '1.2.0' });
  expect(add().verdict.code).toBe('E_EQUIVOCATION');
  const folder = join(world.project.trust.directory, 'evidence');
  const [name, ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  const evidence = JSON.parse(readFileSync(join(folder, name!), 'utf8')) as { checkpoints: string[] };
  expect(evidence.checkpoints[0]).toBe(world.project.trust.pin(world.fingerprint)!.checkpoint!.note);
  expect(evidence.checkpoints[1]).toBe(readFileSync(join(world.registry, 'checkpoint'), 'utf8'));
  // Found again, it is kept once.
  add();
  expect(readdirSync(folder)).toHaveLength(1);
});

test('rows 12, 13: a larger log that does not contain the one that was seen is two histories as well', () => {
  const fork = join(world.directory, 'fork');
  cpSync(world.registry, fork, { recursive: true });
  world.publish({ version: '1.1.0' });
  add();
  rmSync(world.registry, { recursive: true });
  renameSync(fork, world.registry);
  world.publish({ version: '1.2.0' });
  world.publish({ version: '1.3.0' });
  expect(add().verdict.code).toBe('E_EQUIVOCATION');
  expect(() => refreshRegistry(world.project, home())).toThrow(code('E_EQUIVOCATION'));
  expect(readdirSync(join(world.project.trust.directory, 'evidence'))).toHaveLength(1);
});

test('a log that grew rightly is remembered, and a registry whose tiles are damaged proves nothing', () => {
  add();
  world.publish({ version: '1.1.0' });
  expect(add().verdict.ok).toBe(true);
  expect(world.project.trust.pin(world.fingerprint)!.checkpoint!.size).toBe(3);
  world.publish({ version: '1.2.0' });
  const tile = join(world.registry, 'tile/0/000.p/4');
  const bytes = readFileSync(tile);
  bytes[0]! ^= 1;
  writeFileSync(tile, bytes);
  expect(() => add()).toThrow(code('E_LOG_CORRUPT'));
});

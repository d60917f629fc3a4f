// Fetching verifies nothing and verifying changes nothing: THREATS.md 6, 9, 29. Histories are in install.test.ts.
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchRelease, keepEvidence, refreshRegistry, verifyFetched } from '../../registry/fetch.ts';
import { createRegistry } from '../../registry/local.ts';
import { DirectoryTransport } from '../../registry/transport.ts';
import { createWorld, key, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());
const code = (value: string) => expect.objectContaining({ code: value });
const fetched = (range = '*') => fetchRelease(new DirectoryTransport(world.registry), 'local/hello', range);

test('verifying what was fetched remembers nothing', () => {
  const before = world.project.trust.roots();
  expect(verifyFetched(world.project, fetched()).verdict.ok).toBe(true);
  expect(world.project.trust.roots()).toEqual(before);
});

test('row 9: the archive of another version under the one asked for is refused', () => {
  world.publish({ version: '2.0.0' });
  const old = readFileSync(join(world.registry, 'release/local/hello/1.0.0/archive.tar'));
  writeFileSync(join(world.registry, 'release/local/hello/2.0.0/archive.tar'), old);
  expect(verifyFetched(world.project, fetched()).verdict.code).toBe('E_DIGEST');
  expect(verifyFetched(world.project, fetched('1.0.0')).verdict.ok).toBe(true);
});

test('row 6: an archive that is larger than any may be is never read', () => {
  truncateSync(join(world.registry, 'release/local/hello/1.0.0/archive.tar'), 33 * 1024 * 1024);
  expect(() => fetched()).toThrow(code('E_LIMIT'));
});

test.each(['checkpoint', 'status.json', 'root/1.json', 'release/local/hello/1.0.0/release.json'])(
  'a registry without its %s is E_REGISTRY',
  (path) => {
    rmSync(join(world.registry, path));
    expect(() => fetched()).toThrow(code('E_REGISTRY'));
  },
);

test('row 29: another registry behind the location of this one is refused, and changes nothing', () => {
  rmSync(world.registry, { recursive: true });
  const keys = { root: key(21), registrar: key(22), log: key(23), status: key(24) };
  createRegistry({ directory: world.registry, keys, namespaces: [], now: world.clock.ms });
  const [home] = world.project.policy().registries;
  expect(() => refreshRegistry(world.project, home!)).toThrow(code('E_ROOT_UNTRUSTED'));
  expect(world.project.trust.pin(world.fingerprint)?.checkpoint).toBeNull();
});

test('a refresh remembers checkpoint, status and root', () => {
  refreshRegistry(world.project, world.project.policy().registries[0]!);
  expect(world.project.trust.pin(world.fingerprint)).toMatchObject({
    root: { version: 1, fingerprint: world.fingerprint },
    checkpoint: { size: 2 },
    status: { issued: '2026-01-01T00:00:00Z', size: 2 },
  });
});

test('evidence is kept for two histories only', () => {
  refreshRegistry(world.project, world.project.policy().registries[0]!);
  const pin = world.project.trust.pin(world.fingerprint);
  const folder = join(world.project.trust.directory, 'evidence');
  keepEvidence(world.project, pin, 'E_ROLLBACK', 'note');
  expect(() => readFileSync(folder)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  keepEvidence(world.project, pin, 'E_EQUIVOCATION', 'note');
  expect(() => readFileSync(folder)).toThrow(expect.objectContaining({ code: 'EISDIR' }));
});

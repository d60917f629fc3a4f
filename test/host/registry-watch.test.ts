// A registry in a folder that changes under a running host (THREATS.md 2, 27, 31): what is newer is taken in after it is verified,
// what is wrong with it is said once and unsettles nothing that was known.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RegistryWatch } from '../../host/registry-watch.ts';
import { refreshRegistry } from '../../registry/fetch.ts';
import type { Project } from '../../registry/project.ts';
import { openProject } from '../../sdk/open-project.ts';
import { revoke } from './revoke.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let project: Project;
let watch: RegistryWatch;
const digest = `sha256:${'a'.repeat(64)}`;

beforeEach(() => {
  world = createWorld();
  project = openProject(world.paths);
  watch = new RegistryWatch(project);
});
afterEach(() => world.remove());

const revoked = () =>
  project.trust.roots().flatMap(({ revoked: known }) => known.digests.map((entry) => entry.digest));
const codes = (errors: readonly { code: string }[]) => errors.map(({ code }) => code);
const status = () => join(world.paths.registry, 'status.json');

test('a revocation is taken in, once; nothing is read again while nothing changed', () => {
  expect(watch.look()).toEqual([]);
  expect(revoked()).toEqual([]);
  revoke(world, { type: 'revoke', digest, reason: 'a test' });
  expect(revoked()).toEqual([]);
  expect(watch.look()).toEqual([]);
  expect(revoked()).toEqual([digest]);
  const trust = readFileSync(join(world.paths.trust, 'trust.json'));
  expect(watch.look()).toEqual([]);
  expect(readFileSync(join(world.paths.trust, 'trust.json'))).toEqual(trust);
});

test('a revocation of a key is taken in', () => {
  const key = `SHA256:${'b'.repeat(64)}`;
  revoke(world, { type: 'revoke-key', key, fromIndex: 3, reason: 'stolen' });
  expect(watch.look()).toEqual([]);
  expect(project.trust.roots()[0]?.revoked.keys).toMatchObject([{ key, fromIndex: 3 }]);
});

test('an older registry put in its place takes nothing back and is no offence', () => {
  const [registry] = project.policy().registries;
  if (registry !== undefined) refreshRegistry(project, registry);
  const copy = join(world.folder, 'copy');
  cpSync(world.paths.registry, copy, { recursive: true });
  revoke(world, { type: 'revoke', digest, reason: 'a test' });
  watch.look();
  rmSync(world.paths.registry, { recursive: true });
  cpSync(copy, world.paths.registry, { recursive: true });
  expect(watch.look()).toEqual([]);
  expect(revoked()).toEqual([digest]);
});

test('what cannot be read, or is not signed, is said once, with the registry; put right, it is taken in', () => {
  revoke(world, { type: 'revoke', digest, reason: 'a test' });
  const sound = readFileSync(status(), 'utf8');
  writeFileSync(status(), sound.slice(0, 40));
  const [error, ...more] = watch.look();
  expect(more).toEqual([]);
  expect(error).toMatchObject({ item: 'registry local' });
  expect(watch.look()).toEqual([]);
  const envelope = JSON.parse(sound) as { signatures: { sig: string }[] };
  for (const signature of envelope.signatures) signature.sig = Buffer.alloc(64, 1).toString('base64');
  writeFileSync(status(), JSON.stringify(envelope));
  expect(codes(watch.look())).toEqual(['E_SIGNATURE']);
  rmSync(status());
  expect(codes(watch.look())).toEqual(['E_REGISTRY']);
  expect(revoked()).toEqual([]);
  writeFileSync(status(), sound);
  expect(watch.look()).toEqual([]);
  expect(revoked()).toEqual([digest]);
});

test('one registry that is gone does not hide another; without a policy there is none', () => {
  const policy = readFileSync(world.paths.policy, 'utf8');
  const other = `  - { name: gone, location: ${join(world.folder, 'gone')}, root: SHA256:${'0'.repeat(64)}, namespaces: [acme] }\n`;
  writeFileSync(world.paths.policy, policy.replace('registries:\n', `registries:\n${other}`));
  revoke(world, { type: 'revoke', digest, reason: 'a test' });
  // Its root is not pinned: nothing of it could count.
  expect(watch.look()).toEqual([]);
  expect(revoked()).toEqual([digest]);
  writeFileSync(world.paths.policy, 'version: [');
  expect(codes(watch.look())).toEqual(['E_CONFIG']);
  rmSync(world.paths.policy);
  expect(watch.look()).toEqual([]);
});

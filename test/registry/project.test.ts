import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { install } from '../../registry/install.ts';
import { Project } from '../../registry/project.ts';
import { createWorld, NO_FIRST_PARTY, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());
const code = (value: string) => expect.objectContaining({ code: value });

test('what is trusted is what policy, pins and lockfile say at that moment', () => {
  const trust = world.project.trustState('install');
  expect(trust).toMatchObject({ purpose: 'install', provenanceRequired: true, host: '1.0.0' });
  expect(trust.registries).toMatchObject([{ name: 'home', root: world.fingerprint, pin: { local: true } }]);
  expect(trust.provided?.size).toBe(0);
  install(world.project, 'local/hello');
  expect(world.project.trustState('load').provided).toEqual(new Map([['skill/hello', ['1.0.0']]]));
  world.setPolicy({ provenance: { required: false }, freshness: { installDays: 1, loadDays: 2 } });
  expect(world.project.trustState('load')).toMatchObject({
    provenanceRequired: false,
    freshness: { installDays: 1, loadDays: 2 },
  });
});

test('a policy that is missing or empty trusts no registry', () => {
  world.setPolicy({ registries: [] });
  expect(world.project.trustState('install').registries).toEqual([]);
  expect(() => world.project.registryOf('local/hello')).toThrow(code('E_REGISTRY_UNMAPPED'));
  expect(() => world.project.registryOf('hello')).toThrow('the policy maps hello to no registry');
  rmSync(join(world.project.directory, 'policy.yaml'));
  expect(() => world.project.trustState('install')).toThrow(code('E_CONFIG'));
});

test('row 29: one namespace in two registries is an error of the policy, not a choice', () => {
  const [registry] = world.project.policy().registries;
  world.setPolicy({ registries: [registry, { ...registry, name: 'away' }] });
  expect(() => install(world.project, 'local/hello')).toThrow(code('E_CONFIG'));
});

test('a location may be relative to the project folder', () => {
  const [registry] = world.project.policy().registries;
  renameSync(world.registry, join(world.project.directory, 'shelf'));
  world.setPolicy({ registries: [{ ...registry!, location: 'shelf' }] });
  expect(install(world.project, 'local/hello').verdict.ok).toBe(true);
});

test('the state directory may be elsewhere', () => {
  const state = join(world.directory, 'state');
  mkdirSync(state);
  const { project } = world;
  const other = new Project({
    directory: project.directory,
    stateDirectory: state,
    configDirectory: join(world.directory, 'config'),
    host: '1.0.0',
    firstParty: NO_FIRST_PARTY,
    clock: world.clock,
  });
  expect(other.trust.directory).toBe(join(state, 'trust'));
  expect(other.store.directory).toBe(join(state, 'store'));
  expect(other.trustState('install').registries[0]!.pin).toBeUndefined();
});

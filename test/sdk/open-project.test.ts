// A project as it is verified: of these paths, at this version and the system's time, with what the package pins.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOST_VERSION } from '../../host/version.ts';
import { readFirstPartyLock } from '../../registry/first-party.ts';
import { openProject } from '../../sdk/open-project.ts';
import { createWorld, type World } from '../host/world.ts';

let world: World;
beforeAll(() => {
  world = createWorld();
});
afterAll(() => world.remove());

test('the project is the one of these paths, at this version and time', () => {
  const project = openProject(world.paths);
  expect(project.directory).toBe(world.paths.project);
  expect(project.lockfile).toBe(world.paths.lockfile);
  expect(project.trustState('install')).toMatchObject({
    host: HOST_VERSION,
    firstParty: readFirstPartyLock(),
  });
  expect(Math.abs(project.clock.now() - Date.now())).toBeLessThan(60_000);
});

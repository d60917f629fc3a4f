// One installed release as it is read for running (THREATS.md 19, 24): the text is that of the bytes which were verified.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRelease } from '../../host/release.ts';
import type { Project } from '../../registry/project.ts';
import { openProject } from '../../sdk/open-project.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';
import { skills } from './tools-source.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let project: Project;
let locked: LockedBundle;
beforeAll(async () => {
  world = createWorld();
  await world.bring(skills({ run: "return 'ü';" }), { name: 'app' });
  project = openProject(world.paths);
  [locked] = project.installed() as [LockedBundle];
});
afterAll(() => world.remove());

const read = (about: LockedBundle = locked) => readRelease(project, about, project.trustState('load'));

test('gives manifest and code; a changed byte, or another word of the lockfile, is refused with its code', () => {
  const { manifest, code, warning } = read();
  expect([manifest.name, manifest.version, warning]).toEqual(['app', '1.0.0', null]);
  const file = join(project.store.path(locked.digest), 'files', 'dev.signet', 'main.js');
  const sound = readFileSync(file);
  expect(code).toBe(sound.toString('utf8'));
  expect(() => read({ ...locked, version: '1.0.1' })).toThrow(
    expect.objectContaining({ code: 'E_STATEMENT_MISMATCH' }),
  );
  expect(() => read({ ...locked, provides: [] })).toThrow(expect.objectContaining({ code: 'E_LOCKFILE' }));
  writeFileSync(file, Buffer.concat([sound, Buffer.from(' ')]));
  expect(() => read()).toThrow(expect.objectContaining({ code: 'E_FILE_CHANGED' }));
  writeFileSync(file, sound);
  expect(read().code).toBe(code);
});

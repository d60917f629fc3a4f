// Bringing the first-party bundles in (DESIGN.md §3 "Local root", "Status"; THREATS.md 31): once it does everything, again nothing; and
// what is installed stays fresh by it.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ProjectPaths } from '../../host/paths.ts';
import { verifyAll } from '../../registry/subject.ts';
import { bringFirstParty } from '../../sdk/first-party-release.ts';
import { openProject } from '../../sdk/open-project.ts';
import { createWorld, type World } from '../host/world.ts';

const DAY = 86_400_000;
let world: World;
let paths: ProjectPaths;
let notes: string[];
const bring = () => bringFirstParty(paths, (line) => notes.push(line));

beforeAll(async () => {
  world = createWorld();
  paths = world.paths;
  notes = [];
  await bring();
});
beforeEach(() => {
  notes = [];
});
afterEach(() => void vi.useRealTimers());
afterAll(() => world.remove());

const NAMES = ['signet/cron-jobs', 'signet/files', 'signet/lines', 'signet/shell'];
const read = (path: string): string => readFileSync(path, 'latin1');
/** Everything in the state directory but what says how fresh it is. */
function state(): Map<string, string> {
  const files = readdirSync(paths.state, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    files
      .filter((file) => !/^(?:registry\/status\.json|trust\/trust\.json)$/.test(file))
      .filter((file) => statSync(join(paths.state, file)).isFile())
      .map((file) => [file, read(join(paths.state, file))]),
  );
}
const verdicts = () => verifyAll(openProject(paths)).map(({ ok, code }) => (ok ? 'ok' : code));

test('everything is built, published, verified and installed', () => {
  const installed = openProject(paths).installed();
  expect(installed.map(({ name }) => name)).toEqual(NAMES);
  expect(verdicts()).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(installed.every(({ builder }) => builder === 'urn:signet:builder:local')).toBe(true);
});

test('again it changes nothing, and says only what it built', async () => {
  const [before, lockfile] = [state(), read(paths.lockfile)];
  await bring();
  expect(notes.map((line) => line.replace(/sha256:\w+/, '…'))).toEqual(
    NAMES.map((name) => `built       ${name} 1.0.0  …`),
  );
  expect(state()).toEqual(before);
  expect(read(paths.lockfile)).toBe(lockfile);
});

test('what was uninstalled comes back without being published again', async () => {
  const installed = () =>
    openProject(paths)
      .installed()
      .map(({ name, digest, index }) => [name, digest, index]);
  const before = installed();
  const checkpoint = read(join(paths.registry, 'checkpoint'));
  rmSync(paths.lockfile);
  await bring();
  expect(notes.filter((line) => !line.startsWith('built')).map((line) => line.split(/\s+/)[0])).toEqual([
    'installed',
    'installed',
    'installed',
    'installed',
  ]);
  expect(installed()).toEqual(before);
  expect(read(join(paths.registry, 'checkpoint'))).toBe(checkpoint);
});

test('what was installed long ago is stale, until this is done again', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 40 * DAY });
  expect(verdicts()).toEqual(Array(4).fill('E_STATUS_STALE'));
  await bring();
  expect(verdicts()).toEqual(['ok', 'ok', 'ok', 'ok']);
});

describe('with a policy of another kind', () => {
  let policy: string;
  beforeEach(() => {
    policy = read(paths.policy);
  });
  afterEach(() => writeFileSync(paths.policy, policy));

  test('without a local registry it leaves everything as it is, and says so', async () => {
    writeFileSync(paths.policy, policy.replace('name: local', 'name: other'));
    await bring();
    expect(notes).toEqual([expect.stringMatching(/^skipped .*no registry local/)]);
  });

  test('a local registry of another machine is not ours', async () => {
    writeFileSync(paths.policy, policy.replace(/SHA256:[0-9a-f]{64}/, `SHA256:${'0'.repeat(64)}`));
    await expect(bring()).rejects.toMatchObject({ code: 'E_ROOT_UNPINNED', item: paths.policy });
    expect(notes).toEqual([]);
  });
});

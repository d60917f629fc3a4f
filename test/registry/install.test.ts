// From a registry into the store and back: THREATS.md 1, 2, 12, 19, 24, 27, 35.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { fetchPinned, refreshRegistry, verifyFetched } from '../../registry/fetch.ts';
import { install, installFetched } from '../../registry/install.ts';
import { loadBundle } from '../../registry/load.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';
import { STATUS_PAYLOAD } from '../../src/contracts/statement.ts';
import { createWorld, DAY, PROVENANCE, REGISTRY_KEYS, type World } from './fixture.ts';

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

test('a release is installed: store, lockfile and memory say so, and it loads as the bytes that were signed', () => {
  const { verdict, bundle, changes } = add();
  expect(verdict.ok).toBe(true);
  expect(changes).toEqual({ from: null, to: '1.0.0', concerns: [] });
  expect(world.project.installed()).toEqual([bundle]);
  const { verdict: loaded, verified } = load();
  expect(loaded.ok).toBe(true);
  expect(Buffer.from(verified!.files.get('dev.signet/main.js')!.bytes).toString()).toContain(
    '__signet_define',
  );
  expect(world.project.trust.pin(world.fingerprint)).toMatchObject({
    root: { version: 1 },
    checkpoint: { size: 2 },
    namespaces: [{ namespace: 'local', version: 1 }],
  });
});

test('the highest version in the range is taken; prereleases only where asked for; nothing satisfying is E_NOT_FOUND', () => {
  world.publish({ version: '1.5.0' });
  world.publish({ version: '2.0.0' });
  world.publish({ version: '3.0.0-beta.1' });
  expect(add('^1.0.0').bundle?.version).toBe('1.5.0');
  expect(add().bundle?.version).toBe('2.0.0');
  expect(add('3.0.0-beta.1').bundle?.version).toBe('3.0.0-beta.1');
  expect(() => add('^9.0.0')).toThrow(code('E_NOT_FOUND'));
});

test.each(['', ' ', 'latest', '1.2.3 ||| 2', 'not a range'])(
  'row 33: the range %j is a usage error',
  (range) => {
    expect(() => add(range)).toThrow(code('E_USAGE'));
  },
);

test.each([
  'hello',
  'local/',
  '/x',
  'local/hello/x',
  'local/..',
  'local/constructor',
  '__proto__/x',
  'Local/Hello',
])('rows 33, 36: the name %j is refused before anything is read', (name) => {
  expect(() => install(world.project, name)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^E_(USAGE|REGISTRY_UNMAPPED)$/) }),
  );
});

test('row 29: a namespace that the policy does not map is never looked up anywhere', () => {
  expect(() => install(world.project, 'acme/tool')).toThrow(code('E_REGISTRY_UNMAPPED'));
});

test('a refused release changes nothing on disk', () => {
  const archive = join(world.registry, 'release/local/hello/1.0.0/archive.tar');
  const bytes = readFileSync(archive);
  bytes[700]! ^= 1;
  writeFileSync(archive, bytes);
  const before = snapshot();
  const { verdict, bundle } = add();
  expect(verdict.ok).toBe(false);
  expect(bundle).toBeUndefined();
  expect(snapshot()).toEqual(before);
});

test('row 27: revoked after it was installed: a refresh is enough for the load to refuse', () => {
  const { bundle } = add();
  world.write((writer) => writer.revoke({ type: 'revoke', digest: bundle!.digest, reason: 'stolen key' }));
  expect(load().verdict.ok).toBe(true);
  refreshRegistry(world.project, home());
  expect(load().verdict).toMatchObject({ ok: false, code: 'E_REVOKED' });
});

test('row 27: a later status that omits a revocation once seen is refused, and the revocation stays', () => {
  const { bundle } = add();
  world.write((writer) => writer.revoke({ type: 'revoke', digest: bundle!.digest, reason: 'x' }));
  refreshRegistry(world.project, home());
  const seen = world.project.trust.pin(world.fingerprint)!;
  world.write((writer) =>
    writer.commit([{ type: 'yank', name: 'local/hello', version: '1.0.0', reason: '' }]),
  );
  rewriteStatus();
  expect(() => refreshRegistry(world.project, home())).toThrow(code('E_STATUS_OMITS'));
  expect(world.project.trust.pin(world.fingerprint)).toEqual(seen);
  expect(load().verdict.code).toBe('E_REVOKED');
});

/** Signs a status of the current head that revokes nothing. */
function rewriteStatus(): void {
  const envelope = JSON.parse(readFileSync(join(world.registry, 'status.json'), 'utf8')) as {
    payload: string;
  };
  const document = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as object;
  const payload = formatDocument({ ...document, revoked: { digests: [], keys: [] } });
  const signed = signEnvelope(STATUS_PAYLOAD, payload, [REGISTRY_KEYS.status]);
  writeFileSync(join(world.registry, 'status.json'), JSON.stringify(signed));
}

test('row 31: a refresh keeps an installed bundle loading; without one it warns, then stops', () => {
  add();
  world.clock.ms += 25 * DAY;
  expect(load().verdict.checks.find(({ name }) => name === 'status')?.warning).toMatch(/25 days/);
  world.write((writer) => writer.renewStatus());
  refreshRegistry(world.project, home());
  expect(load().verdict.checks.find(({ name }) => name === 'status')?.warning).toBeUndefined();
  world.clock.ms += 31 * DAY;
  expect(load().verdict.code).toBe('E_STATUS_STALE');
  expect(() => refreshRegistry(world.project, home())).toThrow(code('E_STATUS_STALE'));
});

test('row 31: a clock that was ahead and is set back: refused as from the future, until a refresh says how it is now', () => {
  world.clock.ms += 10 * DAY;
  world.write((writer) => writer.renewStatus());
  add();
  expect(load().verdict.ok).toBe(true);
  world.clock.ms -= 10 * DAY;
  expect(load().verdict.code).toBe('E_STATUS_STALE');
  expect(() => refreshRegistry(world.project, home())).toThrow(code('E_STATUS_STALE'));
  world.write((writer) => writer.renewStatus());
  refreshRegistry(world.project, home());
  expect(load().verdict).toMatchObject({ ok: true });
  // And what was seen then does not keep it from growing old.
  world.clock.ms += 9 * DAY;
  expect(load().verdict.checks.find(({ name }) => name === 'status')?.warning).toMatch(/9 days/);
});

test('row 35: an update that asks for more is stopped and shown; with the operator’s word it is installed', () => {
  add();
  world.publish({
    version: '1.1.0',
    signet: { capabilities: [{ id: 'log' }, { id: 'exec', commands: 'granted' }] },
  });
  const before = snapshot();
  expect(() => add()).toThrow(
    expect.objectContaining({ code: 'E_UPDATE', actual: 'asks for exec commands as granted' }),
  );
  expect(snapshot()).toEqual(before);
  expect(add('*', true).bundle?.version).toBe('1.1.0');
});

test('row 2: a version lower than the lockfile’s is a rollback, unless it is meant', () => {
  world.publish({ version: '1.1.0' });
  add();
  expect(() => add('1.0.0')).toThrow(code('E_ROLLBACK'));
  expect(world.project.installed()[0]!.version).toBe('1.1.0');
  expect(add('1.0.0', true).bundle?.version).toBe('1.0.0');
});

test('what is required must be installed first', () => {
  world.publish({
    name: 'local/needs',
    signet: {
      requires: { 'skill/hello': '^1.0.0' },
      provides: [],
      main: undefined as never,
      capabilities: [],
    },
  });
  expect(install(world.project, 'local/needs').verdict.code).toBe('E_REQUIRES');
  add();
  expect(install(world.project, 'local/needs').verdict.ok).toBe(true);
});

test('an unpinned root: nothing is refreshed and nothing installed', () => {
  rmSync(join(world.project.trust.directory, 'trust.json'));
  expect(() => refreshRegistry(world.project, home())).toThrow(code('E_ROOT_UNPINNED'));
  expect(() => add()).toThrow(code('E_ROOT_UNPINNED'));
  expect(world.project.installed()).toEqual([]);
});

test('what is installed is what was fetched and shown, whatever the registry offers since', () => {
  const shown = fetchPinned(world.project, 'local/hello');
  const { digest } = verifyFetched(world.project, shown).verdict;
  world.publish({ version: '1.1.0', files: { 'README.md': 'Another.\n' } });
  rmSync(join(world.registry, 'release/local/hello/1.0.0/archive.tar'));
  expect(installFetched(world.project, shown).bundle).toMatchObject({ version: '1.0.0', digest });
  expect(add().bundle?.version).toBe('1.1.0');
});

test('row 37: a proof that is newer than the lockfile’s line, as a crash leaves it, still loads', () => {
  add();
  const locked = world.project.installed()[0]!;
  world.publish({ version: '1.1.0', signet: {} }, { provenance: { ...PROVENANCE, path: 'x' } });
  add('1.0.0', true);
  expect(world.project.installed()[0]!.size).toBe(3);
  expect(load(locked).verdict.ok).toBe(true);
  expect(existsSync(world.project.store.path(locked.digest))).toBe(true);
});

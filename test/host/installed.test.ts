// What is installed as a running host sees it (THREATS.md 24, 27, H22): names that two bundles provide, bundles that are refused, and
// every file by which what may run changes under it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Host } from '../../host/host.ts';
import { packArchive, readArchive } from '../../registry/archive.ts';
import { refreshRegistry } from '../../registry/fetch.ts';
import { install } from '../../registry/install.ts';
import { localRegistryKeys } from '../../registry/local.ts';
import { writeLockfile } from '../../registry/lockfile.ts';
import { Store } from '../../registry/store.ts';
import { RegistryWriter } from '../../registry/writer.ts';
import { openProject } from '../../sdk/open-project.ts';
import { DEFAULT_KEY } from '../../sdk/project.ts';
import { localProvenance } from '../../sdk/provenance.ts';
import { openKeyring, publishArchive } from '../../sdk/release.ts';
import type { LogEntry } from '../../src/contracts/statement.ts';
import { recordsOf, skills } from './tools-source.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let host: Host;
let refused: { name: string; code: string }[];

beforeEach(async () => {
  world = createWorld();
  host = await Host.open({ directory: world.paths.project });
  refused = [];
  host.on('refused', ({ name, code }) => refused.push({ name, code }));
});
afterEach(async () => {
  await host.close();
  world.remove();
});

const call = (name: string, input: unknown = {}) => host.dispatch('skill', name, input);
const codeOf = (name: string) =>
  call(name).then(
    ({ output }) => output,
    (error: { code: string }) => error.code,
  );
const COUNTS = 'return ++count;';
const bring = (name: string, bodies: Record<string, string>, version = '1.0.0') =>
  world.bring(skills(bodies), { name, version });
const states = async () =>
  Object.fromEntries(
    (await host.status()).bundles.map(({ name, state, code }) => [
      name,
      code === null ? state : `${state} ${code}`,
    ]),
  );
const flip = (digest: string): (() => void) => {
  const file = join(new Store(world.paths.store).path(digest), 'files', 'dev.signet', 'main.js');
  const sound = readFileSync(file);
  const changed = Buffer.from(sound);
  changed[5] = (changed[5] ?? 0) ^ 1;
  writeFileSync(file, changed);
  return () => writeFileSync(file, sound);
};

describe('one name, two bundles', () => {
  beforeEach(async () => {
    await bring('one', { shared: "return 'one';", first: 'return 1;' });
    await bring('two', { shared: "return 'two';", second: 'return 2;' });
  });

  const conflict = async (): Promise<void> => {
    const failing = expect(call('shared')).rejects;
    await failing.toMatchObject({ code: 'E_DISPATCH_CONFLICT', item: 'skill/shared' });
    await expect(call('shared')).rejects.toThrow(/local\/one@1\.0\.0.*local\/two@1\.0\.0/);
    await expect(host.dispatch('skill', 'shared', {}, { apply: true })).rejects.toMatchObject({
      code: 'E_DISPATCH_CONFLICT',
    });
  };

  test('that name is refused, naming both; every other name of theirs works', async () => {
    await conflict();
    expect(await codeOf('first')).toBe(1);
    expect(await codeOf('second')).toBe(2);
    await conflict();
  });

  test('it does not depend on what was loaded before, or in which order', async () => {
    await host.loadAll();
    await conflict();
    expect(await states()).toEqual({
      'local/one': 'loaded E_DISPATCH_CONFLICT',
      'local/two': 'loaded E_DISPATCH_CONFLICT',
    });
    const tools = (await host.tools()).map(({ name }) => name);
    expect(tools.sort()).toEqual(['first', 'second']);
  });

  test('with one of them gone the name answers, and with it back it is refused again', async () => {
    await conflict();
    const installed = openProject(world.paths).installed();
    writeLockfile(
      world.paths.lockfile,
      installed.filter(({ name }) => name === 'local/two'),
    );
    expect(await codeOf('shared')).toBe('two');
    expect(await codeOf('first')).toBe('E_FUNCTION_UNKNOWN');
    expect(await states()).toEqual({ 'local/two': 'loaded' });
    writeLockfile(world.paths.lockfile, installed);
    await conflict();
  });
});

describe('a bundle that is refused', () => {
  test('is a value: others work, its names fail with its code, and it is said once', async () => {
    const { digest } = await bring('bad', { bad: 'return 1;' });
    await bring('good', { good: 'return 2;' });
    const repair = flip(digest);
    await host.loadAll();
    await host.loadAll();
    expect(await states()).toEqual({ 'local/bad': 'refused E_FILE_CHANGED', 'local/good': 'loaded' });
    expect(refused).toEqual([{ name: 'local/bad', code: 'E_FILE_CHANGED' }]);
    expect(await codeOf('bad')).toBe('E_FILE_CHANGED');
    expect(await codeOf('good')).toBe(2);
    expect((await host.tools()).map(({ name }) => name)).toEqual(['good']);
    repair();
    // Installed again, it is looked at again.
    writeLockfile(world.paths.lockfile, openProject(world.paths).installed());
    expect(await codeOf('bad')).toBe(1);
    await host.close();
    const about = recordsOf(world.paths).flatMap((record) =>
      record.type === 'bundle.refused' || record.type === 'bundle.loaded'
        ? [`${record.type} ${record.name}`]
        : [],
    );
    expect(about).toEqual([
      'bundle.refused local/bad',
      'bundle.loaded local/good',
      'bundle.loaded local/bad',
    ]);
  });

  test('goes on as the bytes that were verified, if it was loaded before they changed on disk', async () => {
    const { digest } = await bring('one', { one: COUNTS });
    expect(await codeOf('one')).toBe(1);
    flip(digest);
    expect(await codeOf('one')).toBe(2);
    await host.close();
    host = await Host.open({ directory: world.paths.project });
    expect(await codeOf('one')).toBe('E_FILE_CHANGED');
  });

  test('one whose script is none fails where it is called, and keeps no one from loading', async () => {
    await bring('good', { good: 'return 2;' });
    const source = world.source(skills({ bad: 'return 1;' }), { name: 'bad' });
    const files = readArchive((await world.build(source)).archive);
    const archive = packArchive(
      [...files].flatMap(([path, { bytes }]) => {
        if (path === 'FILES.json') return [];
        // Large enough to be compiled ahead.
        return [
          { path, bytes: path === 'dev.signet/main.js' ? Buffer.from(`]${' '.repeat(65_536)}`) : bytes },
        ];
      }),
    );
    const { paths } = world;
    publishArchive({
      paths,
      name: 'local/bad',
      archive,
      provenance: localProvenance(source),
      key: DEFAULT_KEY,
    });
    expect(install(openProject(paths), 'local/bad').verdict.ok).toBe(true);
    await host.loadAll();
    expect(await states()).toEqual({ 'local/bad': 'loaded', 'local/good': 'loaded' });
    expect(await codeOf('bad')).toBe('E_GUEST');
    expect(await codeOf('good')).toBe(2);
  });

  test('one that requires what is not there is refused by that name', async () => {
    await bring('base', { base: 'return 1;' });
    await world.bring(skills({ top: 'return 2;' }), { name: 'top', requires: { 'skill/base': '^1.0.0' } });
    expect(await codeOf('top')).toBe(2);
    writeLockfile(
      world.paths.lockfile,
      openProject(world.paths)
        .installed()
        .filter(({ name }) => name === 'local/top'),
    );
    const failing = expect(call('top')).rejects;
    await failing.toMatchObject({ code: 'E_REQUIRES', message: expect.stringContaining('local/top') });
    expect(await states()).toEqual({ 'local/top': 'refused E_REQUIRES' });
  });
});

describe('a running host notices', () => {
  test('what is installed, updated and uninstalled, and keeps the rest as it is', async () => {
    await bring('stays', { stays: COUNTS });
    expect(await codeOf('stays')).toBe(1);
    expect(await codeOf('comes')).toBe('E_FUNCTION_UNKNOWN');
    await bring('comes', { comes: "return 'old';" });
    expect(await codeOf('comes')).toBe('old');
    await bring('comes', { comes: "return 'new';" }, '1.0.1');
    expect(await codeOf('comes')).toBe('new');
    writeLockfile(
      world.paths.lockfile,
      openProject(world.paths)
        .installed()
        .filter(({ name }) => name === 'local/stays'),
    );
    expect(await codeOf('comes')).toBe('E_FUNCTION_UNKNOWN');
    // The same isolate all along.
    expect(await codeOf('stays')).toBe(2);
    await host.close();
    const loaded = recordsOf(world.paths).flatMap((record) =>
      record.type === 'bundle.loaded' ? [record.name] : [],
    );
    expect(loaded).toEqual(['local/stays', 'local/comes', 'local/comes']);
  });

  test('a call in flight outlives an installation of something else, not the end of its own bundle', async () => {
    await bring('waits', { waits: 'await new Promise(() => {});', fast: 'return 1;' });
    expect(await codeOf('fast')).toBe(1);
    let settled = false;
    const waiting = codeOf('waits').finally(() => {
      settled = true;
    });
    await bring('other', { other: 'return 3;' });
    expect(await codeOf('other')).toBe(3);
    expect(await codeOf('fast')).toBe(1);
    expect(settled).toBe(false);
    writeLockfile(
      world.paths.lockfile,
      openProject(world.paths)
        .installed()
        .filter(({ name }) => name === 'local/other'),
    );
    expect(await codeOf('other')).toBe(3);
    expect(await waiting).toBe('E_ABORTED');
  });

  test('a damaged lockfile or policy refuses everything until it is put right', async () => {
    await bring('one', { one: COUNTS });
    expect(await codeOf('one')).toBe(1);
    // file | code
    for (const [file, code] of [
      [world.paths.lockfile, 'E_LOCKFILE'],
      [world.paths.policy, 'E_CONFIG'],
      [join(world.paths.trust, 'trust.json'), 'E_TRUST_STATE'],
    ] as const) {
      const sound = readFileSync(file);
      writeFileSync(file, 'version: [');
      expect(await codeOf('one'), file).toBe(code);
      writeFileSync(file, sound);
      expect(await codeOf('one'), file).toEqual(expect.any(Number));
    }
  });

  test('a policy that no longer trusts the registry', async () => {
    await bring('one', { one: 'return 1;' });
    expect(await codeOf('one')).toBe(1);
    const policy = readFileSync(world.paths.policy, 'utf8');
    writeFileSync(world.paths.policy, policy.replace(/SHA256:[0-9a-f]{64}/, `SHA256:${'0'.repeat(64)}`));
    expect(await codeOf('one')).toBe('E_ROOT_UNPINNED');
    writeFileSync(world.paths.policy, policy);
    expect(await codeOf('one')).toBe(1);
  });

  test('a lockfile that is swapped for another in one step', async () => {
    await bring('one', { one: 'return 1;' });
    expect(await codeOf('one')).toBe(1);
    const swapped = `${world.paths.lockfile}.new`;
    writeFileSync(
      swapped,
      readFileSync(world.paths.lockfile, 'utf8').replace('"version": "1.0.0"', '"version": "1.0.1"'),
    );
    renameSync(swapped, world.paths.lockfile);
    expect(await codeOf('one')).toBe('E_STATEMENT_MISMATCH');
  });
});

describe('revocation', () => {
  const now = Date.now();
  function revoke(entry: Extract<LogEntry, { type: 'revoke' | 'revoke-key' }>): void {
    const keys = localRegistryKeys(world.paths.registry, openKeyring(), now);
    const writer = new RegistryWriter(world.paths.registry, keys, now);
    try {
      writer.revoke(entry);
    } finally {
      writer.close();
    }
  }
  function refresh(): void {
    const project = openProject(world.paths);
    const [local] = project.policy().registries;
    if (local !== undefined) refreshRegistry(project, local);
  }

  test('a digest that is revoked is refused at dispatch, its calls end, and others go on', async () => {
    const { digest } = await bring('bad', { bad: COUNTS, waits: 'await new Promise(() => {});' });
    await bring('good', { good: COUNTS });
    expect([await codeOf('bad'), await codeOf('good')]).toEqual([1, 1]);
    const waiting = codeOf('waits');
    revoke({ type: 'revoke', digest, reason: 'a test' });
    // What this machine has not seen yet cannot bind.
    expect(await codeOf('bad')).toBe(2);
    refresh();
    expect(await codeOf('bad')).toBe('E_REVOKED');
    expect(await waiting).toBe('E_REVOKED');
    expect(await codeOf('good')).toBe(2);
    expect(await states()).toEqual({ 'local/bad': 'refused E_REVOKED', 'local/good': 'loaded' });
    expect(refused).toEqual([{ name: 'local/bad', code: 'E_REVOKED' }]);
    await host.close();
    host = await Host.open({ directory: world.paths.project });
    expect(await codeOf('bad')).toBe('E_REVOKED');
  });

  test('a key that is revoked takes its releases with it', async () => {
    await bring('one', { one: 'return 1;' });
    expect(await codeOf('one')).toBe(1);
    const [locked] = openProject(world.paths).installed();
    revoke({ type: 'revoke-key', key: locked?.publisher[0] ?? '', fromIndex: 0, reason: 'stolen' });
    refresh();
    expect(await codeOf('one')).toBe('E_KEY_REVOKED');
  });
});

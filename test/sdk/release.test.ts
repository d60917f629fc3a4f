// Publishing into a registry that this machine keeps: by the policy's word, with the keys that are here, and under a local root
// only what a local root may speak for (THREATS.md 29).
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveDigest } from '../../registry/archive.ts';
import { install } from '../../registry/install.ts';
import { openProject } from '../../sdk/open-project.ts';
import { DEFAULT_KEY } from '../../sdk/project.ts';
import { localProvenance } from '../../sdk/provenance.ts';
import { openKeyring, publishArchive } from '../../sdk/release.ts';
import { skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';
import { expectCode } from '../src/expect-code.ts';

let world: World;
let archive: Uint8Array;
beforeAll(async () => {
  world = createWorld();
  ({ archive } = await world.build(world.source(skills({ one: 'return 1;' }), { name: 'one' })));
});
afterAll(() => world.remove());

const publish = (options: { name?: string; key?: string; archive?: Uint8Array; provenance?: boolean } = {}) =>
  publishArchive({
    paths: world.paths,
    name: options.name ?? 'local/one',
    archive: options.archive ?? archive,
    provenance: options.provenance === false ? null : localProvenance(world.folder),
    key: options.key ?? DEFAULT_KEY,
  });

test('once it is created, again it is there already', () => {
  const first = publish();
  expect(first).toMatchObject({
    name: 'local/one',
    version: '1.0.0',
    digest: archiveDigest(archive),
    created: true,
  });
  expect(publish()).toEqual({ ...first, created: false });
  expect(install(openProject(world.paths), 'local/one').verdict).toMatchObject({ ok: true });
});

describe('refused, and nothing is published', () => {
  let checkpoint: string;
  const read = () => readFileSync(join(world.paths.registry, 'checkpoint'), 'utf8');
  beforeAll(() => {
    checkpoint = read();
  });

  test('another archive under a published version', async () => {
    const other = await world.build(world.source(skills({ one: 'return 2;' }), { name: 'one' }));
    expectCode(() => publish({ archive: other.archive }), 'E_VERSION_EXISTS');
    expect(read()).toBe(checkpoint);
  });

  test('a namespace that the policy maps nowhere', () => {
    expectCode(() => publish({ name: 'acme/one' }), 'E_REGISTRY_UNMAPPED');
  });

  test('a key that the namespace does not know', async () => {
    const next = await world.build(
      world.source(skills({ one: 'return 3;' }), { name: 'one', version: '1.1.0' }),
    );
    // A key that is named and missing is not made in passing.
    expectCode(() => publish({ key: 'stranger', archive: next.archive }), 'E_NOT_FOUND');
    openKeyring().ensurePublisher('stranger');
    expectCode(() => publish({ key: 'stranger', archive: next.archive }), 'E_SIGNER');
    expect(read()).toBe(checkpoint);
  });

  test('a bundle of signet that this package does not pin', async () => {
    const source = world.source(skills({ one: 'return 1;' }), { name: 'lines' });
    const manifest = join(source, 'plugin.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"local"', '"signet"'));
    const foreign = await world.build(source);
    expectCode(() => publish({ name: 'signet/lines', archive: foreign.archive }), 'E_FIRST_PARTY');
    expect(read()).toBe(checkpoint);
  });

  test('a registry whose keys are on another machine', () => {
    const keys = join(world.folder, 'config', 'local');
    renameSync(keys, `${keys}-away`);
    try {
      expectCode(() => publish(), 'E_NOT_FOUND');
    } finally {
      renameSync(`${keys}-away`, keys);
    }
    expect(publish().created).toBe(false);
  });
});

test('without provenance it is published only where the policy asks for none', async () => {
  const bare = await world.build(world.source(skills({ bare: 'return 1;' }), { name: 'bare' }));
  const without = () => publish({ name: 'local/bare', archive: bare.archive, provenance: false });
  expectCode(without, 'E_PROVENANCE_MISSING');
  const policy = readFileSync(world.paths.policy, 'utf8');
  writeFileSync(world.paths.policy, `${policy}provenance: { required: false }\n`);
  expect(without().created).toBe(true);
  writeFileSync(world.paths.policy, policy);
  const { verdict, bundle } = install(openProject(world.paths), 'local/bare');
  expect(verdict).toMatchObject({ ok: false, code: 'E_PROVENANCE_MISSING' });
  expect(bundle).toBe(undefined);
});

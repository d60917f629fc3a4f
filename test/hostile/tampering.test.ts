// What is installed is not what was signed, or was never signed as it should be (THREATS.md 24, 1, 8, 33; issue "Bad input").
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Host } from '../../host/host.ts';
import { Store } from '../../registry/store.ts';
import { verifyAll, verifySubject } from '../../registry/subject.ts';
import { openProject } from '../../sdk/open-project.ts';
import { createWorld, skill, type World } from '../host/world.ts';

let world: World;
let files: string;
let digest: string;

beforeEach(async () => {
  world = createWorld();
  ({ digest } = await world.bring(skill('return 1;')));
  files = join(new Store(world.paths.store).path(digest), 'files');
});
afterEach(() => world.remove());

/** The code with which the host refuses `skill/run`, or undefined where it answers. */
async function dispatchCode(): Promise<string | undefined> {
  const host = await Host.open({ directory: world.paths.project });
  try {
    await host.dispatch('skill', 'run', {});
    return undefined;
  } catch (thrown) {
    return (thrown as { code?: string }).code;
  } finally {
    await host.close();
  }
}

test('what is as it was signed runs', async () => {
  expect(await dispatchCode()).toBeUndefined();
  expect(verifyAll(openProject(world.paths))).toMatchObject([{ ok: true, code: null }]);
});

test('one byte changed: refused at load and by verify, with file, expected and actual digest', async () => {
  const main = join(files, 'dev.signet', 'main.js');
  const bytes = readFileSync(main);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  writeFileSync(main, bytes);
  expect(await dispatchCode()).toBe('E_FILE_CHANGED');
  const [verdict] = verifyAll(openProject(world.paths));
  expect(verdict).toMatchObject({ ok: false, code: 'E_FILE_CHANGED' });
  const failed = verdict?.checks.find(({ state }) => state === 'fail');
  expect(failed).toMatchObject({
    item: 'dev.signet/main.js',
    expected: expect.stringMatching(/^sha256:/),
    actual: expect.stringMatching(/^sha256:/),
  });
  expect(failed?.actual).not.toBe(failed?.expected);
});

describe('every other change of an installed bundle', () => {
  const main = () => join(files, 'dev.signet', 'main.js');
  test.each<[string, () => void, string]>([
    ['a file more', () => writeFileSync(join(files, 'more.txt'), ''), 'E_FILE_ADDED'],
    ['a file less', () => rmSync(main()), 'E_FILE_MISSING'],
    ['another mode', () => chmodSync(main(), 0o755), 'E_FILE_MODE'],
    [
      'a link in its place',
      () => {
        renameSync(main(), join(world.folder, 'main.js'));
        symlinkSync(join(world.folder, 'main.js'), main());
      },
      'E_FILE_TYPE',
    ],
    ['a proof of nothing', () => writeFileSync(join(files, '..', 'proof.json'), '{}'), 'E_FORMAT'],
    ['no proof', () => rmSync(join(files, '..', 'proof.json')), 'E_FILE_MISSING'],
    [
      'another lockfile',
      () =>
        writeFileSync(
          world.paths.lockfile,
          readFileSync(world.paths.lockfile, 'utf8').replace('"version": "1.0.0"', '"version": "1.0.1"'),
        ),
      'E_STATEMENT_MISMATCH',
    ],
  ])('%s is refused', async (_what, change, code) => {
    change();
    expect(await dispatchCode()).toBe(code);
    expect(verifyAll(openProject(world.paths))).toMatchObject([{ ok: false, code }]);
  });
});

test('a running host refuses a bundle once the lockfile names other bytes', async () => {
  const host = await Host.open({ directory: world.paths.project });
  try {
    expect((await host.dispatch('skill', 'run', {})).output).toBe(1);
    await world.bring(skill('return 2;'), { version: '1.0.1' });
    expect((await host.dispatch('skill', 'run', {})).output).toBe(2);
  } finally {
    await host.close();
  }
});

test('an unsigned archive is unverifiable, not verified', async () => {
  const { archive } = await world.build(world.source(skill('return 1;'), { name: 'unsigned' }));
  const file = join(world.folder, 'unsigned.tar');
  writeFileSync(file, archive);
  expect(verifySubject(openProject(world.paths), file)).toMatchObject([{ ok: false, code: 'E_UNSIGNED' }]);
});

test('a proof whose signature has one bit flipped is refused', () => {
  const store = new Store(world.paths.store);
  const { archive, proof } = store.read(digest);
  const bundle = JSON.parse(Buffer.from(proof).toString('utf8')) as {
    release: { envelope: { signatures: { sig: string }[] } };
  };
  const [signature] = bundle.release.envelope.signatures;
  const bytes = Buffer.from(signature?.sig ?? '', 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  if (signature !== undefined) signature.sig = bytes.toString('base64');
  const file = join(world.folder, 'forged.tar');
  writeFileSync(file, archive);
  writeFileSync(`${file}.proof.json`, proof);
  expect(verifySubject(openProject(world.paths), file)).toMatchObject([{ ok: true }]);
  writeFileSync(`${file}.proof.json`, JSON.stringify(bundle));
  const [verdict] = verifySubject(openProject(world.paths), file);
  expect(verdict?.ok).toBe(false);
  expect(verdict?.code).toMatch(/^E_/);
});

test('a bundle for another host is refused as incompatible, and a kind that is none at build', async () => {
  await expect(world.bring(skill('return 1;'), { name: 'future', host: '^2.0.0' })).rejects.toThrowError(
    /E_HOST_RANGE/,
  );
  const strange = skill('return 1;').replace("kind: 'skill'", "kind: 'daemon' as any");
  await expect(world.build(world.source(strange, { name: 'strange' }))).rejects.toMatchObject({
    code: expect.stringMatching(/^E_(MANIFEST|BUILD|KIND)/),
  });
  const later = skill('return 1;').replace("kind: 'skill'", "kind: 'planner' as any");
  await expect(world.build(world.source(later, { name: 'later' }))).rejects.toMatchObject({
    code: 'E_KIND_UNSUPPORTED',
  });
});

test('a store that was copied from elsewhere is not trusted', async () => {
  const other = createWorld();
  try {
    cpSync(world.paths.store, other.paths.store, { recursive: true });
    cpSync(world.paths.lockfile, other.paths.lockfile);
    mkdirSync(other.paths.state, { recursive: true });
    const [verdict] = verifyAll(openProject(other.paths));
    expect(verdict).toMatchObject({ ok: false });
  } finally {
    other.remove();
  }
});

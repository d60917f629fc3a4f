// What `registry verify` answers for: THREATS.md 32, and every form of subject.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatExport } from '../../registry/export.ts';
import { fetchRelease, refreshRegistry } from '../../registry/fetch.ts';
import { install } from '../../registry/install.ts';
import { writeLockfile } from '../../registry/lockfile.ts';
import { PROOF_SUFFIX } from '../../registry/release-file.ts';
import { examineSubject, summarize, verifyAll, verifySubject } from '../../registry/subject.ts';
import { DirectoryTransport } from '../../registry/transport.ts';
import { exitOf } from '../../src/contracts/verdict.ts';
import { archiveOf, createWorld, DAY, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());
const code = (value: string) => expect.objectContaining({ code: value });
const verify = (subject: string) => verifySubject(world.project, subject);
const codes = (subject: string) => verify(subject).map((verdict) => verdict.code);
/** Writes archive and proof to files, as one would hand them to a stranger. */
function exportRelease(folder = world.directory): string {
  const { archive, proof } = fetchRelease(new DirectoryTransport(world.registry), 'local/hello');
  const path = join(folder, 'hello.tar');
  writeFileSync(path, archive);
  writeFileSync(path + PROOF_SUFFIX, proof);
  return path;
}

test('row 32: nothing to verify is never a success: exit 3', () => {
  expect(verifyAll(world.project)).toEqual([]);
  expect(summarize([])).toEqual({
    schema: 'verify/1',
    ok: false,
    code: 'E_NO_SUBJECTS',
    subjects: [],
    counts: { subjects: 0, ok: 0, refused: 0 },
  });
  expect(exitOf([])).toBe(3);
  install(world.project, 'local/hello');
  expect(summarize(verifyAll(world.project))).toMatchObject({
    ok: true,
    code: null,
    counts: { subjects: 1, ok: 1 },
  });
});

test('a file with its proof beside it needs no registry: one file, one proof, a pinned root', () => {
  const path = exportRelease();
  rmSync(world.registry, { recursive: true });
  const [verdict] = verify(path);
  expect(verdict).toMatchObject({ ok: true, subject: 'hello.tar', name: 'local/hello' });
  const bytes = readFileSync(path);
  bytes[1000]! ^= 1;
  writeFileSync(path, bytes);
  expect(verify(path)[0]!.ok).toBe(false);
});

test('row 32: a file without a proof, and a folder of sources, are unsigned: exit 3', () => {
  const path = join(world.directory, 'lonely.tar');
  writeFileSync(path, archiveOf());
  expect(codes(path)).toEqual(['E_UNSIGNED']);
  expect(exitOf(verify(path))).toBe(3);
  const sources = join(world.directory, 'sources');
  mkdirSync(sources);
  writeFileSync(join(sources, 'plugin.json'), '{}');
  expect(codes(sources)).toEqual(['E_UNSIGNED']);
});

test('rows 4, 31: a file whose status is stale is exit 4', () => {
  const path = exportRelease();
  world.clock.ms += 8 * DAY;
  expect(codes(path)).toEqual(['E_STATUS_STALE']);
  expect(exitOf(verify(path))).toBe(4);
});

test('row 12: a file that shows another history leaves evidence', () => {
  const fork = join(world.directory, 'fork');
  cpSync(world.registry, fork, { recursive: true });
  world.publish({ version: '1.1.0' });
  const path = exportRelease();
  rmSync(world.registry, { recursive: true });
  cpSync(fork, world.registry, { recursive: true });
  world.publish({ version: '1.2.0' });
  install(world.project, 'local/hello');
  expect(codes(path)).toEqual(['E_EQUIVOCATION']);
  const seen = world.project.trust.pin(world.fingerprint)!.checkpoint!;
  const evidence = join(world.project.trust.directory, 'evidence');
  expect(readFileSync(join(evidence, readOnly(evidence)), 'utf8')).toContain(JSON.stringify(seen.note));
});

test('the folder of an installed bundle is judged as at load', () => {
  const { bundle } = install(world.project, 'local/hello');
  const folder = world.project.store.path(bundle!.digest);
  world.publish({ version: '1.1.0' });
  refreshRegistry(world.project, world.project.policy().registries[0]!);
  expect(codes(folder)).toEqual([null]);
  writeFileSync(join(folder, 'files', 'extra'), '');
  expect(verify(folder)[0]).toMatchObject({ code: 'E_FILE_ADDED' });
});

test('a registry has one verdict a release, also for what its index hides', () => {
  world.publish({ version: '1.1.0' });
  world.publish({ name: 'local/other' });
  expect(codes(world.registry)).toEqual([null, null, null]);
  const archive = join(world.registry, 'release/local/hello/1.1.0/archive.tar');
  const bytes = readFileSync(archive);
  bytes[1000]! ^= 1;
  writeFileSync(archive, bytes);
  rmSync(join(world.registry, 'index/local/other.json'));
  const verdicts = verify(world.registry);
  expect(verdicts.map(({ ok }) => ok)).toEqual([true, false, false]);
  expect(verdicts[2]).toMatchObject({ subject: 'local/other@1.0.0', code: 'E_NOT_FOUND' });
  expect(summarize(verdicts)).toMatchObject({ ok: false, counts: { subjects: 3, ok: 1, refused: 2 } });
});

test('a name is what is installed, if its version is in the range, else what the registry has', () => {
  world.publish({ version: '2.0.0' });
  install(world.project, 'local/hello', '^1.0.0');
  expect(verify('local/hello')[0]).toMatchObject({ ok: true, version: '1.0.0' });
  expect(verify('local/hello@^2.0.0')[0]).toMatchObject({ ok: true, version: '2.0.0' });
  expect(world.project.installed()[0]!.version).toBe('1.0.0');
});

test('an installed name comes before a path of the same spelling', () => {
  mkdirSync(join(world.project.directory, 'local/hello'), { recursive: true });
  expect(codes('local/hello')).toEqual(['E_UNSIGNED']);
  install(world.project, 'local/hello');
  expect(codes('local/hello')).toEqual([null]);
  expect(codes('./local/hello')).toEqual(['E_UNSIGNED']);
});

test('what is neither a file nor a name, and a name that no registry has', () => {
  expect(() => verify('nothing.tar')).toThrow(code('E_NOT_FOUND'));
  expect(() => verify('local/nothing')).toThrow(code('E_NOT_FOUND'));
  expect(() => verify('acme/nothing')).toThrow(code('E_REGISTRY_UNMAPPED'));
});

test('--offline: a name whose registry is not on this machine is refused before anything is opened', () => {
  world.setPolicy({
    registries: [
      { name: 'home', location: 'https://registry.example/', root: world.fingerprint, namespaces: ['local'] },
    ],
  });
  const examine = (offline: boolean) => () =>
    examineSubject({ by: 'project', project: world.project, offline }, 'local/hello');
  expect(examine(true)).toThrow(code('E_OFFLINE'));
  expect(examine(false)).toThrow(code('E_REGISTRY'));
});

test('a folder of releases has one verdict a release, also for what cannot be read', () => {
  const folder = join(world.directory, 'dist');
  mkdirSync(folder);
  exportRelease(folder);
  writeFileSync(join(folder, 'broken.signet'), 'signet-export/1 9 9\n');
  writeFileSync(join(folder, 'notes.txt'), '');
  expect(verify(folder).map(({ subject, code: found }) => [subject, found])).toEqual([
    ['broken.signet', 'E_FORMAT'],
    ['hello.tar', null],
  ]);
});

test('one exported file under a root given by hand: no project, no registry', () => {
  const { archive, proof } = fetchRelease(new DirectoryTransport(world.registry), 'local/hello');
  const path = join(world.directory, 'hello.signet');
  writeFileSync(path, formatExport({ archive, proof }));
  rmSync(world.registry, { recursive: true });
  rmSync(world.project.directory, { recursive: true });
  const judge = (fingerprint: string) =>
    examineSubject(
      { by: 'root', root: { fingerprint, host: '1.0.0' }, directory: world.directory, now: world.clock.ms },
      'hello.signet',
    )[0]!.verdict;
  expect(judge(world.fingerprint)).toMatchObject({ ok: true, subject: 'hello.signet', name: 'local/hello' });
  expect(judge(`SHA256:${'c'.repeat(64)}`)).toMatchObject({ ok: false, code: 'E_ROOT_UNTRUSTED' });
  expect(() =>
    examineSubject(
      {
        by: 'root',
        root: { fingerprint: world.fingerprint, host: '1.0.0' },
        directory: world.directory,
        now: 0,
      },
      'local/hello',
    ),
  ).toThrow(code('E_NOT_FOUND'));
});

test('the worst subject speaks for all: refused before unsigned before stale', () => {
  const bad = exportRelease();
  const bytes = readFileSync(bad);
  bytes[1000]! ^= 1;
  writeFileSync(bad, bytes);
  const lonely = join(world.directory, 'lonely.tar');
  writeFileSync(lonely, archiveOf());
  const all = [...verify(lonely), ...verify(bad), ...verify('local/hello')];
  expect(summarize(all)).toMatchObject({ ok: false, counts: { subjects: 3, ok: 1, refused: 2 } });
  expect(exitOf(all)).toBe(1);
  expect(summarize(all).code).toBe(all[1]!.code);
});

function readOnly(folder: string): string {
  const names = readdirSync(folder);
  expect(names).toHaveLength(1);
  return names[0]!;
}

describe('a folder that only looks installed', () => {
  /** The folder of the installed bundle, copied to where it was not installed. */
  const copied = (): string => {
    const { bundle } = install(world.project, 'local/hello');
    const own = world.project.store.path(bundle!.digest);
    const copy = join(world.directory, 'download', bundle!.digest.slice('sha256:'.length));
    cpSync(own, copy, { recursive: true });
    world.publish({ version: '1.1.0' });
    refreshRegistry(world.project, world.project.policy().registries[0]!);
    expect(codes(own)).toEqual([null]);
    return copy;
  };

  test('row 2: elsewhere than in the store it is judged as a file is', () => {
    expect(codes(copied())).toEqual(['E_ROLLBACK']);
  });

  test('row 2: a link to it is not the folder of the store, and one that reaches it is', () => {
    const copy = copied();
    const own = world.project.store.path(world.project.installed()[0]!.digest);
    const links = join(world.directory, 'links');
    mkdirSync(links);
    symlinkSync(join(own, '..'), join(links, 'sha256'));
    expect(codes(join(links, 'sha256', basename(own)))).toEqual([null]);
    symlinkSync(join(copy, '..'), join(links, 'other'));
    expect(codes(join(links, 'other', basename(own)))).toEqual(['E_ROLLBACK']);
  });

  test('row 2: in the store it counts only if the lockfile names it', () => {
    copied();
    const own = world.project.store.path(world.project.installed()[0]!.digest);
    writeLockfile(world.project.lockfile, []);
    expect(codes(own)).toEqual(['E_ROLLBACK']);
  });
});

describe('nothing to verify is no success', () => {
  test('row 32: an empty registry beside a good file', () => {
    const empty = join(world.directory, 'empty');
    mkdirSync(join(empty, 'release'), { recursive: true });
    mkdirSync(join(empty, 'root'));
    const good = exportRelease();
    expect(codes(good)).toEqual([null]);
    expect(codes(empty)).toEqual(['E_NO_SUBJECTS']);
    expect(exitOf([...verify(good), ...verify(empty)])).toBe(3);
  });

  test('row 32: a folder that is named like a range of versions is no release', () => {
    expect(codes(world.registry)).toEqual([null]);
    const releases = join(world.registry, 'release/local/hello');
    for (const name of ['>=0.0.1', 'v1.0.0', '1.0']) mkdirSync(join(releases, name));
    writeFileSync(join(world.registry, 'release/local/README'), '');
    expect(codes(world.registry).sort()).toEqual([...Array(4).fill('E_REGISTRY'), null].sort());
    expect(exitOf(verify(world.registry))).toBe(6);
  });
});

test('a file that was signed and not logged says which command logs it', () => {
  const path = exportRelease();
  rmSync(path + PROOF_SUFFIX);
  const fix = () => verify(path)[0]!.checks.find(({ state }) => state === 'fail')!;
  expect(fix().detail).not.toContain('not logged');
  writeFileSync(`${path}.release.json`, '{}');
  expect(fix()).toMatchObject({ code: 'E_UNSIGNED', fix: `registry publish ${path}` });
});

test('a damaged file of an installed bundle: the command that is printed repairs it', () => {
  const { bundle } = install(world.project, 'local/hello');
  writeFileSync(join(world.project.store.path(bundle!.digest), 'files', 'extra'), '');
  const failed = verify('local/hello')[0]!.checks.find(({ state }) => state === 'fail');
  expect(failed).toMatchObject({ code: 'E_FILE_ADDED', fix: 'registry install local/hello@1.0.0 --yes' });
  install(world.project, 'local/hello', '1.0.0', { accept: true });
  expect(codes('local/hello')).toEqual([null]);
});

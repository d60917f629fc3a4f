// The first-party bundles are the pinned ones, wherever they come from (DESIGN.md §3 "Local root", §7): built from source in a clone,
// carried as archives in the package.
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { firstPartyLockFile, readFirstPartyLock, skillsFolder } from '../../registry/first-party.ts';
import {
  archiveFile,
  type FirstPartyArchive,
  loadFirstParty,
  relockFirstParty,
} from '../../sdk/first-party.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'signet-skills-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Copies bundles without dependencies of their own. */
function copy(...names: string[]): void {
  for (const name of names) cpSync(join(skillsFolder(), name), join(folder, name), { recursive: true });
}
const refused = (fix: unknown = expect.stringContaining('npm run relock')) => ({
  code: 'E_FIRST_PARTY',
  fix,
});

test('what skills/ builds to now is what its lock file pins, byte for byte', async () => {
  const built = await loadFirstParty();
  const bundles = built.map(({ name, version, digest }) => ({ name, version, digest }));
  const text = `${JSON.stringify({ type: 'first-party/1', bundles }, null, 2)}\n`;
  expect(readFileSync(firstPartyLockFile(), 'utf8')).toBe(text);
  expect(bundles.map(({ name }) => name)).toEqual([
    'signet/cron-jobs',
    'signet/files',
    'signet/lines',
    'signet/shell',
  ]);
  for (const { name, source } of built)
    expect(source).toBe(join(skillsFolder(), name.slice('signet/'.length)));
});

describe('from source', () => {
  test('relock pins what is there, in the form of the real file, and the same in another folder', async () => {
    copy('lines', 'files');
    const lock = await relockFirstParty(folder);
    expect(readFileSync(firstPartyLockFile(folder), 'utf8')).toBe(`${JSON.stringify(lock, null, 2)}\n`);
    const real = readFirstPartyLock().bundles;
    expect(lock.bundles).toEqual(real.filter(({ name }) => /(?:lines|files)$/.test(name)));
    expect((await loadFirstParty(folder)).map(({ digest }) => digest)).toEqual(
      lock.bundles.map(({ digest }) => digest),
    );
  });

  test('an edited skill is refused with both digests until it is pinned anew', async () => {
    copy('lines');
    const before = await relockFirstParty(folder);
    const source = join(folder, 'lines', 'index.ts');
    const text = readFileSync(source, 'utf8');
    writeFileSync(source, `${text}\n(globalThis as any).edited = 1;\n`);
    await expect(loadFirstParty(folder)).rejects.toMatchObject({
      ...refused(),
      item: 'signet/lines',
      expected: before.bundles[0]?.digest,
      actual: expect.stringMatching(/^sha256:/),
    });
    const after = await relockFirstParty(folder);
    expect(after.bundles[0]?.digest).not.toBe(before.bundles[0]?.digest);
    expect((await loadFirstParty(folder)).length).toBe(1);
    writeFileSync(source, text);
    await expect(loadFirstParty(folder)).rejects.toMatchObject(refused());
  });

  test('so is another version, one that is gone, and one that no one pinned', async () => {
    copy('lines', 'files');
    await relockFirstParty(folder);
    const manifest = join(folder, 'lines', 'plugin.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace('"version": "1.0.0"', '"version": "1.0.1"'));
    await expect(loadFirstParty(folder)).rejects.toMatchObject({ ...refused(), actual: 'no such bundle' });
    writeFileSync(manifest, text);
    expect((await loadFirstParty(folder)).length).toBe(2);
    renameSync(join(folder, 'files'), join(folder, '..', `${folder.split('/').at(-1)}-away`));
    await expect(loadFirstParty(folder)).rejects.toMatchObject({
      ...refused(),
      item: 'signet/files',
      actual: 'no such bundle',
    });
    renameSync(join(folder, '..', `${folder.split('/').at(-1)}-away`), join(folder, 'files'));
    copy('shell');
    await expect(loadFirstParty(folder)).rejects.toMatchObject({ ...refused(), item: 'signet/shell' });
  });

  test('a source that cannot be built says so itself', async () => {
    copy('lines');
    await relockFirstParty(folder);
    appendFileSync(join(folder, 'lines', 'index.ts'), '\n}');
    await expect(loadFirstParty(folder)).rejects.toMatchObject({ code: 'E_BUILD' });
  });
});

describe('from the package', () => {
  let built: FirstPartyArchive[];
  let carried: string;

  beforeEach(async () => {
    copy('lines', 'files');
    await relockFirstParty(folder);
    built = await loadFirstParty(folder);
    carried = join(folder, 'carried');
    mkdirSync(carried);
    cpSync(firstPartyLockFile(folder), firstPartyLockFile(carried));
    for (const { name, archive } of built) writeFileSync(join(carried, archiveFile(name)), archive);
  });

  test('the archives are read, and are the same', async () => {
    const read = await loadFirstParty(carried);
    expect(read.map(({ name, digest }) => [name, digest])).toEqual(
      built.map(({ name, digest }) => [name, digest]),
    );
    expect(read.map(({ archive }) => Buffer.from(archive).toString('hex'))).toEqual(
      built.map(({ archive }) => Buffer.from(archive).toString('hex')),
    );
    expect(read.every(({ source }) => source === undefined)).toBe(true);
  });

  test('one byte changed, one exchanged for the other, one missing, one a link', async () => {
    const [first, second] = built.map(({ name }) => join(carried, archiveFile(name))) as [string, string];
    const sound = readFileSync(first);
    const changed = Buffer.from(sound);
    changed[600] = (changed[600] ?? 0) ^ 1;
    writeFileSync(first, changed);
    await expect(loadFirstParty(carried)).rejects.toMatchObject(refused());
    writeFileSync(first, readFileSync(second));
    await expect(loadFirstParty(carried)).rejects.toMatchObject(refused());
    rmSync(first);
    await expect(loadFirstParty(carried)).rejects.toMatchObject({
      ...refused(expect.stringContaining('signet-host')),
      expected: first,
    });
    symlinkSync(second, first);
    await expect(loadFirstParty(carried)).rejects.toMatchObject({ code: 'E_IO' });
  });

  test('an archive that no one pinned is never looked at', async () => {
    writeFileSync(join(carried, 'signet-stranger.tar'), 'anything');
    expect((await loadFirstParty(carried)).length).toBe(2);
  });
});

test.each([
  ['missing', undefined],
  ['no JSON', '{'],
  ['of another type', '{"type":"lock/1","bundles":[]}'],
  ['with a field more', '{"type":"first-party/1","bundles":[],"more":1}'],
])('a lock file that is %s', async (_what, text) => {
  if (text !== undefined) writeFileSync(firstPartyLockFile(folder), text);
  const code = text === '{' ? 'E_JSON' : 'E_FIRST_PARTY';
  await expect(loadFirstParty(folder)).rejects.toMatchObject({ code });
});

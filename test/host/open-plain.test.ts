import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closing, fdPath, openEntry, openError, openPlain, refusal } from '../../host/open-plain.ts';
import { identity } from '../../host/protected-files.ts';
import { temporaryFolder } from './broker-fixture.ts';

let base: string;
const none = { paths: new Set<string>(), identities: new Set<string>() };
beforeEach(() => {
  base = temporaryFolder();
  mkdirSync(join(base, 'folder'));
  writeFileSync(join(base, 'folder', 'file'), 'text');
});
afterEach(() => rmSync(base, { recursive: true }));

const code = (path: string, guard = none): Promise<string> =>
  closing(openPlain(path, guard), async () => 'opened').catch((error: { code: string }) => error.code);

test('a link on the way, and at the end, is refused and not followed (THREATS.md H10)', async () => {
  symlinkSync('folder', join(base, 'link'));
  symlinkSync('file', join(base, 'folder', 'link'));
  expect(await code(join(base, 'link', 'file'))).toBe('E_CAPABILITY_DENIED');
  expect(await code(join(base, 'folder', 'link'))).toBe('E_CAPABILITY_DENIED');
  expect(await code(join(base, 'folder', 'file'))).toBe('opened');
});

test('what is guarded is refused by path and by identity, and so is what is below it', async () => {
  const folder = join(base, 'folder');
  const byPath = { paths: new Set([folder]), identities: new Set<string>() };
  const byIdentity = {
    paths: new Set<string>(),
    identities: new Set([identity(statSync(folder, { bigint: true }))]),
  };
  for (const guard of [byPath, byIdentity]) {
    expect(await code(folder, guard)).toBe('E_CAPABILITY_DENIED');
    expect(await code(join(folder, 'file'), guard)).toBe('E_CAPABILITY_DENIED');
    expect(await code(base, guard)).toBe('opened');
  }
});

test('a view of the running system is refused, what is not there is E_NOT_FOUND', async () => {
  expect(await code('/proc/version')).toBe('E_CAPABILITY_DENIED');
  expect(await code('/sys')).toBe('E_CAPABILITY_DENIED');
  expect(await code(join(base, 'none'))).toBe('E_NOT_FOUND');
  expect(await code(join(base, 'folder', 'file', 'below'))).toBe('E_NOT_FOUND');
  expect(await code(join(base, 'x'.repeat(300)))).toBe('E_IO');
  expect(await code('/')).toBe('opened');
});

test('names are looked up in the open folder, wherever it is meanwhile', async () => {
  await closing(openPlain(join(base, 'folder'), none), async (folder) => {
    expect(readFileSync(fdPath(folder, 'file'), 'utf8')).toBe('text');
    const inode = (await folder.stat()).ino;
    expect(statSync(fdPath(folder)).ino).toBe(inode);
    await closing(openEntry(folder, 'file', 'item', '/here'), async (file) => {
      expect((await file.stat()).isFile()).toBe(true);
    });
    await expect(openEntry(folder, 'none', 'item', '/here')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
});

test('the handle is closed however the work ends', async () => {
  let fd = -1;
  const failing = closing(openPlain(base, none), async (handle) => {
    fd = handle.fd;
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(() => statSync(`/proc/self/fd/${fd}/folder`)).toThrow();
});

test('what failed is coded', () => {
  expect(refusal('x', 'is bad')).toMatchObject({ code: 'E_CAPABILITY_DENIED', message: 'x is bad' });
  expect(refusal('x', 'is bad', 'Do this.').fix).toBe('Do this.');
  const cause = Object.assign(new Error('no'), { code: 'EMFILE' });
  expect(openError('x', '/y', cause)).toMatchObject({ code: 'E_IO', message: '/y cannot be opened: EMFILE' });
});

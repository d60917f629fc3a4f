import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closing, openPlain } from '../../host/open-plain.ts';
import { identity } from '../../host/protected-files.ts';
import { replaceFile, type WriteMode } from '../../host/replace-file.ts';
import { temporaryFolder } from './broker-fixture.ts';

const none = { paths: new Set<string>(), identities: new Set<string>() };
let base: string;
let folder: string;
beforeEach(() => {
  base = temporaryFolder();
  folder = join(base, 'folder');
  mkdirSync(folder);
  writeFileSync(join(base, 'outside'), 'outside');
});
afterEach(() => rmSync(base, { recursive: true }));

const write = (name: string, text: string, mode: WriteMode = 'replace', guard = none): Promise<string> =>
  closing(openPlain(folder, none), async (handle) => {
    await replaceFile(handle, folder, name, Buffer.from(text), mode, guard);
    return 'done';
  }).catch((error: { code: string }) => error.code);
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('what is no regular file is refused, and stays (THREATS.md H15)', () => {
  test('a link to a file outside, to nothing, and a folder', async () => {
    symlinkSync(join(base, 'outside'), join(folder, 'link'));
    symlinkSync(join(base, 'none'), join(folder, 'dangling'));
    mkdirSync(join(folder, 'sub'));
    for (const name of ['link', 'dangling', 'sub'])
      expect(await write(name, 'x'), name).toBe('E_CAPABILITY_DENIED');
    expect(readFileSync(join(base, 'outside'), 'utf8')).toBe('outside');
    expect(readdirSync(folder)).toEqual(['dangling', 'link', 'sub']);
    expect(readdirSync(base)).toEqual(['folder', 'outside']);
  });
  test('a FIFO, without waiting for its other end', async () => {
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(folder, 'fifo')]);
    expect(await write('fifo', 'x')).toBe('E_CAPABILITY_DENIED');
    expect(lstatSync(join(folder, 'fifo')).isFIFO()).toBe(true);
  });
  test('what is guarded, under whatever name', async () => {
    writeFileSync(join(folder, 'policy'), 'kept');
    const guard = {
      ...none,
      identities: new Set([identity(statSync(join(folder, 'policy'), { bigint: true }))]),
    };
    expect(await write('policy', 'x', 'replace', guard)).toBe('E_CAPABILITY_DENIED');
    expect(text('policy')).toBe('kept');
    expect(await write('policies', 'x', 'replace', guard)).toBe('done');
  });
});

test('another name of the file keeps what it had: it is replaced, not written through', async () => {
  linkSync(join(base, 'outside'), join(folder, 'name'));
  expect(await write('name', 'new')).toBe('done');
  expect(text('name')).toBe('new');
  expect(readFileSync(join(base, 'outside'), 'utf8')).toBe('outside');
});

test('a link or a FIFO that is swapped in between check and rename is never written through', async () => {
  const child = swapper(join(folder, 'target'), join(base, 'outside'));
  await new Promise((started) => child.stdout?.once('data', started));
  const seen = new Set<string>();
  for (let i = 0; i < 5_000 && (i < 200 || seen.size < 2); i++) seen.add(await write('target', 'new'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(readFileSync(join(base, 'outside'), 'utf8')).toBe('outside');
  expect([...seen]).toEqual(expect.arrayContaining(['done', 'E_CAPABILITY_DENIED']));
  for (const code of seen) expect(['done', 'E_CAPABILITY_DENIED', 'E_IO']).toContain(code);
  expect(readdirSync(folder).filter((name) => name.startsWith('.signet-'))).toEqual([]);
});

test('a folder that was moved away meanwhile is not written to', async () => {
  const outcome = closing(openPlain(folder, none), async (handle) => {
    renameSync(folder, join(base, 'moved'));
    await replaceFile(handle, folder, 'x', Buffer.from('x'), 'replace', none);
  });
  await expect(outcome).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
  expect(readdirSync(join(base, 'moved'))).toEqual([]);
  mkdirSync(folder);
  expect(await write('x', 'x')).toBe('done');
});

describe('create', () => {
  test.each(['file', 'link', 'dangling'])('refuses a %s that is there: E_EXISTS or a link', async (what) => {
    if (what === 'file') writeFileSync(join(folder, 'x'), 'kept');
    else symlinkSync(join(base, what === 'link' ? 'outside' : 'none'), join(folder, 'x'));
    expect(await write('x', 'new', 'create')).toBe(what === 'file' ? 'E_EXISTS' : 'E_CAPABILITY_DENIED');
    expect(readdirSync(folder)).toEqual(['x']);
  });
  test('of many at once one makes the file, whole', async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((one) => write('x', one.repeat(99), 'create')),
    );
    expect(answers.sort()).toEqual(['E_EXISTS', 'E_EXISTS', 'E_EXISTS', 'done']);
    expect(text('x')).toMatch(/^(.)\1{98}$/);
    expect(readdirSync(folder)).toEqual(['x']);
  });
});

test('permissions of what is replaced stay, without the special ones; new files have those of the umask', async () => {
  writeFileSync(join(folder, 'tool'), 'old');
  chmodSync(join(folder, 'tool'), 0o4750);
  expect(await write('tool', 'new')).toBe('done');
  expect(statSync(join(folder, 'tool')).mode & 0o7777).toBe(0o750);
  expect(await write('fresh', '')).toBe('done');
  expect(statSync(join(folder, 'fresh')).mode & 0o7777).toBe(0o666 & ~process.umask());
});

/** Whether this machine lets a process mount things in a namespace of its own. */
const UNSHARE = 'unshare';
const MOUNTS = spawnSync(UNSHARE, ['-rm', 'true']).status === 0;

test.runIf(MOUNTS)(
  'a full disk is E_IO: the old file is whole, nothing else is left, and there is room again',
  () => {
    const script = `
    const [here, folder] = process.argv.slice(1);
    const { closing, openPlain } = await import(here + '/open-plain.ts');
    const { replaceFile } = await import(here + '/replace-file.ts');
    const { readdirSync, readFileSync } = await import('node:fs');
    const none = { paths: new Set(), identities: new Set() };
    const write = (bytes) => closing(openPlain(folder, none), (handle) =>
      replaceFile(handle, folder, 'x', bytes, 'replace', none)).then(() => 'done', (error) => error.code + ' ' + error.message);
    const answers = [await write(Buffer.alloc(10_000, 'a')), await write(Buffer.alloc(200_000, 'b'))];
    answers.push(readFileSync(folder + '/x', 'utf8').length, readdirSync(folder), await write(Buffer.alloc(20_000, 'c')));
    console.log(JSON.stringify(answers));`;
    const here = join(import.meta.dirname, '../../host');
    const line = `mount -t tmpfs -o size=64k none '${folder}' && exec "$@"`;
    const node = [process.execPath, '--input-type=module', '-e', script, here, folder];
    const output = execFileSync(UNSHARE, ['-rm', 'sh', '-c', line, 'sh', ...node], { encoding: 'utf8' });
    const refused = `E_IO ${folder}/x cannot be written: ENOSPC`;
    expect(JSON.parse(output)).toEqual(['done', refused, 10_000, ['x'], 'done']);
  },
);

/** A process that keeps putting a link and a FIFO in the place of `path` and back, a bounded number of times. */
function swapper(path: string, target: string): ChildProcess {
  const script = `
    const fs = require('node:fs');
    const [path, target] = ${JSON.stringify([path, target])};
    fs.symlinkSync(target, path + '.link');
    require('node:child_process').execFileSync('mkfifo', [path + '.fifo']);
    fs.writeSync(1, 'started');
    for (let i = 0; i < 400000; i++) {
      const other = path + (i % 2 === 0 ? '.link' : '.fifo');
      try {
        fs.renameSync(other, path);
        fs.renameSync(path, other);
      } catch { break; }
    }`;
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

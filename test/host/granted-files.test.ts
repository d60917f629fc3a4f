import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GrantedFiles, readOpened } from '../../host/granted-files.ts';
import { temporaryFolder } from './broker-fixture.ts';

const SECRET = 'the secret';
let base: string;
let root: string;
let secret: string;
let files: GrantedFiles;
beforeEach(() => {
  base = temporaryFolder();
  root = join(base, 'root');
  secret = join(base, 'secret.txt');
  mkdirSync(join(root, 'sub'), { recursive: true });
  mkdirSync(join(root, '.signet', 'example'), { recursive: true });
  mkdirSync(join(root, 'keys'));
  mkdirSync(join(root, 'code'));
  for (const [path, text] of [
    [secret, SECRET],
    [join(root, 'sub', 'plain.txt'), 'plain'],
    [join(root, 'grants.yaml'), SECRET],
    [join(root, '.signet', 'state.db'), SECRET],
    [join(root, '.signet', 'example', 'jobs.yaml'), 'example'],
    [join(root, 'keys', 'root.key'), SECRET],
  ] as const)
    writeFileSync(path, text);
  files = new GrantedFiles({
    protectedPaths: [
      join(root, '.signet'),
      join(root, 'grants.yaml'),
      join(root, 'policy.yaml'),
      join(root, 'keys'),
      join(base, 'missing', 'folder', 'x'),
    ],
    builtInRoot: join(root, '.signet', 'example'),
    readOnlyPaths: [join(root, 'code')],
  });
});
afterEach(() => rmSync(base, { recursive: true }));

const refused = (path: string, from = root) =>
  expect(files.readText(path, from)).rejects.toThrow(
    expect.objectContaining({ code: 'E_CAPABILITY_DENIED' }),
  );

describe('links are not followed (THREATS.md H10)', () => {
  test('a file that is a link', async () => {
    symlinkSync(secret, join(root, 'sub', 'link'));
    await refused(join(root, 'sub', 'link'));
  });
  test('a folder that is a link, also to a folder inside the root', async () => {
    symlinkSync(base, join(root, 'out'));
    symlinkSync(join(root, 'sub'), join(root, 'in'));
    await refused(join(root, 'out', 'secret.txt'));
    await refused(join(root, 'in', 'plain.txt'));
  });
  test('a granted path that is itself a link, or leads through one', async () => {
    symlinkSync(root, join(base, 'alias'));
    await refused(join(base, 'alias', 'sub', 'plain.txt'), join(base, 'alias'));
  });
  test('a link of the kernel', async () => {
    await refused(`/proc/${process.pid}/root${secret}`, '/proc');
    await refused(`/proc/${process.pid}/exe`, '/proc');
  });
  test('a view of the running system, where everything is granted; a file beside it is read', async () => {
    for (const path of [
      `/proc/${process.pid}/environ`,
      `/proc/${process.ppid}/environ`,
      `/proc/${process.pid}/maps`,
      `/proc/${process.pid}/mem`,
      '/proc/version',
      '/sys/kernel/uevent_seqnum',
    ])
      await refused(path, '/');
    expect(await files.readText(join(root, 'sub', 'plain.txt'), '/')).toBe('plain');
  });
  test('a path beside the root', async () => {
    await refused(secret);
    mkdirSync(`${root}-more`);
    writeFileSync(join(`${root}-more`, 'x'), SECRET);
    await refused(join(`${root}-more`, 'x'));
  });
});

describe('what is protected stays so below a granted parent (THREATS.md H14)', () => {
  test.each(['grants.yaml', '.signet/state.db', 'keys/root.key', '.signet'])('%s', async (name) => {
    await refused(join(root, name));
    await refused(join(root, name), '/');
  });
  test('under another name: hard links to a file and into a folder', async () => {
    linkSync(join(root, 'grants.yaml'), join(root, 'sub', 'harmless.txt'));
    linkSync(join(root, '.signet', 'state.db'), join(root, 'sub', 'harmless.db'));
    linkSync(join(root, 'keys', 'root.key'), join(root, '.signet', 'example', 'harmless.key'));
    await refused(join(root, 'sub', 'harmless.txt'));
    await refused(join(root, 'sub', 'harmless.db'));
    await refused(join(root, '.signet', 'example', 'harmless.key'), join(root, '.signet', 'example'));
  });
  test('a file that comes into being after the host started', async () => {
    writeFileSync(join(root, 'policy.yaml'), SECRET);
    await refused(join(root, 'policy.yaml'));
  });
  test('their twins are read: the built-in root, a hard link to something else, a name that only starts alike', async () => {
    expect(await files.readText(join(root, '.signet', 'example', 'jobs.yaml'), root)).toBe('example');
    linkSync(join(root, 'sub', 'plain.txt'), join(root, 'second-name.txt'));
    expect(await files.readText(join(root, 'second-name.txt'), root)).toBe('plain');
    writeFileSync(join(root, 'grants.yaml.txt'), 'notes');
    expect(await files.readText(join(root, 'grants.yaml.txt'), root)).toBe('notes');
    expect(await files.readText(join(root, 'sub', 'plain.txt'), join(root, 'sub', 'plain.txt'))).toBe(
      'plain',
    );
  });
});

describe('only regular files (THREATS.md H15)', () => {
  test('a FIFO is refused without waiting for its other end', async () => {
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(root, 'fifo')]);
    await refused(join(root, 'fifo'));
  });
  test('a device', async () => {
    await refused('/dev/zero', '/dev');
    await refused('/dev/zero', '/dev/zero');
  });
  test('a folder', async () => {
    await refused(join(root, 'sub'));
    await refused('/', '/');
  });
  test('a link swapped for the file, or for its folder, while it is read: the secret never comes back', async () => {
    writeFileSync(join(root, 'sub', 'swapped'), 'plain');
    mkdirSync(join(base, 'elsewhere'));
    writeFileSync(join(base, 'elsewhere', 'plain.txt'), SECRET);
    const child = swapper([
      [join(root, 'sub', 'swapped'), secret],
      [join(root, 'sub'), join(base, 'elsewhere')],
    ]);
    await new Promise((started) => child.stdout?.once('data', started));
    const seen = new Set<string>();
    // Until both sides of the race were met, and then some.
    for (let i = 0; i < 20_000 && (i < 300 || seen.size < 2); i++) {
      for (const name of ['swapped', 'plain.txt']) {
        seen.add(
          await files.readText(join(root, 'sub', name), root).catch((error: { code: string }) => error.code),
        );
      }
    }
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(seen).not.toContain(SECRET);
    expect([...seen]).toEqual(expect.arrayContaining(['plain', 'E_CAPABILITY_DENIED']));
    for (const answer of seen) expect(['plain', 'E_CAPABILITY_DENIED', 'E_NOT_FOUND']).toContain(answer);
  });
});

describe('what a file holds', () => {
  test('8 MiB are read, one byte more is E_LIMIT', async () => {
    const big = join(root, 'big');
    writeFileSync(big, Buffer.alloc(8 << 20, 'x'));
    expect(await files.readText(big, root)).toHaveLength(8 << 20);
    truncateSync(big, (8 << 20) + 1);
    await expect(files.readText(big, root)).rejects.toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
  });
  test('bytes that are not UTF-8 are E_FORMAT; a byte order mark is kept', async () => {
    writeFileSync(join(root, 'latin1'), Buffer.from([0x61, 0xe9]));
    await expect(files.readText(join(root, 'latin1'), root)).rejects.toThrow(
      expect.objectContaining({ code: 'E_FORMAT' }),
    );
    writeFileSync(join(root, 'bom'), '\ufeffx');
    expect(await files.readText(join(root, 'bom'), root)).toBe('\ufeffx');
  });
  test('what does not exist is E_NOT_FOUND, an impossible name E_IO', async () => {
    await expect(files.readText(join(root, 'none'), root)).rejects.toThrow(
      expect.objectContaining({ code: 'E_NOT_FOUND' }),
    );
    await expect(files.readText(join(root, 'x'.repeat(300)), root)).rejects.toThrow(
      expect.objectContaining({ code: 'E_IO' }),
    );
  });
  test('a file without a size of its own is read to its end', async () => {
    expect(
      await files.readText('/proc/self/status', '/proc/self/status').catch((e: Error) => e.message),
    ).toContain('link');
    const handle = await open(`/proc/${process.pid}/status`, 'r');
    expect((await readOpened(handle, 'status')).toString()).toContain('Name:');
    await handle.close();
  });
  test('a file that cannot be read is E_IO', async () => {
    const handle = await open(`/proc/${process.pid}/mem`, 'r');
    await expect(readOpened(handle, 'mem')).rejects.toMatchObject({ code: 'E_IO', item: 'mem' });
    await handle.close();
  });
});

describe('writing', () => {
  const write = (path: string, from = root, text = 'new') =>
    files.write(path, from, Buffer.from(text), 'replace').then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
  test.each([
    'grants.yaml',
    'policy.yaml',
    'POLICY.yaml',
    'policy.yaml.lock',
    '.signet/state.db',
    '.signet/new',
    '.signet/example/jobs.yaml',
    'keys/root.key',
    'keys/new.key',
    'code/main.js',
    'code',
  ])('what is protected, now or later, is refused: %s (THREATS.md H14)', async (name) => {
    const before = snapshot(root);
    expect(await write(join(root, name))).toBe('E_CAPABILITY_DENIED');
    expect(await write(join(root, name), '/')).toBe('E_CAPABILITY_DENIED');
    expect(snapshot(root)).toEqual(before);
  });
  test('also where a link leads there, and through /proc', async () => {
    symlinkSync(join(root, '.signet'), join(root, 'sub', 'link'));
    const before = snapshot(root);
    const held = openSync(join(root, '.signet'), 'r');
    for (const path of [
      join(root, 'sub', 'link', 'token'),
      `/proc/self/fd/${held}/token`,
      `/proc/${process.pid}/cwd/x`,
      `/proc/${process.pid}/comm`,
    ])
      expect(await write(path, '/'), path).toBe('E_CAPABILITY_DENIED');
    closeSync(held);
    expect(snapshot(root)).toEqual(before);
  });
  test('a hard link to what is protected is replaced: what it named stays as it is', async () => {
    linkSync(join(root, '.signet', 'state.db'), join(root, 'sub', 'db'));
    expect(await write(join(root, 'sub', 'db'))).toBe('E_CAPABILITY_DENIED');
    mkdirSync(join(root, '.signet', 'deep'));
    writeFileSync(join(root, '.signet', 'deep', 'key'), SECRET);
    linkSync(join(root, '.signet', 'deep', 'key'), join(root, 'sub', 'key'));
    expect(await write(join(root, 'sub', 'key'))).toBe('done');
    expect(readFileSync(join(root, '.signet', 'deep', 'key'), 'utf8')).toBe(SECRET);
  });
  test('outside the root, into a missing folder, below a file, on a folder', async () => {
    expect(await write(secret)).toBe('E_CAPABILITY_DENIED');
    expect(await write(join(root, 'none', 'x'))).toBe('E_NOT_FOUND');
    expect(await write(join(root, 'sub', 'plain.txt', 'x'))).toBe('E_CAPABILITY_DENIED');
    expect(await write(join(root, 'sub'))).toBe('E_CAPABILITY_DENIED');
    expect(await write('/', '/')).toBe('E_CAPABILITY_DENIED');
    expect(readFileSync(secret, 'utf8')).toBe(SECRET);
  });
  test('8 MiB are written, one byte more is E_LIMIT and changes nothing', async () => {
    const path = join(root, 'sub', 'big');
    expect(await write(path, root, 'x'.repeat(8 << 20))).toBe('done');
    expect(await write(path, root, 'y'.repeat((8 << 20) + 1))).toBe('E_LIMIT');
    expect(readFileSync(path, 'utf8')).toBe('x'.repeat(8 << 20));
  });
  test('a new file, an old one, and one that is granted by itself', async () => {
    for (const [path, from] of [
      [join(root, 'sub', 'new'), root],
      [join(root, 'sub', 'plain.txt'), root],
      [join(root, 'one'), join(root, 'one')],
    ] as const) {
      expect(await write(path, from)).toBe('done');
      expect(readFileSync(path, 'utf8')).toBe('new');
    }
  });
});

describe('listing', () => {
  test('names and types, links not followed; a file, a protected folder and /proc are refused', async () => {
    symlinkSync(secret, join(root, 'sub', 'a-link'));
    mkdirSync(join(root, 'sub', 'folder'));
    expect(await files.list(join(root, 'sub'), root)).toEqual([
      { name: 'a-link', type: 'other' },
      { name: 'folder', type: 'directory' },
      { name: 'plain.txt', type: 'file' },
    ]);
    for (const path of ['.signet', 'keys', 'sub/plain.txt', 'sub/a-link'])
      await expect(files.list(join(root, path), root)).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
    await expect(files.list('/proc', '/')).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
    await expect(files.list(base, root)).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
    await expect(files.list(join(root, 'none'), root)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
  test('10,000 entries are listed, one more is E_LIMIT', async () => {
    const full = join(root, 'full');
    mkdirSync(full);
    for (let i = 0; i < 10_000; i++) writeFileSync(join(full, String(i)), '');
    expect(await files.list(full, root)).toHaveLength(10_000);
    writeFileSync(join(full, 'more'), '');
    await expect(files.list(full, root)).rejects.toMatchObject({ code: 'E_LIMIT' });
  });
});

/** Every path below a folder with what is in it. */
function snapshot(folder: string): unknown {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path, entry.isFile() ? readFileSync(path, 'utf8') : ''];
  });
}

/** Whether this machine lets a process mount things in a namespace of its own. */
const UNSHARE = 'unshare';
const MOUNTS = spawnSync(UNSHARE, ['-rm', 'true']).status === 0;

test.runIf(MOUNTS)(
  'a bind mount of what lies in a protected folder is never read or written, another one is',
  () => {
    mkdirSync(join(root, '.signet', 'cache', 'deep'), { recursive: true });
    writeFileSync(join(root, '.signet', 'cache', 'deep', 'key'), SECRET);
    for (const name of ['first', 'second', 'other']) mkdirSync(join(root, 'sub', name));
    writeFileSync(join(root, 'sub', 'file'), '');
    mkdirSync(join(base, 'honest'));
    writeFileSync(join(base, 'honest', 'text'), 'plain');
    const script = `
    const [module, root] = process.argv.slice(1);
    const { GrantedFiles } = await import(module);
    const files = new GrantedFiles({ protectedPaths: [root + '/.signet'], builtInRoot: root + '/.signet/example' });
    const read = (path) => files.readText(root + '/sub/' + path, root).catch((error) => error.code);
    const answers = [];
    for (const path of ['first/deep/key', 'second/key', 'file', 'other/text', 'plain.txt']) answers.push(await read(path));
    const write = (path) => files.write(root + '/sub/' + path, root, Buffer.from('new'), 'replace').then(() => 'done', (error) => error.code);
    for (const path of ['first/new', 'first/deep/key', 'second/new', 'file', 'other/new']) answers.push(await write(path));
    console.log(JSON.stringify(answers));`;
    const mounts = [
      [join(root, '.signet', 'cache'), join(root, 'sub', 'first')],
      [join(root, '.signet', 'cache', 'deep'), join(root, 'sub', 'second')],
      [join(root, '.signet', 'cache', 'deep', 'key'), join(root, 'sub', 'file')],
      [join(base, 'honest'), join(root, 'sub', 'other')],
    ].map(([from, to]) => `mount --bind '${from}' '${to}'`);
    const module = join(import.meta.dirname, '../../host/granted-files.ts');
    const line = `${mounts.join(' && ')} && exec "$@"`;
    const node = [process.execPath, '--input-type=module', '-e', script, module, root];
    const output = execFileSync(UNSHARE, ['-rm', 'sh', '-c', line, 'sh', ...node], { encoding: 'utf8' });
    const denied = 'E_CAPABILITY_DENIED';
    expect(JSON.parse(output).slice(0, 5)).toEqual([denied, denied, denied, 'plain', 'plain']);
    // A mount point cannot be replaced.
    expect(JSON.parse(output).slice(5)).toEqual([denied, denied, denied, 'E_IO', 'done']);
  },
);

/** A process that keeps swapping each path for a link to another place and back, a bounded number of times. */
function swapper(pairs: [string, string][]): ChildProcess {
  const script = `
    const fs = require('node:fs');
    const pairs = ${JSON.stringify(pairs)};
    for (const [path, target] of pairs) fs.symlinkSync(target, path + '.link');
    fs.writeSync(1, 'started');
    for (let i = 0; i < 400000; i++) {
      const [path] = pairs[i % pairs.length];
      try {
        fs.renameSync(path, path + '.kept');
        fs.renameSync(path + '.link', path);
        fs.renameSync(path, path + '.link');
        fs.renameSync(path + '.kept', path);
      } catch { break; }
    }`;
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

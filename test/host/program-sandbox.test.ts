// A program inside, tried from inside (DESIGN.md §4 "`exec`", §7 "Grant"): shell lines that would read, write, listen and reach out.
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProgramSandbox } from '../../host/program-sandbox.ts';
import { type ProgramResult, runProgram } from '../../host/run-program.ts';
import { createFixture, grantsOf, temporaryFolder } from './broker-fixture.ts';

const PATH = process.env['PATH'] ?? '';
const signal = new AbortController().signal;
/** What the system has: a test needs no right to make any of it. */
const HIDDEN = { file: '/etc/passwd', folder: '/usr/share' };
const sandbox = new ProgramSandbox({
  path: PATH,
  hidden: [homedir(), HIDDEN.file, HIDDEN.folder, `${HIDDEN.folder}/doc`, '/nowhere/x'],
});
let servers: Server[];
let port: number;
beforeAll(async () => {
  servers = [createServer((socket) => socket.end('hello')), createServer((socket) => socket.end('hello'))];
  await once(servers[0]!.listen(0, '127.0.0.1'), 'listening');
  await once(servers[1]!.listen(`\0signet-${process.pid}`), 'listening');
  port = (servers[0]!.address() as { port: number }).port;
});
afterAll(() => {
  for (const server of servers) server.close();
});

const run = async (
  program: string,
  args: string[],
  { argv0 = program, timeoutMs = 20_000 } = {},
): Promise<ProgramResult> => {
  const enclosed = await sandbox.enclose(program, args, argv0);
  return runProgram({ ...enclosed, argv0: enclosed.program, stdin: undefined, timeoutMs, signal });
};
const sh = (line: string): Promise<ProgramResult> => run('/bin/sh', ['-c', line]);
/** A Node program inside: its home is hidden, its own file is not. */
const node = (script: string): Promise<ProgramResult> => run(process.execPath, ['-e', script]);

const works = await sandbox.enclose('/bin/true', [], 'true').then(
  () => true,
  () => false,
);

describe.runIf(works)('inside', () => {
  test('nothing outside is written, and what is written inside is gone', async () => {
    const before = readFileSync('/etc/group', 'utf8');
    for (const path of ['/etc/new', '/usr/new', '/var/new', '/new', '/etc/group'])
      expect((await sh(`echo x >> '${path}'`)).exitCode, path).not.toBe(0);
    expect(await sh('echo x > /tmp/x && cat /tmp/x')).toMatchObject({ exitCode: 0, stdout: 'x\n' });
    expect(['/etc/new', '/usr/new', '/var/new', '/new', '/tmp/x'].filter((path) => existsSync(path))).toEqual(
      [],
    );
    expect(readFileSync('/etc/group', 'utf8')).toBe(before);
    expect((await sh('ls -A /tmp')).stdout).toBe('');
  });
  test('home, temporary files, sockets and what is to be hidden are not there; the rest can be read', async () => {
    expect((await sh(`cat ${HIDDEN.file}`)).stdout).toBe('');
    expect((await sh(`ls -A ${HIDDEN.folder}`)).stdout).toBe('');
    for (const path of [homedir(), '/home', '/root', '/run'].filter((one) => existsSync(one)))
      expect((await sh(`ls -A '${path}'`)).stdout, path).toBe('');
    expect((await sh('cat /etc/group')).stdout).toBe(readFileSync('/etc/group', 'utf8'));
  });
  test('no network, not even to this machine, nor by an abstract socket', async () => {
    const reach = (to: string): string =>
      `require('net').connect(${to}).on('data', () => console.log('reached')).on('error', (e) => console.log(e.code))`;
    expect((await node(reach(`${port}, '127.0.0.1'`))).stdout).toBe('ECONNREFUSED\n');
    expect((await node(reach(`{ path: '\\0signet-${process.pid}' }`))).stdout).toBe('ECONNREFUSED\n');
  });
  test('no other process is seen or signalled, and no right is had', async () => {
    expect((await sh(`kill -0 ${process.pid}`)).exitCode).not.toBe(0);
    expect((await sh('ls /proc | grep -c "^[0-9]"')).stdout.length).toBeLessThan(3);
    expect((await sh('grep CapEff /proc/self/status')).stdout).toMatch(/\b0{16}$/m);
    expect((await sh('mount -o remount,rw /')).exitCode).not.toBe(0);
  });
  test('arguments, input and exit code pass; the name is the one that was granted', async () => {
    expect(await run('/bin/sh', ['-c', 'echo "$@"; exit 7', 'x', 'a  b', '$c'])).toMatchObject({
      exitCode: 7,
      stdout: 'a  b $c\n',
    });
    expect(await run('/bin/sh', ['-c', 'echo $0'], { argv0: 'other' })).toMatchObject({
      stdout: '/tmp/other\n',
    });
    const enclosed = await sandbox.enclose('/bin/cat', [], 'cat');
    expect(
      await runProgram({ ...enclosed, argv0: enclosed.program, stdin: 'input', timeoutMs: 20_000, signal }),
    ).toMatchObject({ exitCode: 0, stdout: 'input' });
  });
  test('it ends when its time is up, with all that it started', async () => {
    await expect(run('/bin/sh', ['-c', 'sleep 1000 & sleep 1000'], { timeoutMs: 300 })).rejects.toMatchObject(
      {
        code: 'E_EXEC',
      },
    );
  });
  test('as a granted effect: the one with a sandbox is in it, its twin without is not', async () => {
    const fixture = createFixture();
    try {
      const command = `cat '${join(fixture.folder, 'grants.yaml')}'`;
      writeFileSync(join(fixture.folder, 'grants.yaml'), 'x');
      const asked = async (fields: object) => {
        const grant = {
          capability: 'exec',
          class: 'observe',
          command,
          program: '/bin/sh',
          args: ['-c', command],
          shell: true,
        };
        fixture.grants = grantsOf({ ...grant, ...fields });
        const answer = await fixture.perform(fixture.call(), 'exec', { command });
        return JSON.parse((answer as { value: string }).value) as { stdout: string };
      };
      expect((await asked({ sandbox: true })).stdout).toBe('');
      expect((await asked({})).stdout).toBe('x');
    } finally {
      fixture.close();
    }
  });
});

describe('where there is none, nothing runs: E_SANDBOX', () => {
  test('bwrap is missing, or does not work here', async () => {
    const bin = temporaryFolder();
    try {
      const enclose = () => new ProgramSandbox({ path: bin, hidden: [] }).enclose('/bin/true', [], 'true');
      await expect(enclose()).rejects.toMatchObject({ code: 'E_SANDBOX', actual: 'bwrap is not installed' });
      writeFileSync(join(bin, 'bwrap'), '#!/bin/sh\necho "No permission" >&2; exit 1\n', { mode: 0o755 });
      await expect(enclose()).rejects.toMatchObject({ code: 'E_SANDBOX', actual: 'No permission' });
      rmSync(join(bin, 'bwrap'));
      symlinkSync('/bin/true', join(bin, 'bwrap'));
      expect((await enclose()).args.slice(-2)).toEqual(['--', '/bin/true']);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
  test('an effect that was granted with one fails, and is journalled so', async () => {
    const fixture = createFixture(
      grantsOf({
        capability: 'exec',
        class: 'observe',
        command: 'x',
        program: '/bin/true',
        args: [],
        sandbox: true,
      }),
    );
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    const bare = createFixture(fixture.grants);
    process.env['PATH'] = path;
    try {
      expect(await bare.perform(bare.call(), 'exec', { command: 'x' })).toMatchObject({ code: 'E_SANDBOX' });
      expect(bare.records().at(-1)).toMatchObject({
        type: 'effect.outcome',
        status: 'failed',
        code: 'E_SANDBOX',
      });
    } finally {
      bare.close();
      fixture.close();
    }
  });
});

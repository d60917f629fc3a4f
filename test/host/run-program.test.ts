import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../../host/run-program.ts';
import { temporaryFolder } from './broker-fixture.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (script: string, more: Partial<Parameters<typeof runProgram>[0]> = {}) =>
  runProgram({
    program: '/bin/sh',
    args: ['-c', script],
    argv0: '/bin/sh',
    stdin: undefined,
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    ...more,
  });
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Waits for the end of a process that the test did not start itself. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      // A killed orphan may stay as a zombie where nobody collects it.
      if (readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.startsWith('Z')) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('ended by force', () => {
  test('what does not end in time is killed with its children: E_EXEC', async () => {
    const pids = join(folder, 'pids');
    const script = `echo $$ >> ${pids}; sh -c 'echo $$ >> ${pids}; exec sleep 600'; :`;
    await expect(shell(script, { timeoutMs: 300 })).rejects.toThrow(code('E_EXEC'));
    for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) await gone(Number(pid));
  });

  test('an ignored SIGTERM, and a process that left the group with the outputs open, hold nothing up', async () => {
    const pid = join(folder, 'pid');
    const script = `trap '' TERM; setsid sh -c 'echo $$ > ${pid}; exec sleep 600' & wait`;
    await expect(shell(script, { timeoutMs: 500 })).rejects.toThrow(code('E_EXEC'));
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
  });

  test('the end of the call ends it: E_EXEC', async () => {
    const call = new AbortController();
    const running = shell(`: > ${folder}/started; exec sleep 600`, { signal: call.signal });
    while (!existsSync(join(folder, 'started'))) await new Promise((resolve) => setImmediate(resolve));
    call.abort();
    await expect(running).rejects.toThrow(code('E_EXEC'));
    await expect(shell('sleep 600', { signal: call.signal })).rejects.toThrow(code('E_EXEC'));
  });

  test('what it leaves in the background ends with it', async () => {
    const { exitCode, stdout } = await shell('sleep 600 & echo $!');
    expect(exitCode).toBe(0);
    await gone(Number(stdout));
  });

  test.each(['', '>&2'])('output without end (%s): E_LIMIT', async (where) => {
    await expect(shell(`exec cat /dev/zero ${where}`)).rejects.toThrow(code('E_LIMIT'));
  });

  test('a signal of its own: E_EXEC', async () => {
    await expect(shell('kill -9 $$')).rejects.toThrow(code('E_EXEC'));
  });
});

test.each([
  ['a program that does not exist', { program: '/none/such' }],
  ['a folder', { program: '/tmp' }],
  ['an argument with NUL', { args: ['a\0b'] }],
  ['arguments beyond what a process can be given', { args: ['x'.repeat(3_000_000)] }],
])('%s cannot be started: E_EXEC', async (_, more) => {
  await expect(shell('', more)).rejects.toThrow(code('E_EXEC'));
});

test('exit code and both outputs are the result, up to 4 MiB', async () => {
  expect(await shell('echo out; echo err >&2; exit 7')).toEqual({
    exitCode: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  expect((await shell('head -c 4194304 /dev/zero')).stdout).toHaveLength(4 << 20);
});

test('nothing of the host is handed down: environment, folder, descriptors, terminal', async () => {
  process.env['SIGNET_TEST_SECRET'] = 'secret';
  const held = openSync(join(folder, 'held'), 'w');
  const { stdout } = await shell('pwd; env; ls -l /proc/$$/fd; cat');
  closeSync(held);
  delete process.env['SIGNET_TEST_SECRET'];
  expect(stdout.startsWith('/\n')).toBe(true);
  const names = [...stdout.matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1] as string);
  expect(names.filter((name) => name !== 'TZ').sort()).toEqual(
    ['HOME', 'LANG', 'LC_ALL', 'LOGNAME', 'PATH', 'PWD', 'SIGNET_PRINCIPAL', 'USER'].sort(),
  );
  expect(stdout).toContain('PATH=/usr/bin:/bin\n');
  expect(stdout).not.toContain(folder);
  const descriptors = [...stdout.matchAll(/ (\d+) -> (.*)$/gm)].map((match) => `${match[1]} ${match[2]}`);
  // Where the test runner itself was left a descriptor, the program has nothing in its place.
  const open = descriptors.filter((line) => line === '0 /dev/null' || !line.endsWith(' /dev/null'));
  expect(open).toEqual([
    '0 /dev/null',
    expect.stringMatching(/^1 socket/),
    expect.stringMatching(/^2 socket/),
  ]);
});

test('input is given whole; a program that does not read it may end all the same', async () => {
  const text = 'é'.repeat(500_000);
  expect((await shell('cat', { stdin: text })).stdout).toBe(text);
  expect(await shell('exit 3', { stdin: text })).toMatchObject({ exitCode: 3 });
  expect((await shell('cat', { stdin: '' })).stdout).toBe('');
});

test('the program sees the name it was granted under', async () => {
  expect((await shell('echo $0', { args: ['-c', 'echo $0'], argv0: 'multi' })).stdout).toBe('multi\n');
});

// What stands around a worker that is taken over past every isolate (DESIGN.md §4; THREATS.md H7, H20): code in its process tries
// the machine from inside of each wrapper, without Node's permission model. And nothing outlives the host.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { innermost } from '../../../host/process-tree.ts';
import { findProgram } from '../../../host/resolve-command.ts';
import { launchWorker } from '../../../host/worker/launch.ts';
import { type Barrier, type Sandbox, Sandboxes, type SandboxMode } from '../../../host/worker/sandbox.ts';
import { temporaryFolder } from '../broker-fixture.ts';
import { isRunning, outcomeOf } from '../guest-fixture.ts';

const isLinux = process.platform === 'linux';
let folder: string;
let server: Server;
beforeAll(async () => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'secret'), 'a secret');
  server = createServer((socket) => socket.end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** What is found on a machine that has only these programs; `as` replaces one by a script. */
async function sandboxWith(
  programs: readonly string[],
  mode: SandboxMode = 'auto',
  as: Record<string, string> = {},
): Promise<Sandbox> {
  const bin = temporaryFolder();
  try {
    for (const name of programs) {
      const real = findProgram(name, process.env['PATH'] ?? '');
      if (real === undefined) continue;
      if (as[name] === undefined) symlinkSync(real, join(bin, name));
      else writeFileSync(join(bin, name), `#!/bin/sh\n${as[name]}\n`, { mode: 0o755 });
    }
    const { command, ...rest } = await new Sandboxes(bin).find(mode);
    // The folder goes; what its links led to stays.
    const lasting = (word: string): string => (word.startsWith(bin) ? realpathSync(word) : word);
    return { ...rest, command: command.map(lasting) };
  } finally {
    rmSync(bin, { recursive: true });
  }
}

const WRAPPERS = [['bwrap'], ['unshare', 'setpriv'], ['setpriv'], []] as const;
/** Where a wrapper does not work its tests are skipped, and seen to be; .ci/run skips none. */
const here = await Promise.all(WRAPPERS.map((programs) => sandboxWith(programs)));
const works = WRAPPERS.map((programs, index) => here[index]?.name === (programs[0] ?? 'none'));
const allWork = works.every(Boolean);

describe('which wrapper', () => {
  it.runIf(allWork)('is the first that works', async () => {
    const [all, second, third, none] = await Promise.all([
      sandboxWith(['bwrap', 'unshare', 'setpriv']),
      sandboxWith(['unshare', 'setpriv']),
      sandboxWith(['setpriv']),
      sandboxWith([]),
    ]);
    expect([all.name, second.name, third.name, none.name]).toEqual(['bwrap', 'unshare', 'setpriv', 'none']);
    expect([...none.refused]).toEqual([
      ['bwrap', 'bwrap is not installed'],
      ['unshare', 'setpriv is not installed'],
      ['setpriv', 'setpriv is not installed'],
    ]);
    expect([none.command, none.barriers.size, all.refused.size]).toEqual([[], 0, 0]);
  });

  it.runIf(allWork)('is another where one is there and does not work, with what it said', async () => {
    const broken = { bwrap: 'echo "bwrap: no permission \\033[31m" >&2; exit 1' };
    const sandbox = await sandboxWith(['bwrap', 'unshare', 'setpriv'], 'auto', broken);
    expect([sandbox.name, sandbox.refused.get('bwrap')]).toEqual([
      'unshare',
      'bwrap: no permission \\u{1b}[31m',
    ]);
    const silent = await sandboxWith(['bwrap', 'setpriv'], 'auto', { bwrap: 'exit 0' });
    expect([silent.name, silent.refused.get('bwrap')]).toEqual(['setpriv', 'it ran nothing']);
  });

  it('is none where the policy wants none, and an error where it wants one that is not there', async () => {
    expect(await outcomeOf(sandboxWith([], 'required'))).toBe('E_SANDBOX');
    await expect(sandboxWith([], 'required')).rejects.toMatchObject({
      actual: expect.stringContaining('bwrap: '),
      fix: expect.stringContaining('bubblewrap'),
    });
    expect((await sandboxWith([], 'off')).name).toBe('none');
  });

  it.runIf(allWork)('follows the policy where all of them work', async () => {
    const all = ['bwrap', 'unshare', 'setpriv'];
    expect((await sandboxWith(all, 'off')).name).toBe('setpriv');
    expect((await sandboxWith(all, 'required')).name).toBe('bwrap');
    expect((await sandboxWith(['unshare', 'setpriv'], 'required')).name).toBe('unshare');
    expect(await outcomeOf(sandboxWith(['setpriv'], 'required'))).toBe('E_SANDBOX');
  });
});

/** What a process tries, and the barrier that must stop it. Its twin: where that barrier is not, it succeeds. */
const ATTEMPTS: readonly (readonly [string, Barrier, (host: { pid: number; port: number }) => string])[] = [
  ['reads a file', 'files', () => `fs.readFileSync(${JSON.stringify(join(folder, 'secret'))})`],
  ['lists a folder', 'files', () => `fs.readdirSync(${JSON.stringify(folder)})`],
  ['writes a file', 'files', () => `fs.writeFileSync(${JSON.stringify(join(folder, 'written'))},'x')`],
  ['makes a folder in /tmp', 'files', () => "fs.rmdirSync(fs.mkdtempSync('/tmp/signet-'))"],
  ['runs a shell', 'files', () => "cp.execFileSync('/bin/sh',['-c',':'])"],
  ['signals the host', 'processes', ({ pid }) => `process.kill(${pid},0)`],
  ['reads the host’s environment', 'processes', ({ pid }) => `fs.readFileSync('/proc/${pid}/environ')`],
  ['reads the host’s arguments', 'processes', ({ pid }) => `fs.readFileSync('/proc/${pid}/cmdline')`],
  ['reaches the host’s loopback', 'network', ({ port }) => `await connect({port:${port},host:'127.0.0.1'})`],
];

/** What became of each attempt in one process behind the command. */
function attempts(command: readonly string[]): boolean[] {
  const host = { pid: process.pid, port: (server.address() as { port: number }).port };
  const script = `const fs=require('node:fs'),cp=require('node:child_process'),net=require('node:net');
    const connect=(to)=>new Promise((done,fail)=>net.connect(to).on('connect',done).on('error',fail));
    (async()=>{const came=[];${ATTEMPTS.map(
      ([, , attempt]) => `try{${attempt(host)};came.push(true)}catch(error){came.push(false)}`,
    ).join('')}
    console.log(JSON.stringify(came));process.exit(0)})()`;
  const [program = '', ...args] = [...command, process.execPath, '--eval', script];
  const { stdout, stderr } = spawnSync(program, args, {
    cwd: '/',
    env: {},
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as boolean[];
}

for (const [index, programs] of WRAPPERS.entries()) {
  describe.runIf(isLinux && works[index])(`inside of ${programs[0] ?? 'nothing'}`, () => {
    it('what it stops is stopped, and nothing else is claimed', async () => {
      const { command, barriers } = await sandboxWith(programs);
      const came = attempts(command);
      const expected = ATTEMPTS.map(([what, barrier]) => [what, !barriers.has(barrier)]);
      const rows = ATTEMPTS.map(([what], index) => [what, came[index]]);
      expect(rows).toEqual(expected);
      expect(existsSync(join(folder, 'written'))).toBe(!barriers.has('files'));
      rmSync(join(folder, 'written'), { force: true });
    });

    it('the engine ends with the host, whatever it is at', async () => {
      const { command, barriers } = await sandboxWith(programs);
      const launch = new URL('../../../host/worker/launch.ts', import.meta.url).href;
      const tree = new URL('../../../host/process-tree.ts', import.meta.url).href;
      const host = spawn(
        process.execPath,
        [
          '--input-type=module',
          '--eval',
          `const {launchWorker}=await import(${JSON.stringify(launch)});
           const {innermost}=await import(${JSON.stringify(tree)});
           // Without the barrier it takes an engine that is not at something to see its wire close.
           const script="const fs=require('node:fs');fs.writeSync(3,'x');${
             barriers.has('end') ? 'for(;;);' : 'fs.readSync(3,Buffer.alloc(1))'
           }";
           const {child,wire}=launchWorker(script,${JSON.stringify(command)});
           wire.once('data',()=>console.log(child.pid,innermost(child.pid)));
           setInterval(()=>{},1000)`,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [line] = (await once(host.stdout, 'data')) as [Buffer];
      const pids = line.toString().trim().split(' ').map(Number);
      expect(pids.map(isRunning)).toEqual([true, true]);
      host.kill('SIGKILL');
      await once(host, 'exit');
      while (pids.some(isRunning)) await new Promise(setImmediate);
    });

    it('the engine ends with what was started', async () => {
      const { command } = await sandboxWith(programs);
      const { child, wire } = launchWorker("require('node:fs').writeSync(3,'x');for(;;);", command);
      await once(wire, 'data');
      const engine = innermost(child.pid as number) as number;
      expect(engine === child.pid).toBe(!['bwrap', 'unshare'].includes(programs[0] ?? ''));
      process.kill(child.pid as number, 'SIGKILL');
      await once(child, 'close');
      while (isRunning(engine)) await new Promise(setImmediate);
    });

    it('it ends while it starts, at whatever point', async () => {
      const { command } = await sandboxWith(programs);
      for (let turns = 0; turns < 40; turns++) {
        const { child, kill } = launchWorker('for(;;);', command);
        for (let turn = 0; turn < turns * 20; turn++) await new Promise(setImmediate);
        kill();
        // The outputs close with the last process that holds them.
        await once(child, 'close');
      }
    });
  });
}

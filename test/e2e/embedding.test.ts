// The host inside a process of someone else (DESIGN.md §4 "sdk/runtime.ts"): whole processes, started without one flag of Node. However
// they end, no worker outlives them; and the process stays its owner's: signals, errors, streams, working directory.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isRunning } from '../host/guest-fixture.ts';
import { skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';

const RUNTIME = new URL('../../sdk/runtime.ts', import.meta.url).href;

let world: World;
beforeAll(async () => {
  world = createWorld();
  await world.bring(
    skills({ echo: 'return input;', never: 'await new Promise(() => {});', loops: 'for (;;);' }),
    { name: 'tools' },
  );
});
afterAll(() => world.remove());

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}
interface Embedder {
  readonly child: ChildProcess;
  /** The next line on stdout. */
  line(): Promise<string>;
  /** Settled when the process is gone; then none of what it started may be left. */
  ended(): Promise<Ended>;
}

const HEAD = `
import { openHost } from ${JSON.stringify(RUNTIME)};
import { readdirSync, readFileSync } from 'node:fs';
const directory = process.env.PROJECT;
const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
`;

/** Every process below that one, by the kernel's word. */
function below(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended while the list was read.
    }
  }
  const found = [pid];
  for (const above of found)
    for (const [one, parent] of parents) if (parent === above && !found.includes(one)) found.push(one);
  return found.slice(1);
}

let files = 0;
/** Starts an embedder; `script` has `openHost`, `directory` and `say`. Its second line on stdout, if any, comes with workers running. */
function embed(script: string, env: Record<string, string> = {}): Embedder {
  const file = join(world.folder, `embedder-${++files}.mjs`);
  writeFileSync(file, HEAD + script);
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, NODE_OPTIONS: '', PROJECT: world.paths.project, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: world.folder,
  });
  const started = new Set<number>();
  let stdout = '';
  let stderr = '';
  let read = 0;
  let waiting: (() => void) | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    waiting?.();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const gone = new Promise<Ended>((done) =>
    child.once('close', (code, signal) => {
      waiting?.();
      done({ code, signal, stdout, stderr });
    }),
  );
  return {
    child,
    async line() {
      for (;;) {
        const end = stdout.indexOf('\n', read);
        if (end >= 0) {
          for (const pid of below(child.pid as number)) started.add(pid);
          const line = stdout.slice(read, end);
          read = end + 1;
          return line;
        }
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended: ${stderr}`);
        await new Promise<void>((done) => {
          waiting = done;
        });
      }
    },
    async ended() {
      const outcome = await gone;
      // A worker in the middle of a loop ends with it where a layer of the kernel sees to that, else at the limit of the call.
      await vi.waitFor(() => expect([...started].filter(isRunning)).toEqual([]), {
        timeout: 20_000,
        interval: 20,
      });
      return outcome;
    },
  };
}

const CALL = `const host = await openHost({ directory });
say((await host.dispatch('skill', 'echo', { n: 1 })).output);
`;

describe('a process ends', () => {
  // what it does | then | exit code
  test.each<[string, string, number]>([
    ['closes its host', 'await host.close();', 0],
    ['forgets to close its host', '', 0],
    ['closes by `await using`', '{ await using other = host; }', 0],
    [
      'exits in the middle of a call',
      "host.dispatch('skill', 'never', null).catch(() => {}); setTimeout(() => process.exit(7), 50);",
      7,
    ],
    [
      'exits in the middle of a loop',
      "host.dispatch('skill', 'loops', null).catch(() => {}); setTimeout(() => process.exit(7), 50);",
      7,
    ],
    ['throws', "setTimeout(() => { throw new Error('its own'); }, 1);", 1],
    ['has a rejection that no one hears', "Promise.reject(new Error('its own'));", 1],
  ])('that %s', async (_, then, code) => {
    const embedder = embed(`${CALL}\n${then}`);
    expect(await embedder.line()).toBe('{"n":1}');
    const outcome = await embedder.ended();
    expect(outcome, outcome.stderr).toMatchObject({ code, signal: null });
    if (code === 1) expect(outcome.stderr).toContain('its own');
    else expect(outcome.stderr).toBe('');
  });

  test('that is killed in the middle of a loop, with the worker that loops', async () => {
    const embedder = embed(`${CALL}\nhost.dispatch('skill', 'loops', null).catch(() => {}); say('loops');`);
    await embedder.line();
    expect(await embedder.line()).toBe('"loops"');
    expect(below(embedder.child.pid as number).length).toBeGreaterThan(0);
    embedder.child.kill('SIGKILL');
    expect(await embedder.ended()).toMatchObject({ code: null, signal: 'SIGKILL' });
    // And its project is free again.
    expect(await embed(`${CALL}\nawait host.close();`).line()).toBe('{"n":1}');
  });

  test('that serves for long, once it closes its server', async () => {
    const embedder = embed(`
import { createServer, get } from 'node:http';
const host = await openHost({ directory });
const server = createServer(async (request, response) => {
  response.end(JSON.stringify((await host.dispatch('skill', 'echo', request.url)).output));
}).listen(0, '127.0.0.1', () => {
  get('http://127.0.0.1:' + server.address().port + '/asked', async (response) => {
    say(JSON.parse((await response.setEncoding('utf8').toArray()).join('')));
    server.close();
    await host.close();
  });
});`);
    expect(await embedder.line()).toBe('"/asked"');
    expect(await embedder.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test('only after the calls that it waits for', async () => {
    const embedder = embed(`const host = await openHost({ directory });
const all = await Promise.all(Array.from({ length: 50 }, (_, n) => host.dispatch('skill', 'echo', n)));
say(all.map(({ output }) => output).reduce((a, b) => a + b));`);
    expect(await embedder.line()).toBe(String((49 * 50) / 2));
    expect(await embedder.ended()).toMatchObject({ code: 0 });
  });
});

describe('a process is its owner’s', () => {
  test('no handler of signals or of uncaught errors is added, and none is left', async () => {
    const embedder = embed(`
import { constants } from 'node:os';
const events = [...Object.keys(constants.signals), 'exit', 'beforeExit', 'uncaughtException', 'uncaughtExceptionMonitor',
  'unhandledRejection', 'rejectionHandled', 'warning', 'message', 'disconnect', 'worker'];
const count = () => events.map((event) => process.listenerCount(event)).join();
const before = count();
${CALL}
const during = count();
await host.close();
say([during === before, count() === before, events.length > 20]);`);
    await embedder.line();
    expect(await embedder.line()).toBe('[true,true,true]');
    expect(await embedder.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test('its own handler of SIGINT runs; without one the signal ends it', async () => {
    const handled = embed(`${CALL}
process.once('SIGINT', async () => { await host.close(); say('closed'); process.exitCode = 3; clearInterval(stay); });
const stay = setInterval(() => {}, 1_000);
host.dispatch('skill', 'never', null).catch(({ code }) => say(code));
say('ready');`);
    await handled.line();
    expect(await handled.line()).toBe('"ready"');
    handled.child.kill('SIGINT');
    expect([await handled.line(), await handled.line()].sort()).toEqual(['"E_ABORTED"', '"closed"']);
    expect(await handled.ended()).toMatchObject({ code: 3, signal: null });
    const plain = embed(`${CALL}\nsetInterval(() => {}, 1_000); say('ready');`);
    await plain.line();
    await plain.line();
    plain.child.kill('SIGINT');
    expect(await plain.ended()).toMatchObject({ code: null, signal: 'SIGINT' });
  });

  test('it may change its working directory, and open by a relative path', async () => {
    const embedder = embed(`
const host = await openHost({ directory: 'project', policy: 'project/policy.yaml' });
process.chdir('/');
say((await host.dispatch('skill', 'echo', 1)).output);
say((await host.status()).directory);
await host.close();`);
    expect(await embedder.line()).toBe('1');
    expect(await embedder.line()).toBe(JSON.stringify(world.paths.project));
    expect(await embedder.ended()).toMatchObject({ code: 0, stderr: '' });
  });

  test('its streams may be gone', async () => {
    const done = join(world.folder, 'done');
    const embedder = embed(`
import { closeSync, writeFileSync } from 'node:fs';
closeSync(0); closeSync(1); closeSync(2);
const host = await openHost({ directory });
const { output } = await host.dispatch('skill', 'echo', 'heard');
await host.close();
writeFileSync(${JSON.stringify(done)}, output);`);
    expect(await embedder.ended()).toMatchObject({ code: 0 });
    expect(readFileSync(done, 'utf8')).toBe('heard');
  });

  test('two projects at once are two hosts; one project twice is E_HOST_BUSY, here and in another process', async () => {
    const bare = join(world.folder, 'bare');
    mkdirSync(bare, { recursive: true });
    const embedder = embed(
      `${CALL}
const other = await openHost({ directory: process.env.BARE });
say(await other.dispatch('skill', 'echo', 1).catch(({ code }) => code));
say(await openHost({ directory }).catch(({ code }) => code));
say((await host.dispatch('skill', 'echo', 2)).output);
await other.close();
say((await host.dispatch('skill', 'echo', 3)).output);
setInterval(() => {}, 1_000);`,
      { BARE: bare },
    );
    const lines = [];
    for (let i = 0; i < 5; i++) lines.push(await embedder.line());
    expect(lines).toEqual(['{"n":1}', '"E_FUNCTION_UNKNOWN"', '"E_HOST_BUSY"', '2', '3']);
    const second = embed(`say(await openHost({ directory }).catch(({ code }) => code));`);
    expect(await second.line()).toBe('"E_HOST_BUSY"');
    expect(await second.ended()).toMatchObject({ code: 0 });
    embedder.child.kill('SIGKILL');
    await embedder.ended();
  });

  test('a host in a worker thread works, and ends with the thread', async () => {
    const thread = join(world.folder, 'thread.mjs');
    writeFileSync(
      thread,
      `import { openHost } from ${JSON.stringify(RUNTIME)};
import { parentPort } from 'node:worker_threads';
const host = await openHost({ directory: process.env.PROJECT });
parentPort.postMessage((await host.dispatch('skill', 'echo', 5)).output);
host.dispatch('skill', 'never', null).catch(() => {});
setInterval(() => {}, 1_000);`,
    );
    const embedder = embed(`
import { Worker } from 'node:worker_threads';
const worker = new Worker(${JSON.stringify(thread)});
worker.once('message', async (output) => { say(output); await worker.terminate(); say('over'); });`);
    expect([await embedder.line(), await embedder.line()]).toEqual(['5', '"over"']);
    expect(await embedder.ended()).toMatchObject({ code: 0, stderr: '' });
  });
});

// The whole host in its own process and across processes (DESIGN.md §4, §7 "One host, one state directory"; THREATS.md H17, H20,
// H21): what it answers, what it writes down, what is left when it is closed, and what the next one knows when it was killed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Host } from '../../host/host.ts';
import { readOwner } from '../../host/state-lock.ts';
import { sha256 } from '../../keys/hash.ts';
import { HostStatus, ToolDescription } from '../../src/contracts/api.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { digestOf, digestOfJson } from '../../src/digest.ts';
import { Journal } from '../../src/journal.ts';
import { children } from '../processes.ts';
import { bringTools, grantKv, grantShell, recordsOf } from './tools-source.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let digest: string;
let host: Host;
const others: Host[] = [];

const open = (directory = world.paths.project): Promise<Host> => Host.open({ directory });
const call = (name: string, input: unknown = {}, options = {}) =>
  host.dispatch('skill', name, input, options);

beforeAll(async () => {
  world = createWorld();
  ({ digest } = await bringTools(world));
  grantKv(world);
});
beforeEach(async () => {
  rmSync(world.paths.journal, { recursive: true, force: true });
  host = await open();
});
afterEach(async () => {
  await host.close();
  for (const other of others.splice(0)) await other.close();
  vi.restoreAllMocks();
});
afterAll(() => world.remove());

/** The line that comes out of a pipe; fails where `ended` comes first, so that nothing waits for a writer that will never be. */
async function lineFrom(pipe: string, ended: Promise<unknown>): Promise<string> {
  const line = readFile(pipe, 'utf8');
  const never = ended.then((outcome) => {
    closeSync(openSync(pipe, 'r+'));
    throw new Error(`nobody wrote: ${String(outcome)}`);
  });
  never.catch(() => undefined);
  return Promise.race([line, never]);
}

type Of<T extends JournalEntry['type']> = Extract<JournalEntry, { type: T }>;
const ofType = <T extends JournalEntry['type']>(records: readonly JournalEntry[], type: T): Of<T>[] =>
  records.filter((record): record is Of<T> => record.type === type);

describe('dispatch', () => {
  test('answers with the call, the bundle and the output', async () => {
    expect(await call('echo', { a: [1, 'ü'] })).toEqual({
      callId: expect.stringMatching(/^call-[0-9a-f]{12}-1$/),
      bundle: { name: 'local/tools', version: '1.0.0', digest },
      output: { a: [1, 'ü'] },
    });
  });

  test('is a dry run unless it is told to apply', async () => {
    expect((await call('keep', 'v')).output).toEqual({ status: 'would', action: expect.any(String) });
    expect((await call('kept')).output).toBe(null);
    expect((await call('says')).output).toBe(true);
    expect((await call('keep', 'v', { apply: true })).output).toEqual({ status: 'done' });
    expect((await call('kept')).output).toBe('v');
    expect((await call('says', {}, { apply: true })).output).toBe(false);
  });

  test('without input the guest gets null', async () => {
    for (const apply of [false, true]) {
      const { output } = await host.dispatch('skill', 'nothing', undefined, { apply });
      expect(output).toEqual({ got: 'null' });
    }
  });

  // kind | name | input | options | code
  test.each<[string, string, unknown, object, string]>([
    ['skill', 'missing', {}, {}, 'E_FUNCTION_UNKNOWN'],
    ['skill', 'constructor', {}, {}, 'E_FUNCTION_UNKNOWN'],
    ['skill', 'missing', {}, { apply: true }, 'E_FUNCTION_UNKNOWN'],
    ['parser', 'echo', { raw: '', declared: [] }, {}, 'E_FUNCTION_UNKNOWN'],
    ['daemon', 'echo', {}, {}, 'E_FUNCTION_UNKNOWN'],
    ['constructor', 'echo', {}, {}, 'E_FUNCTION_UNKNOWN'],
    ['planner', 'echo', {}, {}, 'E_KIND_UNSUPPORTED'],
    ['skill', 'echo', 1n, {}, 'E_INPUT'],
    ['skill', 'echo', { at: new Date(0) }, { apply: true }, 'E_INPUT'],
    ['skill', 'echo', 'x'.repeat(4 << 20), {}, 'E_INPUT'],
    ['skill', 'echo', 'ü'.repeat(2.5 * 2 ** 20), {}, 'E_INPUT'],
    ['skill', 'throws', {}, {}, 'E_GUEST'],
    ['skill', 'echo', {}, { signal: AbortSignal.abort() }, 'E_ABORTED'],
  ])('%s/%s is refused', async (kind, name, input, options, code) => {
    await expect(host.dispatch(kind as 'skill', name, input, options)).rejects.toMatchObject({
      name: 'SignetError',
      code,
    });
    expect((await call('echo', 1)).output).toBe(1);
  });

  test('a call is ended by its signal', async () => {
    const controller = new AbortController();
    const ended = expect(call('never', {}, { signal: controller.signal })).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
    controller.abort();
    await ended;
  });
});

describe('the journal', () => {
  test('a call leaves its start and its end, with digests in place of what was said', async () => {
    const { callId } = await call('echo', { secret: 'x y z' });
    await expect(call('throws')).rejects.toMatchObject({ code: 'E_GUEST' });
    await host.close();
    const records = recordsOf(world.paths);
    expect(records.map(({ type }) => type)).toEqual([
      'host.open',
      'bundle.loaded',
      'call.start',
      'call.end',
      'call.start',
      'call.end',
      'host.close',
    ]);
    expect(ofType(records, 'bundle.loaded')).toMatchObject([
      { name: 'local/tools', version: '1.0.0', digest },
    ]);
    expect(ofType(records, 'call.start')[0]).toMatchObject({
      callId,
      kind: 'skill',
      name: 'echo',
      bundle: digest,
      tenant: 'default',
      dryRun: true,
      inputHash: digestOfJson(sha256, { secret: 'x y z' }),
      planHash: null,
      stepId: null,
    });
    expect(ofType(records, 'call.end')).toMatchObject([
      { callId, ok: true, code: null, outputHash: digestOf(sha256, '{"secret":"x y z"}'), effects: 0 },
      { ok: false, code: 'E_GUEST', outputHash: null },
    ]);
    expect(readFileSync(join(world.paths.journal, '000000000000000.records'), 'utf8')).not.toContain('x y z');
  });

  test('apply compiles a plan, and it stands before the call that names it', async () => {
    await call('keep', 'planned', { apply: true, principal: { kind: 'service', id: 'timer' } });
    await host.close();
    const records = recordsOf(world.paths);
    expect(records.map(({ type }) => type)).toEqual([
      'host.open',
      'bundle.loaded',
      'plan.compiled',
      'call.start',
      'effect.intent',
      'effect.outcome',
      'call.end',
      'host.close',
    ]);
    const [plan] = ofType(records, 'plan.compiled');
    expect(plan).toMatchObject({
      principal: { kind: 'service', id: 'timer' },
      steps: [{ kind: 'skill', name: 'keep', bundle: digest, inputHash: digestOfJson(sha256, 'planned') }],
    });
    expect(ofType(records, 'call.start')).toMatchObject([
      { planHash: plan?.planId, stepId: plan?.steps[0]?.id, dryRun: false },
    ]);
    expect(ofType(records, 'effect.intent')).toMatchObject([
      { capability: 'kv.set', class: 'mutate', dryRun: false },
    ]);
    expect(ofType(records, 'effect.outcome')).toMatchObject([{ status: 'done' }]);
  });

  test('a dry run leaves what would have been done, and no plan', async () => {
    await call('keep', 'dry');
    await host.close();
    const records = recordsOf(world.paths);
    expect(ofType(records, 'plan.compiled')).toEqual([]);
    expect(ofType(records, 'effect.intent')).toMatchObject([{ dryRun: true }]);
    expect(ofType(records, 'effect.outcome')).toMatchObject([{ status: 'would' }]);
  });

  test('what was refused is there too', async () => {
    await expect(call('runs', 'touch /x')).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
    await host.close();
    expect(ofType(recordsOf(world.paths), 'effect.denied')).toMatchObject([
      { capability: 'exec', code: 'E_CAPABILITY_DENIED', action: expect.stringContaining('touch /x') },
    ]);
  });

  test('an audit leaves one record a spec', async () => {
    const specs = join(world.folder, 'specs.yaml');
    writeFileSync(
      specs,
      `convergence_specs:
  - id: one
    drift_action: alert_only
    declaration: { source: x, extractor: missing_extractor }
    runtime_observable: { method: missing, parser: missing }
`,
    );
    const report = await host.audit({ specs, ids: ['one', 'two'] });
    expect(report).toMatchObject({ exit: 2, results: [{ spec_id: 'one' }, { spec_id: 'two' }] });
    await host.close();
    expect(ofType(recordsOf(world.paths), 'audit.result')).toMatchObject([
      { specId: 'one', error: expect.stringContaining('E_FUNCTION_UNKNOWN') },
      { specId: 'two', error: expect.stringMatching(/^spec_not_found/) },
    ]);
  });
});

describe('what it says of itself', () => {
  test('status and tools have the shapes of their contracts', async () => {
    const fresh = HostStatus.parse(await host.status());
    expect(fresh.bundles).toMatchObject([
      { name: 'local/tools', state: 'installed', current: true, uses: null },
    ]);
    await host.loadAll();
    const before = HostStatus.parse(await host.status());
    expect(before).toMatchObject({
      directory: world.paths.project,
      pid: process.pid,
      address: null,
      bundles: [{ name: 'local/tools', digest, state: 'loaded', code: null }],
      grants: { count: 1 },
      journal: { unresolved: [] },
      workers: 0,
    });
    await call('echo');
    const after = HostStatus.parse(await host.status());
    expect(after.workers).toBe(1);
    expect(after.journal.records).toBe(before.journal.records + 2);
    const tools = (await host.tools()).map((tool) => ToolDescription.parse(tool));
    expect(tools.map(({ kind, name }) => `${kind}/${name}`)).toContain('skill/echo');
    expect(tools.every(({ bundle }) => bundle === 'local/tools')).toBe(true);
  });

  test('its address stands in the lock file and in the status, with the file of the token', async () => {
    host.publishAddress('http://127.0.0.1:1');
    expect((await host.status()).address).toBe('http://127.0.0.1:1');
    expect(readOwner(world.paths.lock)).toMatchObject({
      pid: process.pid,
      address: 'http://127.0.0.1:1',
      tokenFile: world.paths.token,
    });
  });

  test('log lines are events until the listener is taken away', async () => {
    const lines: unknown[] = [];
    const off = host.on('log', (line) => lines.push(line));
    await call('says');
    expect(lines).toMatchObject([
      { level: 'info', bundle: 'local/tools', fn: 'skill/says', text: expect.stringContaining('hello') },
    ]);
    off();
    await call('says');
    expect(lines.length).toBe(1);
  });
});

describe('a worker that is killed', () => {
  /** Kills what the host started until the call has its end; a spare worker may be among it. */
  async function killWorkers(): Promise<string | undefined> {
    const before = children();
    await call('echo');
    const lost: string[] = [];
    host.on('lost', ({ domain, reason, culprit }) => lost.push(`${domain} ${culprit} ${reason}`));
    let settled = false;
    const outcome = call('never').then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    void outcome.then(() => {
      settled = true;
    });
    while (!settled) {
      for (const pid of children().filter((pid) => !before.includes(pid))) process.kill(pid, 'SIGKILL');
      await new Promise((done) => setImmediate(done));
    }
    expect(
      lost.filter((line) => line.startsWith('local null') && line.includes('SIGKILL')).length,
    ).toBeGreaterThan(1);
    return outcome;
  }

  test('its call is run again, once; then it fails alone, and the next call gets another worker', async () => {
    expect(await killWorkers()).toBe('E_WORKER_LOST');
    expect((await call('echo', 2)).output).toBe(2);
    await host.close();
    const records = recordsOf(world.paths);
    expect(ofType(records, 'worker.lost').filter(({ domain }) => domain === 'local').length).toBeGreaterThan(
      1,
    );
    expect(ofType(records, 'call.retry')).toMatchObject([{ code: 'E_WORKER_LOST' }]);
    expect(ofType(records, 'call.end').map(({ code }) => code)).toEqual([null, 'E_WORKER_LOST', null]);
    // Nobody is to blame for what came from outside.
    expect(ofType(records, 'bundle.quarantined')).toEqual([]);
  });

  test('does not end the host when even that cannot be written down', async () => {
    const append = Journal.prototype.append;
    vi.spyOn(Journal.prototype, 'append').mockImplementation(function (this: Journal, record, options) {
      if (record.type === 'worker.lost') throw new Error('the disk is full');
      return append.call(this, record, options);
    });
    const faults: unknown[] = [];
    host.on('fault', (error) => faults.push(error));
    await killWorkers();
    expect(faults[0]).toMatchObject({ code: 'E_INTERNAL', message: 'the disk is full' });
    expect((await call('echo', 3)).output).toBe(3);
  });
});

describe('one host, one state directory', () => {
  test('a second one is refused and the first goes on; after it closed, the next opens', async () => {
    await expect(open()).rejects.toMatchObject({
      code: 'E_HOST_BUSY',
      message: expect.stringContaining(String(process.pid)),
    });
    expect((await call('echo', 1)).output).toBe(1);
    await host.close();
    expect(existsSync(world.paths.lock)).toBe(false);
    host = await open();
    expect((await call('echo', 1)).output).toBe(1);
  });

  test('two hosts of two projects live side by side and share nothing', async () => {
    const config = process.env['SIGNET_CONFIG_DIR'];
    const other = createWorld();
    try {
      await bringTools(other);
      grantKv(other);
      const second = await open(other.paths.project);
      others.push(second);
      await call('keep', 'mine', { apply: true });
      await second.dispatch('skill', 'keep', 'theirs', { apply: true });
      const kept = async (one: Host) => (await one.dispatch('skill', 'kept', {})).output;
      expect([await kept(host), await kept(second)]).toEqual(['mine', 'theirs']);
      await host.close();
      expect(await kept(second)).toBe('theirs');
      expect((await second.status()).workers).toBe(1);
      await second.close();
    } finally {
      other.remove();
      process.env['SIGNET_CONFIG_DIR'] = config;
    }
  });

  test('a folder that is not there is not made', async () => {
    const nowhere = join(world.folder, 'nowhere');
    await expect(open(nowhere)).rejects.toMatchObject({ code: 'E_NOT_FOUND', item: nowhere });
    expect(existsSync(nowhere)).toBe(false);
  });
});

describe('close', () => {
  test('again is the same; no process and no lock is left', async () => {
    await host.close();
    const before = children();
    host = await open();
    await call('echo');
    expect(children().length).toBeGreaterThan(before.length);
    const closing = host.close();
    expect(host.close()).toBe(closing);
    await closing;
    expect(children()).toEqual(before);
    expect(existsSync(world.paths.lock)).toBe(false);
    await host.close();
  });

  test('afterwards everything is E_HOST_CLOSED, and nothing is written', async () => {
    await host.close();
    const size = recordsOf(world.paths).length;
    for (const attempt of [
      () => call('echo'),
      () => call('echo', {}, { apply: true }),
      () => host.audit({ specs: '/nowhere' }),
      () => host.loadAll(),
      () => host.status(),
      () => host.tools(),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'E_HOST_CLOSED' });
    }
    expect(recordsOf(world.paths).length).toBe(size);
  });

  test('calls in flight end with a code, and each end is written down', async () => {
    await call('echo');
    const calls = ['never', 'never', 'echo'].map((name) =>
      call(name).catch((error: { code: string }) => error.code),
    );
    // One whose isolate is not there yet.
    calls.push(call('never', {}, { tenant: 'late' }).catch((error: { code: string }) => error.code));
    await host.close();
    for (const outcome of await Promise.all(calls)) expect(outcome).toMatch(/^E_(ABORTED|HOST_CLOSED)$/);
    const records = recordsOf(world.paths);
    expect(records.at(-1)?.type).toBe('host.close');
    const ended = ofType(records, 'call.end').map(({ callId }) => callId);
    expect(ofType(records, 'call.start').map(({ callId }) => callId)).toEqual(expect.arrayContaining(ended));
    expect(ended.length).toBe(ofType(records, 'call.start').length);
  });

  test('a first call that is overtaken by close is refused, not lost', async () => {
    await host.close();
    host = await open();
    const outcome = call('echo').catch((error: { code: string }) => error.code);
    await host.close();
    expect(await outcome).toMatch(/^E_(ABORTED|HOST_CLOSED)$/);
    expect(recordsOf(world.paths).at(-1)?.type).toBe('host.close');
  });

  test('an audit that is under way ends at its next step', async () => {
    const specs = join(world.folder, 'closing.yaml');
    const spec = (id: number) =>
      `  - { id: s${id}, drift_action: alert_only, declaration: { source: x, extractor: none }, runtime_observable: { method: none, parser: none } }\n`;
    writeFileSync(specs, `convergence_specs:\n${[1, 2, 3].map(spec).join('')}`);
    const audit = host.audit({ specs });
    await host.close();
    expect((await audit).results.at(-1)?.error).toContain('E_HOST_CLOSED');
    expect(recordsOf(world.paths).at(-1)?.type).toBe('host.close');
  });

  test('a program that a call runs ends with it, and its outcome is known', async () => {
    const started = join(world.folder, 'close-started');
    expect(spawnSync('mkfifo', [started]).status).toBe(0);
    const command = `echo $$ > ${started}; sleep 1000`;
    grantShell(world, command);
    const outcome = call('runs', command, { apply: true }).catch((error: { code: string }) => error.code);
    const pid = Number(await lineFrom(started, outcome));
    await host.close();
    expect(await outcome).toBe('E_ABORTED');
    expect(() => process.kill(pid, 0)).toThrow();
    expect(ofType(recordsOf(world.paths), 'effect.outcome')).toMatchObject([
      { status: 'failed', code: 'E_EXEC' },
    ]);
    host = await open();
    expect((await host.status()).journal.unresolved).toEqual([]);
  });
});

describe('what cannot be opened', () => {
  const fails = async (code: string): Promise<void> => {
    await expect(open()).rejects.toMatchObject({ name: 'SignetError', code });
    expect(existsSync(world.paths.lock)).toBe(false);
  };

  test('a damaged journal is refused, the lock is given up, and what is repaired opens', async () => {
    await call('echo');
    await call('echo');
    await host.close();
    const file = join(world.paths.journal, '000000000000000.records');
    const sound = readFileSync(file);
    const damaged = Buffer.from(sound);
    damaged[90] = (damaged[90] ?? 0) ^ 1;
    writeFileSync(file, damaged);
    await fails('E_LOG_CORRUPT');
    expect(readFileSync(file)).toEqual(damaged);
    writeFileSync(file, sound);
    host = await open();
  });

  test('a database that is none', async () => {
    await host.close();
    const sound = readFileSync(world.paths.database);
    writeFileSync(
      world.paths.database,
      'this is no database, whatever its name may say, and long enough to be read',
    );
    await fails('E_IO');
    writeFileSync(world.paths.database, sound);
  });

  test('a state directory that cannot be made', async () => {
    const folder = join(world.folder, 'blocked');
    mkdirSync(folder);
    writeFileSync(join(folder, '.signet'), '');
    await expect(open(folder)).rejects.toMatchObject({ code: 'E_IO' });
    const sealed = join(world.folder, 'sealed');
    mkdirSync(sealed);
    chmodSync(sealed, 0o500);
    // Root may write anywhere: then nothing is to be seen here.
    if (process.getuid?.() !== 0) await expect(open(sealed)).rejects.toMatchObject({ code: 'E_IO' });
  });
});

describe('a host that is killed in the middle of an effect', () => {
  let child: ChildProcess | undefined;
  /** The program that it started, which leads a group of its own and outlives it. */
  let program: number | undefined;
  afterEach(() => {
    child?.kill('SIGKILL');
    try {
      if (program !== undefined) process.kill(-program, 'SIGKILL');
    } catch {
      // It has ended by itself, as it should.
    }
  });

  test('leaves an effect of unknown outcome, which the next host reports and does not repeat', async () => {
    await host.close();
    rmSync(world.paths.journal, { recursive: true });
    const [started, release, done] = ['started', 'release', 'done'].map((name) =>
      join(world.folder, name),
    ) as [string, string, string];
    expect(spawnSync('mkfifo', [started, release, done]).status).toBe(0);
    const command = `echo $$ > ${started}; read line < ${release}; echo over > ${done}`;
    grantShell(world, command);
    const module = fileURLToPath(new URL('../../host/host.ts', import.meta.url));
    const script = `const { Host } = await import(${JSON.stringify(module)});
      const host = await Host.open({ directory: ${JSON.stringify(world.paths.project)} });
      await host.dispatch('skill', 'runs', ${JSON.stringify(command)}, { apply: true });`;
    child = spawn(process.execPath, ['--no-node-snapshot', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const gone = new Promise((end) => child?.once('close', end));
    // The program runs: its intent must be on disk by now.
    program = Number(await lineFrom(started, gone));
    child.kill('SIGKILL');
    await gone;

    host = await open();
    const { unresolved } = (await host.status()).journal;
    expect(unresolved).toEqual([expect.stringContaining(command.slice(0, 40))]);
    // It is still said after calls of this host, and after another clean start.
    expect((await call('echo', 1)).output).toBe(1);
    await host.close();
    host = await open();
    expect((await host.status()).journal.unresolved).toEqual(unresolved);
    await host.close();
    const records = recordsOf(world.paths);
    const [intent] = ofType(records, 'effect.intent');
    expect(intent).toMatchObject({ class: 'mutate', dryRun: false });
    expect(ofType(records, 'effect.intent').length).toBe(1);
    expect(ofType(records, 'effect.outcome')).toEqual([]);
    expect(ofType(records, 'host.close').length).toBe(2);
    expect(ofType(records, 'host.open').length).toBe(3);

    // What it had started is let go, and has run once.
    writeSync(openSync(release, 'r+'), 'go\n');
    expect(await readFile(done, 'utf8')).toBe('over\n');
  });
});

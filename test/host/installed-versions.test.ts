// Versions on a running host (DESIGN.md §4 "Versions"; THREATS.md H22): side by side, upgraded and rolled back under load without
// one failed call, and what depends on what.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostEvents } from '../../host/events.ts';
import { Host } from '../../host/host.ts';
import { install } from '../../registry/install.ts';
import { writeLockfile } from '../../registry/lockfile.ts';
import { openProject } from '../../sdk/open-project.ts';
import { revoke } from './revoke.ts';
import { skills } from './tools-source.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let host: Host;
let upgrades: string[];
beforeEach(async () => {
  world = createWorld();
  host = await Host.open({ directory: world.paths.project });
  upgrades = [];
  host.on('upgraded', ({ name, from, to }) => upgrades.push(`${name} ${from} ${to}`));
});
afterEach(async () => {
  await host.close();
  world.remove();
});

const bodies = (version: string, more: Record<string, string> = {}) =>
  skills({ version: `await ctx.log.info('x'); return '${version}';`, counts: 'return ++count;', ...more });
const OPTIONS = { capabilities: [{ id: 'log' }, { id: 'exec', commands: 'granted' }] };
const bring = (version: string, more: Record<string, string> = {}, name = 'app') =>
  world.bring(bodies(version, more), { name, version, ...OPTIONS });
const put = (range: string, beside = false) =>
  install(openProject(world.paths), 'local/app', range, { accept: true, beside });
const call = (name: string, options: object = {}) =>
  host.dispatch('skill', name, null, options).then(({ output }) => output);
const codeOf = (name: string, options: object = {}) =>
  call(name, options).catch((error: { code: string }) => error.code);

describe('side by side', () => {
  test('a plain call goes to the highest, a range chooses; each has its own isolate', async () => {
    await bring('1.0.0', { old: "return 'old';" });
    await bring('2.0.0');
    put('1.0.0', true);
    expect(await call('version')).toBe('2.0.0');
    expect(await call('version', { version: '^1' })).toBe('1.0.0');
    expect(await codeOf('version', { version: '^3' })).toBe('E_FUNCTION_UNKNOWN');
    expect(await codeOf('version', { version: 'one' })).toBe('E_USAGE');
    expect(await call('old')).toBe('old');
    expect([await call('counts'), await call('counts', { version: '1.x' }), await call('counts')]).toEqual([
      1, 1, 2,
    ]);
    const { bundles } = await host.status();
    expect(bundles.map(({ version, current, state }) => [version, current, state])).toEqual([
      ['1.0.0', false, 'loaded'],
      ['2.0.0', true, 'loaded'],
    ]);
    const tools = (await host.tools()).map(({ name, version }) => `${name} ${version}`);
    expect(tools.sort()).toEqual(['counts 2.0.0', 'old 1.0.0', 'version 2.0.0']);
    expect(upgrades).toEqual([]);
  });

  test('applied by a range, the plan is for that version', async () => {
    await bring('1.0.0');
    await bring('2.0.0');
    put('1.0.0', true);
    expect(await call('version', { version: '^1', apply: true })).toBe('1.0.0');
    expect(await call('version', { apply: true })).toBe('2.0.0');
  });
});

describe('an upgrade', () => {
  test('and a rollback, again and again under load, fail no call; what is asked afterwards is answered by the new one', async () => {
    await bring('1.0.0');
    await bring('2.0.0');
    put('1.0.0');
    const failed: unknown[] = [];
    const seen = new Set<unknown>();
    let running = true;
    const load = Array.from({ length: 8 }, async (_, caller) => {
      while (running) {
        const answer = await codeOf('version', { tenant: `t${caller % 2}`, apply: caller === 0 });
        seen.add(answer);
        if (answer !== '1.0.0' && answer !== '2.0.0') failed.push(answer);
      }
    });
    for (let round = 0; round < 3; round++) {
      for (const version of ['2.0.0', '1.0.0']) {
        put(version);
        // Several calls of every caller go by.
        for (let i = 0; i < 20; i++) expect(await call('version')).toBe(version);
      }
    }
    running = false;
    await Promise.all(load);
    expect(failed).toEqual([]);
    expect([...seen].sort()).toEqual(['1.0.0', '2.0.0']);
    expect(upgrades).toEqual(
      Array.from({ length: 3 }, () => ['local/app 1.0.0 2.0.0', 'local/app 2.0.0 1.0.0']).flat(),
    );
  });

  /** A call of version 1.0.0 that ends when `release` is called; settled once it is under way. */
  async function holdOne() {
    const pipe = join(world.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const command = `cat ${pipe}`;
    world.grant({
      bundle: 'local/app',
      capability: 'exec',
      class: 'observe',
      command,
      program: '/bin/sh',
      args: ['-c', command],
      stdin: false,
      shell: true,
      reason: 'test',
    });
    await bring('1.0.0', { holds: `return (await ctx.exec({ command: '${command}' })).stdout;` });
    const held = codeOf('holds');
    // Opened once the command reads.
    const writer = await open(pipe, 'w');
    return {
      held,
      release: () => writer.writeFile('let go').finally(() => writer.close()),
      drop: () => writer.close(),
    };
  }

  test('lets a call in flight end where it is; then its isolate ends', async () => {
    const { held, release } = await holdOne();
    expect(await call('counts')).toBe(1);
    await bring('2.0.0');
    expect(await call('version')).toBe('2.0.0');
    await release();
    expect(await held).toBe('let go');
    put('1.0.0');
    expect([await call('version'), await call('counts')]).toEqual(['1.0.0', 1]);
  });

  test('taken back while a call is in flight, goes on in the isolate that is there', async () => {
    const { held, release } = await holdOne();
    expect(await call('counts')).toBe(1);
    await bring('2.0.0');
    expect(await call('version')).toBe('2.0.0');
    put('1.0.0');
    expect([await call('version'), await call('counts')]).toEqual(['1.0.0', 2]);
    await release();
    expect(await held).toBe('let go');
    expect(await call('counts')).toBe(3);
  });

  test('of a version that is revoked meanwhile ends its calls', async () => {
    const { held, drop } = await holdOne();
    const digest = openProject(world.paths).installed()[0]?.digest ?? '';
    await bring('2.0.0');
    expect(await call('version')).toBe('2.0.0');
    const revoked: HostEvents['revoked'][0][] = [];
    host.on('revoked', (event) => revoked.push(event));
    revoke(world, { type: 'revoke', digest, reason: 'a test' });
    host.tend();
    expect(await held).toBe('E_REVOKED');
    expect(revoked).toMatchObject([{ name: 'local/app', version: '1.0.0', digest, uses: { calls: 1 } }]);
    expect(await call('version')).toBe('2.0.0');
    await drop();
  });

  test('uninstalled, a bundle ends with its calls', async () => {
    const { held, drop } = await holdOne();
    writeLockfile(world.paths.lockfile, []);
    expect(await codeOf('version')).toBe('E_FUNCTION_UNKNOWN');
    expect(await held).toBe('E_ABORTED');
    await drop();
  });
});

describe('what depends on what', () => {
  const top = (requires: Record<string, string>, version = '1.0.0') =>
    world.bring(skills({ top: "return 'top';" }), { name: 'top', version, requires });

  test('a dependant of what is revoked fails by name, and works again with another version of it', async () => {
    const { digest } = await bring('1.0.0');
    await top({ 'skill/version': '^1' });
    expect(await call('top')).toBe('top');
    revoke(world, { type: 'revoke', digest, reason: 'a test' });
    host.tend();
    const failing = expect(call('top')).rejects;
    await failing.toMatchObject({ code: 'E_REQUIRES', item: 'skill/version', actual: 'E_REVOKED' });
    await expect(call('top')).rejects.toThrow(/local\/top@1\.0\.0.*local\/app@1\.0\.0/);
    await bring('1.0.1');
    expect(await call('top')).toBe('top');
  });

  test('bundles that require each other are refused, both naming both, in whatever order they are loaded', async () => {
    await bring('1.0.0');
    await top({ 'skill/version': '^1' });
    await world.bring(bodies('1.1.0'), {
      name: 'app',
      version: '1.1.0',
      requires: { 'skill/top': '^1' },
      ...OPTIONS,
    });
    for (const order of [
      ['top', 'version'],
      ['version', 'top'],
    ]) {
      host.unload();
      for (const name of order) {
        const failing = expect(call(name)).rejects;
        await failing.toMatchObject({
          code: 'E_REQUIRES_CYCLE',
          message: expect.stringContaining('local/top@1.0.0'),
        });
        await expect(call(name)).rejects.toThrow('local/app@1.1.0');
      }
    }
    put('1.0.0');
    expect([await call('top'), await call('version')]).toEqual(['top', '1.0.0']);
  });

  test('a version that would leave a dependant without is refused there, not here', async () => {
    await bring('1.0.0');
    await top({ 'skill/version': '^1' });
    await bring('2.0.0');
    expect(await call('version')).toBe('2.0.0');
    expect(await codeOf('top')).toBe('E_REQUIRES');
    put('1.0.0', true);
    expect([await call('top'), await call('version')]).toEqual(['top', '2.0.0']);
  });
});

describe('the policy', () => {
  const policyOf = () => openProject(world.paths).policy();

  test('that is given binds in the place of policy.yaml, as a path and as an object', async () => {
    await bring('1.0.0');
    const file = join(world.folder, 'other.yaml');
    const strict = { ...policyOf(), capabilities: { deny: ['exec' as const] } };
    writeFileSync(file, JSON.stringify(strict));
    for (const policy of [file, strict]) {
      await host.close();
      host = await Host.open({ directory: world.paths.project, policy });
      expect(await codeOf('version')).toBe('E_CAPABILITY_POLICY');
    }
    await host.close();
    host = await Host.open({ directory: world.paths.project, policy: policyOf() });
    expect(await call('version')).toBe('1.0.0');
  });

  test('is as strict as the file', async () => {
    await bring('1.0.0');
    await host.close();
    host = await Host.open({ directory: world.paths.project, policy: { ...policyOf(), trust: 'everyone' } });
    await expect(call('version')).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('trust'),
    });
  });
});

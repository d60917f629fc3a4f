// Bundles that misbehave, in a real host (THREATS.md H1, H5, H6, H10, H12, H17; issue "Bad input"): each gets its code, and an
// honest bundle of the same publisher answers afterwards.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Host } from '../../host/host.ts';
import { createWorld, skill, type World } from '../host/world.ts';

let world: World;
let host: Host;

const HONEST = `${skill('return { echo: input }').replace("name: 'run'", "name: 'echo'")}`;
const call = (name: string, input: unknown = {}, options = {}) =>
  host.dispatch('skill', name, input, options);

/** A bundle with the function `skill/<name>`. */
async function bring(name: string, body: string, options: Parameters<World['bring']>[1] = {}): Promise<void> {
  await world.bring(skill(body).replace("name: 'run'", `name: '${name}'`), {
    name: name.replaceAll('_', '-'),
    ...options,
  });
}

beforeAll(async () => {
  world = createWorld();
  await world.bring(HONEST, { name: 'honest' });
  host = await Host.open({ directory: world.paths.project });
});
afterAll(async () => {
  await host.close();
  world.remove();
});

async function honestAnswers(): Promise<void> {
  expect((await call('echo', { n: 1 })).output).toEqual({ echo: { n: 1 } });
}

describe('never an unharmed answer, always an unharmed host', () => {
  const limits = { wallMs: 400 };
  // name | body | code
  test.each<[string, string, string]>([
    ['loop', 'for (;;);', 'E_TIMEOUT'],
    [
      'microtasks',
      'const f = () => Promise.resolve().then(f); f(); await new Promise(() => {});',
      'E_TIMEOUT',
    ],
    ['never', 'await new Promise(() => {});', 'E_TIMEOUT'],
    ['regexp', "return /^(a+)+$/.test('a'.repeat(40) + 'b');", 'E_TIMEOUT'],
    ['throws_null', 'throw null;', 'E_GUEST'],
    ['throws_symbol', "throw Symbol('x');", 'E_GUEST'],
    [
      'throws_proxy',
      'throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });',
      'E_GUEST',
    ],
    ['throws_long', "throw new Error('x'.repeat(2e6));", 'E_GUEST'],
    ['throws_cyclic', "const e: any = new Error('x'); e.cause = e; throw e;", 'E_GUEST'],
    [
      'throws_looping',
      "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { for (;;); } }); throw e;",
      'E_TIMEOUT',
    ],
    ['returns_looping', 'return { toJSON() { for (;;); } };', 'E_TIMEOUT'],
    ['returns_big', "return 'x'.repeat(2 ** 23);", 'E_OUTPUT'],
    ['returns_cyclic', 'const o: any = {}; o.o = o; return o;', 'E_OUTPUT'],
    ['claims_code', "throw Object.assign(new Error('E_INTERNAL'), { code: 'E_INTERNAL' });", 'E_GUEST'],
  ])('%s is %s', async (name, body, code) => {
    await bring(name, body, { limits });
    await expect(call(name)).rejects.toMatchObject({ code });
    await honestAnswers();
  });

  test('a message of a bundle reaches the operator cut and escaped', async () => {
    await bring('escapes', "throw new Error('\\u001b[31m' + 'x'.repeat(1e5));");
    const error = await call('escapes').catch((thrown: Error) => thrown);
    expect((error as Error).message).not.toContain('\u001b');
    expect((error as Error).message.length).toBeLessThan(10_000);
  });
});

describe('no effect beyond the grant', () => {
  const marker = () => join(world.folder, 'marker');
  const exec = [{ id: 'exec', commands: 'granted' }, { id: 'log' }];

  test('ungranted exec is refused with the command that grants it, although the bundle hides the error', async () => {
    await bring(
      'hides',
      `try { await ctx.exec({ command: 'touch ${marker()}' }); } catch { throw new Error('innocent'); }`,
      { capabilities: exec },
    );
    await expect(call('hides')).rejects.toMatchObject({
      code: 'E_CAPABILITY_DENIED',
      fix: expect.stringMatching(/^signet grant local\/hides exec --command 'touch /),
    });
    expect(existsSync(marker())).toBe(false);
    await honestAnswers();
  });

  test('a mutating call without a plan changes nothing; with one it does', async () => {
    await bring('touches', `return await ctx.exec({ command: 'touch ${marker()}' });`, {
      capabilities: exec,
    });
    world.grant({
      bundle: 'local/touches',
      capability: 'exec',
      class: 'mutate',
      command: `touch ${marker()}`,
      program: '/usr/bin/touch',
      args: [marker()],
      stdin: false,
      shell: false,
      reason: 'test',
    });
    expect((await call('touches')).output).toMatchObject({
      status: 'would',
      action: expect.stringContaining(marker()),
    });
    expect(existsSync(marker())).toBe(false);
    expect((await call('touches', {}, { apply: true })).output).toMatchObject({
      status: 'done',
      exitCode: 0,
    });
    expect(existsSync(marker())).toBe(true);
  });

  test('a grant taken away holds at the next call of a running host', async () => {
    const text = readFileSync(world.paths.grants, 'utf8');
    writeFileSync(world.paths.grants, 'version: 1\ngrants: []\n');
    await expect(call('touches', {}, { apply: true })).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
    writeFileSync(world.paths.grants, text);
    expect((await call('touches', {}, { apply: true })).output).toMatchObject({ status: 'done' });
  });

  test('the files that say what is allowed can be read by no one, whatever is granted', async () => {
    await bring('reads', 'return await ctx.fs.readText(input.path);', {
      capabilities: [{ id: 'fs.read', paths: 'granted' }],
    });
    world.grant({
      bundle: 'local/reads',
      capability: 'fs.read',
      class: 'observe',
      path: world.folder,
      reason: 'test',
    });
    writeFileSync(join(world.folder, 'plain.txt'), 'fine');
    expect((await call('reads', { path: join(world.folder, 'plain.txt') })).output).toBe('fine');
    const { grants, policy, lockfile, state } = world.paths;
    for (const path of [
      grants,
      policy,
      lockfile,
      join(state, 'trust', 'trust.json'),
      join(state, 'token'),
      join(world.folder, 'config', 'publisher', 'default.json'),
    ]) {
      await expect(call('reads', { path })).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
    }
  });

  test('work left behind cannot act after its call', async () => {
    await bring(
      'lingers',
      `ctx.log.info('first'); Promise.resolve().then(async () => { for (let i = 0; i < 50; i++) await null; await ctx.exec({ command: 'touch ${marker()}2' }); }); return 1;`,
      { capabilities: exec },
    );
    world.grant({
      bundle: 'local/lingers',
      capability: 'exec',
      class: 'observe',
      command: `touch ${marker()}2`,
      program: '/usr/bin/touch',
      args: [`${marker()}2`],
      stdin: false,
      shell: false,
      reason: 'test',
    });
    await call('lingers').catch(() => undefined);
    await honestAnswers();
    expect(existsSync(`${marker()}2`)).toBe(false);
  });

  test('one tenant’s state is not another’s', async () => {
    await world.bring(skill('return ++count;', 'let count = 0;').replace("name: 'run'", "name: 'counts'"), {
      name: 'counts',
    });
    const count = async (tenant: string) => (await call('counts', {}, { tenant })).output;
    expect([await count('a'), await count('a'), await count('b')]).toEqual([1, 2, 1]);
  });
});

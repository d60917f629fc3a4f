// Files and models from inside a real isolate (THREATS.md H12, H14): what `ctx` sends is what the broker takes, and what no grant
// reaches stays as it is, also for a bundle that was granted everything.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Host } from '../../host/host.ts';
import { asSignetError } from '../../src/error.ts';
import { skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';

const BODIES = {
  writes: 'return await ctx.fs.writeText(input.path, input.text, input.mode);',
  bytes:
    'await ctx.fs.writeBytes(input, new Uint8Array([0, 255, 7])); return [...await ctx.fs.readBytes(input)];',
  lists: 'return await ctx.fs.list(input);',
  asks: "return await ctx.model({ role: 'planner', messages: [{ role: 'user', content: input }], maxTokens: 8 });",
};

let world: World;
let host: Host;
let data: string;
beforeAll(async () => {
  world = createWorld();
  data = join(world.folder, 'data');
  mkdirSync(data);
  const paths = 'granted';
  const capabilities = [
    { id: 'fs.read', paths },
    { id: 'fs.write', paths },
    { id: 'model', roles: ['planner'] },
  ];
  await world.bring(skills(BODIES), { name: 'files', capabilities });
  const common = { bundle: 'local/files', reason: 'test' };
  world.grant({ ...common, capability: 'fs.read', class: 'observe', path: '/' });
  world.grant({ ...common, capability: 'fs.write', class: 'mutate', path: '/' });
  world.grant({ ...common, capability: 'model', class: 'observe', roles: ['planner'], tokensPerDay: 20 });
  host = await Host.open({ directory: world.paths.project });
});
afterAll(async () => {
  await host.close();
  world.remove();
});

const call = (name: string, input: unknown, apply = true) =>
  host.dispatch('skill', name, input, { apply }).then(
    ({ output }) => output,
    (thrown) => asSignetError(thrown).code,
  );

test('with everything granted: not the state, the policy, the grants, the lockfile, the keys, nor the code of the host', async () => {
  const { project, policy, grants, lockfile, state, token, database } = world.paths;
  const before = [policy, grants, lockfile, database].map((path) => readFileSync(path));
  for (const path of [
    policy,
    grants,
    lockfile,
    token,
    database,
    join(project, 'POLICY.yaml'),
    join(state, 'new'),
    join(world.folder, 'config', 'publisher', 'new.json'),
    join(import.meta.dirname, '../../host/broker.ts'),
  ])
    for (const apply of [true, false])
      expect(await call('writes', { path, text: 'x' }, apply), path).toBe('E_CAPABILITY_DENIED');
  expect([policy, grants, lockfile].map((path) => readFileSync(path))).toEqual(before.slice(0, 3));
  expect(existsSync(join(project, 'POLICY.yaml'))).toBe(false);
  expect(await call('lists', state)).toBe('E_CAPABILITY_DENIED');
});

test('a dry run describes; applied, the file is there, whole', async () => {
  const path = join(data, 'text');
  expect(await call('writes', { path, text: 'hello' }, false)).toMatchObject({ status: 'would' });
  expect(existsSync(path)).toBe(false);
  expect(await call('writes', { path, text: 'hello', mode: 'create' })).toEqual({ status: 'done', bytes: 5 });
  expect(readFileSync(path, 'utf8')).toBe('hello');
  expect(await call('bytes', join(data, 'bytes'))).toEqual([0, 255, 7]);
  writeFileSync(join(data, 'z'), '');
  expect(await call('lists', data, false)).toEqual([
    { name: 'bytes', type: 'file' },
    { name: 'text', type: 'file' },
    { name: 'z', type: 'file' },
  ]);
});

test('a model answers, until the day’s tokens are used', async () => {
  expect(await call('asks', 'abcd', false)).toEqual({
    text: expect.stringMatching(/^mock:sha256:[0-9a-f]+$/),
    usage: { inputTokens: 5, outputTokens: 8 },
    model: 'mock/digest-1',
  });
  expect(await call('asks', 'abcd', false)).toBe('E_BUDGET');
});

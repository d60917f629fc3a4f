// `signet grant` over a real project and its journal: what is shown, that its lines run as printed, and who may not.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Host } from '../../host/host.ts';
import { main } from '../../sdk/cli/main.ts';
import { COMMANDS, QUERIES } from '../../src/contracts/api.ts';
import { GrantReview } from '../../src/contracts/grant-review.ts';
import { bringTools, grantKv, skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';

let world: World;
beforeAll(async () => {
  world = createWorld();
  await bringTools(world);
  await world.bring(skills({ reads: 'return await ctx.fs.readText(input);' }), {
    name: 'reader',
    capabilities: [{ id: 'fs.read', paths: 'granted' }],
  });
  mkdirSync(join(world.folder, 'data', 'deep'), { recursive: true });
  for (const name of ['a', 'deep/b']) writeFileSync(join(world.folder, 'data', name), name);
  grantKv(world);
  world.grant({
    bundle: 'local/reader',
    capability: 'fs.read',
    class: 'observe',
    path: join(world.folder, 'data'),
    reason: 'test',
  });
  const host = await Host.open({ directory: world.paths.project });
  await host.dispatch('skill', 'reads', join(world.folder, 'data', 'deep', 'b'));
  await host.dispatch('skill', 'reads', '/etc/hostname').catch(() => undefined);
  await host.dispatch('skill', 'runs', 'ls -l').catch(() => undefined);
  await host.close();
});
afterAll(() => world.remove());
afterEach(() => vi.unstubAllEnvs());

/** One command line as a shell would split it: no word of these has a quote in it. */
async function signet(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const output = {
    result: (text: string) => void out.push(text),
    note: (text: string) => void err.push(text),
  };
  const code = await main('signet', [...words, '--directory', world.paths.project], output);
  return { code, stdout: out.join(''), stderr: err.join('') };
}

test('the page of a bundle says what was used, what was refused, and what would do; its lines run as printed', async () => {
  const { code, stdout } = await signet('grant', 'local/reader');
  expect(code).toBe(0);
  expect(stdout).toContain('used once, last just now — wider than used');
  expect(stdout).toContain(
    'refused     once, just now: skill/reads may not read /etc/hostname: it is not granted',
  );
  const narrower = `signet grant local/reader fs.read --path ${world.folder}/data/deep/b --reason test`;
  expect(stdout).toContain(`To grant no more than was used:\n  ${narrower}\n  signet grant --remove g-`);
  expect((await signet(...narrower.split(' ').slice(1))).code).toBe(0);
  const [, old = ''] = /signet grant --remove (g-[0-9a-f]{12})/.exec(stdout) ?? [];
  expect((await signet('grant', '--remove', old)).code).toBe(0);
  expect((await signet('grant', 'local/reader')).stdout).not.toContain('wider than used');
});

test('without a name a table; --json a document with every refusal and its fix', async () => {
  const { stdout } = await signet('grant');
  expect(stdout).toMatch(/^BUNDLE +CAPABILITY +GRANT +CLASS +UNTIL +USED\n/);
  expect(stdout).toMatch(/^local\/tools +kv +g-[0-9a-f]{12} +changes things +without end +never used$/m);
  expect(stdout).toMatch(/^local\/tools +exec +- +refused once, just now$/m);
  expect((await signet('grant', '--all')).stdout).toBe(stdout);
  const review = GrantReview.parse(JSON.parse((await signet('grant', 'local/tools', '--json')).stdout));
  const exec = review.bundles[0]?.capabilities.find(({ capability }) => capability === 'exec');
  expect(exec?.refused).toMatchObject([
    {
      count: 1,
      fix: "signet grant local/tools exec --command 'ls -l' --class mutate --reason 'asked for by skill/runs'",
    },
  ]);
});

test('a live host does not hinder it', async () => {
  const host = await Host.open({ directory: world.paths.project });
  try {
    expect((await signet('grant', 'local/reader')).code).toBe(0);
  } finally {
    await host.close();
  }
});

test('a grant for a while ends by itself', async () => {
  const before = Date.now();
  const words = ['exec', '--class', 'observe', '--for', '2h', '--json', '--', '/bin/true'];
  const { stdout } = await signet('grant', 'local/tools', ...words);
  const [granted] = JSON.parse(stdout).grants;
  const begun = Date.parse(granted.expires) - 7_200_000;
  expect(begun).toBeGreaterThanOrEqual(before);
  // Whole seconds, rounded up.
  expect(begun).toBeLessThanOrEqual(Date.now() + 1_000);
  await signet('grant', '--remove', granted.id);
});

test.each([
  ['--for', '2w'],
  ['--for', '0h'],
  ['--for', '1h', '--expires', '2030-01-01T00:00:00Z'],
])('%s %s is refused', async (...flags) => {
  expect((await signet('grant', 'local/tools', 'kv', '--class', 'observe', ...flags)).code).toBe(64);
});

test('flags that need a capability, and a bundle that is unknown, are refused', async () => {
  expect((await signet('grant', 'local/tools', '--path', '/x')).code).toBe(64);
  expect((await signet('grant', 'local/none')).code).toBe(6);
});

test('an agent cannot grant nor take away, and no interface of the host can', async () => {
  const before = readFileSync(world.paths.grants, 'utf8');
  vi.stubEnv('SIGNET_PRINCIPAL', 'agent:planner');
  const line = ['grant', 'local/tools', 'model', '--role', 'planner'];
  for (const words of [line, ['grant', '--remove', 'g-000000000000']]) {
    const { code, stderr } = await signet(...words);
    expect(code).toBe(1);
    expect(stderr).toContain('E_GRANT');
  }
  expect(readFileSync(world.paths.grants, 'utf8')).toBe(before);
  expect([...Object.keys(COMMANDS), ...QUERIES].filter((name) => /grant/i.test(name))).toEqual([]);
  vi.unstubAllEnvs();
  expect((await signet(...line)).code).toBe(0);
});

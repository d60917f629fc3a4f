// The host as agent runtimes embed it, from an empty folder to a converged example (DESIGN.md §4 "sdk/runtime.ts").
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { addGrant } from '../../host/grants.ts';
import { projectPaths } from '../../host/paths.ts';
import { writeExample } from '../../sdk/example.ts';
import { localProvenance } from '../../sdk/provenance.ts';
import { publishArchive } from '../../sdk/release.ts';
import { type EmbeddedHost, type HostEvents, openHost, SignetError } from '../../sdk/runtime.ts';
import { skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';
import { children } from '../processes.ts';

let root: string;
let directory: string;
let host: EmbeddedHost;
let specs: string;

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'signet-runtime-')));
  directory = join(root, 'project');
  mkdirSync(directory);
  process.env['SIGNET_CONFIG_DIR'] = join(root, 'config');
  host = await openHost({ directory, prepare: true });
  specs = writeExample(projectPaths(directory).example);
});
afterAll(async () => {
  await host.close();
  rmSync(root, { recursive: true, force: true });
});

test('a prepared folder has the first-party functions, with schemas', async () => {
  const tools = await host.tools();
  const names = tools.map(({ source: { kind, name } }) => `${kind}/${name}`);
  expect(names).toEqual(
    expect.arrayContaining([
      'extractor/registry_enabled_system_jobs',
      'apply/jobs_to_crontab_per_entry',
      'observer/shell_command',
      'observer/file_text',
      'parser/line_contains_identifier',
    ]),
  );
  for (const { name, inputSchema, outputSchema } of tools) {
    expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect([inputSchema['type'], outputSchema?.['type'] ?? 'object']).toEqual(['object', 'object']);
  }
  expect((await host.status()).bundles.every(({ state }) => state === 'loaded')).toBe(true);
});

test('dispatch checks what goes in and answers what comes out', async () => {
  const { output, bundle } = await host.dispatch('parser', 'line_contains_identifier', {
    raw: '1 a.sh\n2 b.sh\n',
    declared: ['a.sh', 'c.sh'],
  });
  expect(output).toEqual({ observed: ['a.sh'], ambiguous: [] });
  expect(bundle.name).toBe('signet/lines');
  const failing = host.dispatch('parser', 'line_contains_identifier', { raw: 1 } as never);
  await expect(failing).rejects.toBeInstanceOf(SignetError);
  await expect(failing).rejects.toMatchObject({ code: 'E_INPUT' });
});

describe('audit', () => {
  test('the example has no drift; a line taken away is found; put back, it is gone', async () => {
    expect(await host.audit({ specs })).toMatchObject({
      ok: true,
      exit: 0,
      results: [{ spec_id: 'example_jobs' }],
    });
    const observed = join(specs, '..', 'observed.txt');
    const text = readFileSync(observed, 'utf8');
    writeFileSync(observed, text.replace(/^.*report.*\n/, ''));
    const drifted = await host.verifyConvergence('example_jobs', { specs });
    expect(drifted).toMatchObject({ drift_detected: true, missing_in_runtime: ['report.sh'], error: null });
    expect(drifted.evidence.length).toBe(3);
    expect(Object.keys(drifted.plugins).length).toBe(3);
    writeFileSync(observed, text);
    expect(await host.verifyConvergence('example_jobs', { specs })).toMatchObject({ drift_detected: false });
  });

  test('paths may be relative to this process', async () => {
    const here = relative(process.cwd(), specs);
    expect(await host.audit({ specs: here, root: relative(process.cwd(), join(specs, '..')) })).toMatchObject(
      { exit: 0 },
    );
  });

  test('an unknown spec is a result; an unknown file is an error', async () => {
    expect((await host.verifyConvergence('none', { specs })).error).toMatch(/^spec_not_found/);
    await expect(host.audit({ specs: join(root, 'none.yaml') })).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
    await expect(host.audit({} as { specs: string })).rejects.toBeInstanceOf(Error);
  });
});

describe('install', () => {
  let world: World;
  beforeAll(() => {
    const config = process.env['SIGNET_CONFIG_DIR'];
    world = createWorld();
    process.env['SIGNET_CONFIG_DIR'] = config;
  });
  afterAll(() => world.remove());

  async function publish(version: string, capabilities: readonly object[] = []): Promise<void> {
    const bodies = { greet: `return 'hello from ${version}';`, keep: "return await ctx.kv.set('k', 'v');" };
    const source = world.source(skills(bodies), { name: 'greeter', version, capabilities });
    const { name, archive } = await world.build(source);
    publishArchive({
      paths: projectPaths(directory),
      name,
      archive,
      provenance: localProvenance(source),
      key: 'default',
    });
  }
  const greet = async () => (await host.dispatch('skill', 'greet', {})).output;

  test('while the host is open; an update that asks for more is stopped until it is accepted', async () => {
    await publish('1.0.0');
    await expect(greet()).rejects.toMatchObject({ code: 'E_FUNCTION_UNKNOWN' });
    expect(host.install('local/greeter')).toMatchObject({
      verdict: { ok: true },
      bundle: { version: '1.0.0' },
      changes: { from: null },
    });
    expect(await greet()).toBe('hello from 1.0.0');
    await publish('1.1.0', [{ id: 'kv' }]);
    expect(() => host.install('local/greeter')).toThrow(expect.objectContaining({ code: 'E_UPDATE' }));
    expect(await greet()).toBe('hello from 1.0.0');
    expect(host.install('local/greeter', '^1.0.0', { accept: true }).bundle?.version).toBe('1.1.0');
    expect(await greet()).toBe('hello from 1.1.0');
  });

  test('what it may do is granted, and done only with apply', async () => {
    await expect(host.dispatch('skill', 'keep', {})).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
    addGrant(
      projectPaths(directory).grants,
      { bundle: 'local/greeter', capability: 'kv', class: 'mutate', reason: 'test' },
      { kind: 'human', id: 'ann' },
      { now: () => Date.now() },
    );
    expect((await host.dispatch('skill', 'keep', {})).output).toMatchObject({ status: 'would' });
    expect((await host.dispatch('skill', 'keep', {}, { apply: true })).output).toEqual({ status: 'done' });
  });

  test('a name that no registry has is refused', () => {
    expect(() => host.install('local/none')).toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }));
    expect(() => host.install('acme/none')).toThrow(expect.objectContaining({ code: 'E_REGISTRY_UNMAPPED' }));
  });

  test('what is refused at load is an event', async () => {
    const { lockfile } = projectPaths(directory);
    const sound = readFileSync(lockfile, 'utf8');
    const refused: string[] = [];
    const off = host.on('refused', ({ name, code }) => refused.push(`${name} ${code}`));
    writeFileSync(lockfile, sound.replace('"version": "1.1.0"', '"version": "1.1.1"'));
    await host.load();
    expect(refused).toEqual(['local/greeter E_STATEMENT_MISMATCH']);
    off();
    writeFileSync(lockfile, sound);
    await host.load();
    expect(await greet()).toBe('hello from 1.1.0');
  });
});

describe('without prepare', () => {
  test('a bare folder gets a state directory and nothing else', async () => {
    const bare = join(root, 'bare');
    mkdirSync(bare);
    const other = await openHost({ directory: bare });
    expect((await other.status()).bundles).toEqual([]);
    await expect(other.dispatch('skill', 'x', {})).rejects.toMatchObject({ code: 'E_FUNCTION_UNKNOWN' });
    await other.close();
    expect(existsSync(join(bare, '.signet'))).toBe(true);
    expect(existsSync(join(bare, 'policy.yaml'))).toBe(false);
  });

  test('a second host of the same folder is refused', async () => {
    await expect(openHost({ directory })).rejects.toMatchObject({ code: 'E_HOST_BUSY' });
  });
});

test('close leaves no process, and everything after it is refused', async () => {
  await host.close();
  const before = children();
  host = await openHost({ directory });
  await host.audit({ specs });
  expect(children().length).toBeGreaterThan(before.length);
  await host.close();
  await host.close();
  expect(children()).toEqual(before);
  for (const attempt of [
    host.load(),
    host.tools(),
    host.status(),
    host.audit({ specs }),
    host.verifyConvergence('example_jobs', { specs }),
    host.dispatch('parser', 'line_contains_identifier', { raw: '', declared: [] }),
  ])
    await expect(attempt).rejects.toMatchObject({ code: 'E_HOST_CLOSED' });
  expect(() => host.install('signet/lines')).toThrow(expect.objectContaining({ code: 'E_HOST_CLOSED' }));
});

describe('types', () => {
  type Dispatch = EmbeddedHost['dispatch'];
  const never = (() => undefined) as unknown as Dispatch;

  test('the kind fixes what goes in and what comes out; of other kinds the caller says it', () => {
    expectTypeOf(never('parser', 'x', { raw: '', declared: [] }))
      .resolves.toHaveProperty('output')
      .toEqualTypeOf<{
        observed: string[];
        ambiguous: { id: string; reason: string }[];
      }>();
    expectTypeOf(never('apply', 'x', { missing: [], extra: [], dryRun: true }))
      .resolves.toHaveProperty('output')
      .toHaveProperty('applied');
    expectTypeOf(never('skill', 'x', { any: 1 }))
      .resolves.toHaveProperty('output')
      .toEqualTypeOf<unknown>();
    expectTypeOf(never<{ n: number }, string>('skill', 'x', { n: 1 }))
      .resolves.toHaveProperty('output')
      .toEqualTypeOf<string>();
    // @ts-expect-error: a parser takes a text
    never('parser', 'x', { raw: 1, declared: [] });
    // @ts-expect-error: what a parser answers is not for its caller to say
    never<{ raw: string }, string>('parser', 'x', { raw: '' });
    // @ts-expect-error: no such kind
    never('daemon', 'x', {});
    // @ts-expect-error: not what the caller said
    never<{ n: number }, string>('skill', 'x', { n: '1' });
    expect(never).toBeTypeOf('function');
  });

  test('events and tools are typed', () => {
    type On = EmbeddedHost['on'];
    expectTypeOf<Parameters<Parameters<On>[1]>>().not.toBeNever();
    expectTypeOf<HostEvents['upgraded'][0]>().toEqualTypeOf<{ name: string; from: string; to: string }>();
    expectTypeOf<Awaited<ReturnType<EmbeddedHost['tools']>>[number]['inputSchema']>().toEqualTypeOf<
      Readonly<Record<string, unknown>>
    >();
  });
});

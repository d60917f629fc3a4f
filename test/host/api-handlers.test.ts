// Each contract of the loopback interface against a real host; the same row serves a command that opened its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiHandlers } from '../../host/api.ts';
import { apiHandlers } from '../../host/api-handlers.ts';
import { Host } from '../../host/host.ts';
import {
  CallAnswer,
  COMMANDS,
  HostStatus,
  QUERIES,
  ToolDescription,
  UnquarantineAnswer,
} from '../../src/contracts/api.ts';
import { AuditReport } from '../../src/contracts/convergence.ts';
import { bringTools, grantKv } from './tools-source.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let host: Host;
let handlers: ApiHandlers;
beforeAll(async () => {
  world = createWorld();
  await bringTools(world);
  grantKv(world);
  host = await Host.open({ directory: world.paths.project });
  handlers = apiHandlers(host);
});
afterAll(async () => {
  await host.close();
  world.remove();
});

test('host.call: dry unless apply, and it says which', async () => {
  const call = async (name: string, input: unknown, apply?: boolean) =>
    CallAnswer.parse(
      await handlers.command('host.call', {
        kind: 'skill',
        name,
        input,
        ...(apply === undefined ? {} : { apply }),
      }),
    );
  expect(await call('keep', 'v')).toMatchObject({ dryRun: true, output: { status: 'would' } });
  expect(await call('keep', 'v', false)).toMatchObject({ dryRun: true });
  expect((await call('kept', {})).output).toBe(null);
  expect(await call('keep', 'v', true)).toMatchObject({ dryRun: false, output: { status: 'done' } });
  expect((await call('kept', {})).output).toBe('v');
});

test('host.call: in the version that is asked for', async () => {
  const asked = { kind: 'skill' as const, name: 'echo', input: 1 };
  expect(await handlers.command('host.call', { ...asked, version: '^1' })).toMatchObject({ output: 1 });
  await expect(handlers.command('host.call', { ...asked, version: '^2' })).rejects.toMatchObject({
    code: 'E_FUNCTION_UNKNOWN',
    actual: '1.0.0',
  });
  await expect(handlers.command('host.call', { ...asked, version: 'latest' })).rejects.toMatchObject({
    code: 'E_INPUT',
  });
});

test('host.audit: with the root, ids and environment of the caller', async () => {
  const specs = join(world.folder, 'specs.yaml');
  writeFileSync(
    specs,
    'convergence_specs:\n  - { id: s, drift_action: alert_only, declaration: { source: x, extractor: none }, runtime_observable: { method: none, parser: none } }\n',
  );
  const report = AuditReport.parse(
    await handlers.command('host.audit', { specs, root: '/', ids: ['s', 't'] }),
  );
  expect(report.results.map(({ error }) => error?.split(':')[0])).toEqual([
    'extractor_failed',
    'spec_not_found',
  ]);
  expect(AuditReport.parse(await handlers.command('host.audit', { specs })).results.length).toBe(1);
});

test('host.status and host.tools', async () => {
  expect(HostStatus.parse(await handlers.query('host.status')).pid).toBe(process.pid);
  const tools = ToolDescription.array().parse(await handlers.query('host.tools'));
  expect(tools.map(({ name }) => name)).toContain('echo');
});

describe('what breaks its contract is E_INPUT here as it is over the wire', () => {
  test.each<[string, unknown]>([
    ['host.call', { kind: 'daemon', name: 'x', input: 1 }],
    ['host.call', { kind: 'skill', name: 'constructor', input: 1 }],
    ['host.call', { kind: 'skill', name: 'echo', input: 1, as: 'root' }],
    ['host.call', null],
    ['host.audit', { specs: 'relative.yaml' }],
    ['host.audit', { specs: '/x', root: '.' }],
    ['host.audit', {}],
  ])('%s', async (name, input) => {
    const asked = handlers.command(name as 'host.call', input as never);
    await expect(asked).rejects.toMatchObject({ name: 'SignetError', code: 'E_INPUT' });
  });
});

test('a refusal of the host comes through with its code', async () => {
  const asked = handlers.command('host.call', { kind: 'skill', name: 'missing', input: {} });
  await expect(asked).rejects.toMatchObject({ code: 'E_FUNCTION_UNKNOWN' });
});

test('host.unquarantine: what is not quarantined is none', async () => {
  const answer = await handlers.command('host.unquarantine', { bundle: 'local/tools' });
  expect(UnquarantineAnswer.parse(answer)).toEqual({ lifted: [] });
});

test('every contract has a row', async () => {
  expect(Object.keys(COMMANDS)).toEqual(['host.call', 'host.resolve', 'host.audit', 'host.unquarantine']);
  for (const query of QUERIES) await handlers.query(query);
});

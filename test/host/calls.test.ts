// The calls that bundles ask for (DESIGN.md §4 "`invoke` inherits dry run, budget, deadline and depth", "Versions"; THREATS.md H12,
// H13): the version that `requires` names, dry where the caller is, planned where it is not.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Calls } from '../../host/calls.ts';
import type { CallContext, NestedCall } from '../../host/capabilities/capability.ts';
import type { GrantSet } from '../../host/grants.ts';
import type { Installed } from '../../host/installed.ts';
import { sha256 } from '../../keys/hash.ts';
import { Budget } from '../../src/budget.ts';
import type { JsonValue } from '../../src/contracts/common.ts';
import type { Kind } from '../../src/contracts/manifest.ts';
import type { CallOptions, Provider } from '../../src/dispatch.ts';
import { SignetError } from '../../src/error.ts';
import { compileSchema } from '../../src/json-schema.ts';
import { PlanBook } from '../../src/plan.ts';
import type { JournalRecord } from '../../src/ports.ts';

const digestOf = (version: string): string => `sha256:${version.replaceAll('.', '').padStart(64, '0')}`;
let seen: { version: string; input: unknown; options: CallOptions }[];
let records: JournalRecord[];
let open: boolean;
let calls: Calls;

function provider(version: string): Provider {
  return {
    kind: 'skill',
    name: 'other',
    description: 'a test',
    bundle: { name: 'acme/other', version, digest: digestOf(version) },
    input: compileSchema({}, 'input'),
    output: compileSchema({}, 'output'),
    invoke: async ({ value }, options, accept) => {
      seen.push({ version, input: value, options });
      return { callId: 'c2', output: accept(JSON.stringify(version)) };
    },
  };
}

beforeAll(() => {
  seen = [];
  records = [];
  open = true;
  const installed = {
    find: (kind: Kind, name: string, range?: string) => {
      if (name === 'asks') return provider('1.2.3');
      if (name !== 'other') throw new SignetError('E_FUNCTION_UNKNOWN', `no ${kind}/${name}`);
      return provider(range === '^1' ? '1.0.0' : '2.0.0');
    },
    manifestOf: (digest: string) =>
      digest === digestOf('1.2.3')
        ? { extensions: { 'dev.signet': { requires: { 'skill/other': '^1' } } } }
        : undefined,
  } as unknown as Installed;
  const journal = { append: (record: JournalRecord) => records.push(record) - 1 };
  calls = new Calls({
    plans: new PlanBook({ sha256, clock: { now: () => 0 }, journal }),
    installed,
    grants: () => ({ epoch: digestOf('9.9.9') }) as GrantSet,
    requireOpen: () => {
      if (!open) throw new SignetError('E_HOST_CLOSED', 'the host is closed');
    },
  });
});
afterAll(() => expect(open).toBe(true));

const caller = (version: string, dryRun: boolean): CallContext =>
  ({
    callId: 'c1',
    bundle: { name: 'acme/caller', version, digest: digestOf(version) },
    fn: 'skill/asks',
    tenant: 'tenant',
    dryRun,
    depth: 1,
    deadlineMs: 5,
    budget: new Budget(3),
    signal: new AbortController().signal,
    ...(dryRun
      ? {}
      : {
          plan: {
            planHash: digestOf('8.8.8'),
            stepId: digestOf('7.7.7'),
            principal: { kind: 'agent', id: 'robot' },
            grantEpoch: digestOf('9.9.9'),
          },
        }),
  }) as unknown as CallContext;

const wanted = (name: string, input: JsonValue, dryRun = true): NestedCall => ({
  kind: 'skill',
  name,
  input,
  dryRun,
});

test('a caller that requires a range gets a version in it; one that does not gets what a plain call gets', async () => {
  expect(await calls.fromBundle(caller('1.2.3', true), wanted('other', 1))).toBe('1.0.0');
  expect(await calls.fromBundle(caller('4.5.6', true), wanted('other', 1))).toBe('2.0.0');
  expect((await calls.fromOutside('skill', 'other', 1, {})).bundle.version).toBe('2.0.0');
  expect((await calls.fromOutside('skill', 'other', 1, { version: '^1' })).bundle.version).toBe('1.0.0');
});

test('a dry caller calls dry, without a plan, in its own tenant and with what it has left', async () => {
  seen.length = 0;
  records.length = 0;
  const from = caller('1.2.3', true);
  await calls.fromBundle(from, wanted('other', { x: 1 }));
  expect(records).toEqual([]);
  expect(seen).toMatchObject([
    { input: { x: 1 }, options: { dryRun: true, tenant: 'tenant', caller: { depth: 1, deadlineMs: 5 } } },
  ]);
  expect(seen[0]?.options.plan).toBe(undefined);
  expect(seen[0]?.options.signal).toBe(from.signal);
  expect(seen[0]?.options.caller?.budget).toBe(from.budget);
});

test('calls that a planned one leads to are steps for the versions that it requires', async () => {
  seen.length = 0;
  records.length = 0;
  await calls.fromOutside('skill', 'asks', null, {
    apply: true,
    with: [{ kind: 'skill', name: 'other', input: { x: 1 } }],
    principal: { kind: 'agent', id: 'robot' },
  });
  expect(records).toMatchObject([
    {
      type: 'plan.compiled',
      principal: { kind: 'agent', id: 'robot' },
      steps: [
        { name: 'asks', bundle: digestOf('1.2.3') },
        { name: 'other', bundle: digestOf('1.0.0') },
      ],
    },
  ]);
  const planHash = records[0]?.['planId'] as string;
  expect(seen).toMatchObject([{ version: '1.2.3', options: { dryRun: false, plan: { planHash } } }]);
});

test('what is not there, and a closed host, are refused in either mode', async () => {
  for (const dryRun of [true, false]) {
    await expect(calls.fromBundle(caller('1.2.3', dryRun), wanted('none', 1))).rejects.toMatchObject({
      code: 'E_FUNCTION_UNKNOWN',
    });
    open = false;
    await expect(calls.fromBundle(caller('1.2.3', dryRun), wanted('other', 1))).rejects.toMatchObject({
      code: 'E_HOST_CLOSED',
    });
    await expect(calls.forAudit('skill', 'other', 1, { dryRun: true })).rejects.toMatchObject({
      code: 'E_HOST_CLOSED',
    });
    open = true;
  }
});

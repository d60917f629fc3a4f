// One audit: the file that is read, the specs that are chosen, what is journalled of each (CONTRACTS.md §1). The engine is real;
// the functions it dispatches to are the test's.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AuditOptions, auditSpecs } from '../../host/audit.ts';
import { JournalEntry } from '../../src/contracts/journal.ts';
import type { Kind } from '../../src/contracts/manifest.ts';
import type { ConvergencePorts } from '../../src/convergence/engine.ts';
import type { JournalSink } from '../../src/ports.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const HASH = `sha256:${'0'.repeat(64)}`;

let folder: string;
let specs: string;
let observed: string[];
let calls: { kind: Kind; input: Record<string, unknown>; dryRun: boolean }[];
let records: JournalEntry[];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'signet-audit-')));
  specs = join(folder, 'specs.yaml');
  observed = ['a', 'b'];
  calls = [];
  records = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const OUTPUTS: Partial<Record<Kind, () => unknown>> = {
  extractor: () => ({ entries: ['a', 'b'].map((id) => ({ id, data: {} })) }),
  observer: () => ({ raw: '' }),
  parser: () => ({ observed, ambiguous: [] }),
  apply: () => ({
    applied: [{ id: 'b', action: 'add b' }],
    would: [{ id: 'b', action: 'would add b' }],
    errors: [],
  }),
};

const host: Omit<ConvergencePorts, 'resolve'> = {
  clock: { now: () => NOW },
  compile: async () => ({
    planHash: HASH,
    stepId: HASH,
    principal: { kind: 'human', id: 'ann' },
    grantEpoch: HASH,
  }),
  dispatch: async (kind, _name, input, { dryRun }) => {
    calls.push({ kind, input: input as Record<string, unknown>, dryRun });
    const bundle = { name: 'local/x', version: '1.0.0', digest: HASH };
    return { callId: `call-${calls.length}`, bundle, output: OUTPUTS[kind]?.() };
  },
};
const journal: JournalSink = {
  append: (record) => records.push(JournalEntry.parse(record)) - 1,
};

const spec = (id: string, more = ''): string => `
  - id: ${JSON.stringify(id)}
    drift_action: machine_sync
    declaration: { source: jobs.yaml, extractor: x }
    runtime_observable: { method: x, parser: x, url: "file:seen.txt" }
    convergence_method: { apply_function: x${more} }`;
const write = (...texts: string[]): void => writeFileSync(specs, `convergence_specs:${texts.join('')}\n`);
const audit = (options: Partial<AuditOptions> = {}) => auditSpecs({ specs, ...options }, host, journal);

test('one record a spec, in the order of the results, with the host’s time', async () => {
  observed = ['a'];
  write(spec('one'), spec('two'), '\n  - { id: three }');
  const report = await audit();
  expect(report).toMatchObject({ schema: 'audit/1', exit: 2, ok: false });
  expect(records).toMatchObject([
    {
      type: 'audit.result',
      at: NOW,
      specId: 'one',
      drift: true,
      missing: 1,
      observed: 1,
      declared: 2,
      error: null,
      dryRun: true,
    },
    { specId: 'two', drift: true },
    { specId: 'three', drift: false, error: expect.stringMatching(/^load_failed/) },
  ]);
});

describe('where sources are', () => {
  test('beside the spec file', async () => {
    write(spec('one'));
    await audit();
    expect(calls[0]?.input['source']).toBe(join(folder, 'jobs.yaml'));
    expect(calls[1]?.input['url']).toBe(`file://${join(folder, 'seen.txt')}`);
  });

  test('or below the root that is given', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    write(spec('one'));
    await audit({ root: join(folder, 'elsewhere') });
    expect(calls[0]?.input['source']).toBe(join(folder, 'elsewhere', 'jobs.yaml'));
  });

  test('a file of another machine is an error of its spec alone', async () => {
    write(spec('one').replace('file:seen.txt', 'file://server/seen.txt'), spec('two'));
    const { results } = await audit();
    expect(results[0]?.error).toMatch(/^load_failed: .*\[E_SPEC\]/);
    expect(results[1]?.error).toBe(null);
  });
});

describe('which specs', () => {
  test('every enabled one; by name also a disabled one, which says so', async () => {
    write(spec('one'), `${spec('off')}\n    enabled: false`);
    expect((await audit()).results.map(({ spec_id }) => spec_id)).toEqual(['one']);
    const [off] = (await audit({ ids: ['off'] })).results;
    expect(off?.error).toMatch(/^spec_disabled/);
  });

  test('in the order asked for, each once: twice applied would be applied twice', async () => {
    observed = ['a'];
    write(spec('one'), spec('two'));
    const { results } = await audit({ ids: ['two', 'one', 'two'], apply: true });
    expect(results.map(({ spec_id }) => spec_id)).toEqual(['two', 'one']);
    expect(calls.filter(({ kind }) => kind === 'apply').length).toBe(2);
  });

  test.each([['nothing'], ['__proto__'], ['x'.repeat(5_000)], [''], ['\ud800']])(
    'one that is not there is a result and a record: %j',
    async (id) => {
      write(spec('one'));
      const report = await audit({ ids: [id] });
      expect(report).toMatchObject({
        exit: 2,
        results: [{ spec_id: id, error: expect.stringMatching(/^spec_not_found/) }],
      });
      expect(records.length).toBe(1);
      expect(calls).toEqual([]);
    },
  );
});

describe('dry or not', () => {
  // options | more of the spec | dry
  test.each<[string, Partial<AuditOptions>, string, boolean]>([
    ['nothing is said', {}, '', true],
    ['apply', { apply: true }, '', false],
    [
      'apply, and the caller’s environment says dry',
      { apply: true, environment: { CONVERGENCE_DRY_RUN: '1' } },
      '',
      true,
    ],
    [
      'apply, and the spec’s own variable says dry',
      { apply: true, environment: { MY_DRY: '1' } },
      ', dry_run_env_var: MY_DRY',
      true,
    ],
    [
      'apply, and that variable is 0',
      { apply: true, environment: { MY_DRY: '0' } },
      ', dry_run_env_var: MY_DRY',
      false,
    ],
    [
      'apply, with a variable of JavaScript’s name',
      { apply: true, environment: {} },
      ', dry_run_env_var: constructor',
      false,
    ],
  ])('%s', async (_what, options, more, dry) => {
    observed = ['a'];
    write(spec('one', more));
    const { results } = await audit(options);
    expect(results).toMatchObject([
      { error: null, apply_dry_run: dry, applied_actions: [dry ? 'would add b' : 'add b'] },
    ]);
    expect(calls.find(({ kind }) => kind === 'apply')?.dryRun).toBe(dry);
    expect(records).toMatchObject([{ dryRun: dry }]);
  });

  test('the variable of this process counts where the caller names none, and is overruled where he does', async () => {
    process.env['CONVERGENCE_DRY_RUN'] = '1';
    try {
      observed = ['a'];
      write(spec('one'));
      expect((await audit({ apply: true })).results[0]?.apply_dry_run).toBe(true);
      const environment = { CONVERGENCE_DRY_RUN: '0' };
      expect((await audit({ apply: true, environment })).results[0]?.apply_dry_run).toBe(false);
    } finally {
      delete process.env['CONVERGENCE_DRY_RUN'];
    }
  });
});

describe('a file that is no spec file is an error of the whole, and nothing is journalled', () => {
  test.each<[string, () => void, string]>([
    ['it is not there', () => undefined, 'E_NOT_FOUND'],
    ['it is a folder', () => mkdirSync(specs), 'E_NOT_FOUND'],
    ['it has no specs', () => writeFileSync(specs, 'convergence_specs: []\n'), 'E_CONFIG'],
    ['it is something else', () => writeFileSync(specs, '- 1\n'), 'E_CONFIG'],
    ['it is no YAML', () => writeFileSync(specs, '{'), 'E_CONFIG'],
  ])('%s', async (_what, prepare, code) => {
    prepare();
    await expect(audit()).rejects.toMatchObject({ code });
    expect(records).toEqual([]);
  });
});

test('a long error is cut for the journal, not for the report', async () => {
  write(spec('one'));
  const failing = { ...host, dispatch: async () => Promise.reject(new Error('x'.repeat(20_000))) };
  const report = await auditSpecs({ specs }, failing, journal);
  expect(report.results[0]?.error?.length).toBeGreaterThan(20_000);
  expect(records).toMatchObject([{ error: expect.stringMatching(/^extractor_failed: x{4078}$/) }]);
});

import { beforeEach, expect, test } from 'vitest';
import type { ConvergenceSpec } from '../../../src/contracts/convergence.ts';
import type { PlanDraft } from '../../../src/contracts/plan.ts';
import type { ApplyMode } from '../../../src/convergence/dry-run.ts';
import { type ConvergencePorts, runAudit } from '../../../src/convergence/engine.ts';
import { readSpecs } from '../../../src/convergence/spec-file.ts';
import { SignetError } from '../../../src/error.ts';

/** A world of one set: declared here, present there; the engine reaches it only by names. */
let declared: string[];
let present: string[];
let fail: Partial<Record<string, Error>>;
let calls: { name: string; input: unknown; dryRun: boolean; planned: boolean }[];
let plans: PlanDraft[];
let applyDoes: (ids: string[]) => void;

beforeEach(() => {
  declared = ['a', 'b', 'c'];
  present = ['a', 'b', 'c'];
  fail = {};
  calls = [];
  plans = [];
  applyDoes = (ids) => present.push(...ids);
});

const context = {
  planHash: 'p',
  stepId: 's',
  principal: { kind: 'human', id: 'me' },
  grantEpoch: 'e',
} as const;

const ports: ConvergencePorts = {
  clock: { now: () => 0 },
  resolve: (location) => `/root/${location}`,
  compile: async (draft) => {
    plans.push(draft);
    return context;
  },
  dispatch: async (kind, name, input, { dryRun, plan }) => {
    calls.push({ name: `${kind}/${name}`, input, dryRun, planned: plan === context });
    const failure = fail[kind];
    if (failure !== undefined) throw failure;
    const outputs: Record<string, () => unknown> = {
      extractor: () => ({ entries: declared.map((id) => ({ id, data: { id } })) }),
      observer: () => ({ raw: present.join('\n') }),
      parser: () => ({
        observed: (input as { raw: string }).raw.split('\n').filter((line) => line !== ''),
        ambiguous: [],
      }),
      apply: () => {
        const { missing } = input as { missing: { id: string }[] };
        const actions = missing.map(({ id }) => ({ id, action: `add ${id}` }));
        if (dryRun) return { applied: [], would: actions, errors: [] };
        applyDoes(missing.map(({ id }) => id));
        return { applied: actions, would: [], errors: [] };
      },
    };
    return {
      callId: `call-${calls.length}`,
      bundle: { name: 'x/y', version: '1.0.0', digest: `sha256:${kind}` },
      output: outputs[kind]?.(),
    };
  },
};

const dry: ApplyMode = { apply: false, environment: () => undefined };
const real: ApplyMode = { apply: true, environment: () => undefined };

const spec = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'one',
  drift_action: 'machine_sync',
  declaration: { source: 'registry.yaml', extractor: 'ex' },
  runtime_observable: { method: 'ob', command: 'look', parser: 'pa' },
  convergence_method: { apply_function: 'ap', dry_run_default: false },
  ...overrides,
});
const audit = (mode: ApplyMode, ...specs: Record<string, unknown>[]) =>
  runAudit(readSpecs({ convergence_specs: specs }, 'specs'), ports, mode);

test('no drift: exit 0, with its evidence and the bundles that answered', async () => {
  const report = await audit(dry, spec());
  expect(report).toMatchObject({
    ok: true,
    exit: 0,
    results: [{ declared: ['a', 'b', 'c'], missing_in_runtime: [], error: null }],
  });
  expect(report.results[0]?.evidence).toEqual(['call-1', 'call-2', 'call-3']);
  expect(Object.keys(report.results[0]?.plugins ?? {})).toEqual(['extractor/ex', 'observer/ob', 'parser/pa']);
});

test('drift without --apply: what would be done is listed, nothing is planned or done', async () => {
  present = ['a'];
  const report = await audit(dry, spec());
  expect(report).toMatchObject({
    exit: 1,
    results: [{ missing_in_runtime: ['b', 'c'], apply_dry_run: true, applied_actions: ['add b', 'add c'] }],
  });
  expect(plans).toEqual([]);
  expect(calls.at(-1)).toMatchObject({ name: 'apply/ap', dryRun: true, planned: false });
  expect(present).toEqual(['a']);
});

test('drift with --apply: a one-step plan is compiled, and the report is what is seen afterwards', async () => {
  present = ['a'];
  const report = await audit(real, spec());
  expect(plans).toMatchObject([
    { steps: [{ kind: 'apply', name: 'ap', input: { dryRun: false, missing: [{ id: 'b' }, { id: 'c' }] } }] },
  ]);
  expect(report).toMatchObject({
    exit: 0,
    results: [{ drift_detected: false, apply_dry_run: false, applied_actions: ['add b', 'add c'] }],
  });
});

test('an apply function that lies is found out by observing again', async () => {
  present = ['a'];
  applyDoes = () => undefined;
  const report = await audit(real, spec());
  expect(report).toMatchObject({
    exit: 1,
    results: [{ drift_detected: true, missing_in_runtime: ['b', 'c'], applied_actions: ['add b', 'add c'] }],
  });
});

test('CONVERGENCE_DRY_RUN=1 wins over --apply', async () => {
  present = [];
  await audit(
    { apply: true, environment: (name) => (name === 'CONVERGENCE_DRY_RUN' ? '1' : undefined) },
    spec(),
  );
  expect(present).toEqual([]);
  expect(plans).toEqual([]);
});

test('extra entries are drift, are shown, and are never applied', async () => {
  present = ['a', 'b', 'c', 'stranger'];
  const report = await audit(real, spec());
  expect(report).toMatchObject({
    exit: 1,
    results: [{ extra_in_runtime: ['stranger'], missing_in_runtime: [] }],
  });
  expect(calls.some(({ name }) => name.startsWith('apply/'))).toBe(false);
});

test.each(['alert_only', 'alert_only_permanent'])(
  '%s never applies, not even with --apply',
  async (action) => {
    present = [];
    const report = await audit(real, spec({ drift_action: action }));
    expect(report).toMatchObject({
      exit: 1,
      results: [{ drift_detected: true, drift_action: action, applied_actions: [] }],
    });
    expect(calls.some(({ name }) => name.startsWith('apply/'))).toBe(false);
  },
);

test('drift of a block_until_human spec stops the apply of every other, whatever their order', async () => {
  present = ['a'];
  const report = await audit(real, spec(), spec({ id: 'guard', drift_action: 'block_until_human' }));
  expect(report.exit).toBe(2);
  expect(report.results[0]?.error).toMatch(/^blocked: guard/);
  expect(present).toEqual(['a']);
});

test('without drift a block_until_human spec stops nothing', async () => {
  present = ['a'];
  const guard = spec({
    id: 'guard',
    drift_action: 'block_until_human',
    declaration: { source: 'x', extractor: 'ex' },
  });
  declared = ['a'];
  const calm = await audit(real, guard);
  expect(calm.exit).toBe(0);
  declared = ['a', 'b'];
  expect((await audit(real, spec())).exit).toBe(0);
});

test.each(['extractor', 'observer', 'parser'])(
  'a failing %s is an error of the spec, never an empty set, and applies nothing',
  async (kind) => {
    present = [];
    fail = { [kind]: new SignetError('E_EXEC', 'it broke') };
    const report = await audit(real, spec());
    expect(report.exit).toBe(2);
    expect(report.results[0]?.error).toMatch(new RegExp(`^${kind}_failed: it broke \\[E_EXEC\\] do: `));
    expect(report.results[0]).toMatchObject({ drift_detected: false, missing_in_runtime: [] });
    expect(calls.some(({ name }) => name.startsWith('apply/'))).toBe(false);
  },
);

test('one failing spec does not stop the others, and 2 outranks 1', async () => {
  present = ['a'];
  const report = await audit(dry, spec({ id: 'bad', drift_action: 'sometimes' }), spec());
  expect(report.exit).toBe(2);
  expect(report.results[0]?.error).toBe('invalid_drift_action: sometimes');
  expect(report.results[1]).toMatchObject({ spec_id: 'one', drift_detected: true, error: null });
});

test('machine_sync without an apply function says so', async () => {
  present = [];
  const report = await audit(dry, spec({ convergence_method: {} }));
  expect(report.results[0]?.error).toMatch(/^apply_failed: .*apply_function/);
});

test('a disabled spec is not looked at', async () => {
  const report = await audit(dry, spec({ enabled: false }));
  expect(report.results[0]?.error).toMatch(/^spec_disabled/);
  expect(calls).toEqual([]);
});

test('sources and file: URLs are resolved, other URLs and commands are handed over as they are', async () => {
  await audit(dry, spec({ runtime_observable: { method: 'ob', url: 'file:seen.txt', parser: 'pa' } }));
  expect(calls[0]?.input).toMatchObject({ source: '/root/registry.yaml' });
  expect(calls[1]?.input).toEqual({ url: 'file:///root/file:seen.txt' });
  calls = [];
  await audit(
    dry,
    spec({
      runtime_observable: {
        method: 'ob',
        url: 'http://localhost:1/health',
        command: 'x',
        timeout_sec: 3,
        parser: 'pa',
      },
    }),
  );
  expect(calls[1]?.input).toEqual({ url: 'http://localhost:1/health', command: 'x', timeout_sec: 3 });
});

test('two entries with one identifier count once and are both applied', async () => {
  declared = ['a', 'a'];
  present = [];
  const report = await audit(real, spec());
  expect(report.results[0]?.declared).toEqual(['a']);
  expect(plans[0]?.steps[0]?.input).toMatchObject({ missing: [{ id: 'a' }, { id: 'a' }] });
});

test('a type: the engine takes what the spec file reader gives', () => {
  const [loaded] = readSpecs({ convergence_specs: [spec()] }, 'specs');
  expect((loaded as { spec: ConvergenceSpec }).spec.id).toBe('one');
});

import { expect, test } from 'vitest';
import type { ConvergenceSpec } from '../../../src/contracts/convergence.ts';
import { isDryRun } from '../../../src/convergence/dry-run.ts';

const base = {
  id: 's',
  enabled: true,
  description: '',
  drift_action: 'machine_sync',
  declaration: { source: 'x', extractor: 'e' },
  runtime_observable: { method: 'm', parser: 'p' },
} satisfies ConvergenceSpec;

// environment | --apply | schedule's own grant (undefined: a person) | the spec's dry_run_default | dry?
test.each<[Record<string, string>, boolean, boolean | undefined, boolean | undefined, boolean]>([
  [{ CONVERGENCE_DRY_RUN: '1' }, true, undefined, false, true],
  [{ CONVERGENCE_DRY_RUN: '1' }, false, true, false, true],
  [{ OTHER: '1' }, true, undefined, false, false],
  [{ CONVERGENCE_DRY_RUN: '0' }, true, undefined, false, false],
  [{}, true, undefined, undefined, false],
  [{}, true, undefined, true, false],
  [{}, false, undefined, false, true],
  [{}, false, true, false, false],
  [{}, false, true, true, true],
  [{}, false, true, undefined, true],
  [{}, false, false, false, true],
  [{}, true, false, false, true],
  [{}, true, true, true, true],
])('%o apply=%s schedule=%s default=%s → dry %s', (environment, apply, schedule, dryRunDefault, dry) => {
  const method = dryRunDefault === undefined ? {} : { dry_run_default: dryRunDefault };
  const mode = {
    apply,
    environment: (name: string) => environment[name],
    ...(schedule === undefined ? {} : { schedule: { apply: schedule } }),
  };
  expect(isDryRun(mode, { ...base, convergence_method: method })).toBe(dry);
});

test('the variable that a spec names forces a dry run too', () => {
  const mode = { apply: true, environment: (name: string) => (name === 'MINE' ? '1' : undefined) };
  expect(isDryRun(mode, { ...base, convergence_method: { dry_run_env_var: 'MINE' } })).toBe(true);
  expect(isDryRun(mode, { ...base, convergence_method: {} })).toBe(false);
});

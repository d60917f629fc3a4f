import { expect, test } from 'vitest';
import type { ConvergenceResult } from '../../../src/contracts/convergence.ts';
import { formatAudit } from '../../../src/convergence/report.ts';

const result = (overrides: Partial<ConvergenceResult>): ConvergenceResult => ({
  spec_id: 's',
  declared: ['a', 'b'],
  observed: ['a', 'b'],
  missing_in_runtime: [],
  extra_in_runtime: [],
  ambiguous: [],
  drift_detected: false,
  drift_action: 'machine_sync',
  error: null,
  applied_actions: [],
  apply_dry_run: true,
  apply_errors: [],
  evidence: [],
  plugins: {},
  duration_ms: 1,
  ...overrides,
});
const lines = (...results: ConvergenceResult[]) =>
  formatAudit({ schema: 'audit/1', ok: true, exit: 0, results }).split('\n');

test("the seed's lines", () => {
  const drift = { drift_detected: true, observed: ['a'], missing_in_runtime: ['b'] };
  const permanent = result({ spec_id: 'providers', ...drift, drift_action: 'alert_only_permanent' });
  const dry = result({ spec_id: 'kb', ...drift, applied_actions: ['would b'] });
  const [title, ok, second, , third] = lines(result({ spec_id: 'jobs' }), permanent, dry);
  expect(title).toBe('CONVERGENCE — 3 spec(s)');
  expect(ok).toBe('✓ [jobs] declared=2 observed=2 (no drift)');
  expect(second).toBe('! [providers] declared=2 observed=1 missing=1 (drift_action=alert_only_permanent)');
  expect(third).toBe(
    '! [kb] declared=2 observed=1 missing=1 (drift_action=machine_sync) apply[dry-run]=1 apply_errors=0',
  );
});

test('what is missing, extra, applied, ambiguous and refused is named', () => {
  const text = formatAudit({
    schema: 'audit/1',
    ok: false,
    exit: 1,
    results: [
      result({
        drift_detected: true,
        missing_in_runtime: ['m'],
        extra_in_runtime: ['x'],
        apply_dry_run: false,
        applied_actions: ['did'],
        apply_errors: ['e: bad'],
        ambiguous: [{ id: 'k', reason: 'part of k2' }],
      }),
    ],
  });
  for (const part of [
    'missing: m',
    'extra: x',
    'applied: did',
    'apply error: e: bad',
    'ambiguous: k: part of k2',
    'extra=1',
    'apply=1 apply_errors=1',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain('--apply');
});

test('an error is said first, and a dry run says how to apply', () => {
  expect(lines(result({ error: 'observer_failed: no' }))[1]).toBe('✗ [s] observer_failed: no');
  expect(lines(result({ drift_detected: true, applied_actions: ['a'] })).at(-2)).toMatch(/^do: .*--apply/);
});

test('a long list is cut with its count', () => {
  const many = Array.from({ length: 150 }, (_, i) => `id${i}`);
  expect(lines(result({ drift_detected: true, missing_in_runtime: many })).at(-2)).toBe(
    '    missing: and 50 more (--json has all)',
  );
});

// Effective limits as a table, and what is said to whoever meets one (DESIGN.md §4 "Limits").
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMIT_NAMES, LimitRequest } from '../../src/contracts/limits.ts';
import { KINDS } from '../../src/kinds/index.ts';
import { effectiveLimits, limitError, type OperatorLimits } from '../../src/limits.ts';

const OF = { bundle: 'acme/pdf', kind: 'skill' as const };
const KIND = KINDS.skill.limits;
const own = (limits: LimitRequest): OperatorLimits => ({ bundles: { 'acme/pdf': limits } });

// manifest | operator | limit | its value | whose
test.each<[LimitRequest | undefined, OperatorLimits, keyof LimitRequest, number, string]>([
  [undefined, {}, 'wallMs', KIND.wallMs, 'kind'],
  [{}, { limits: {}, bundles: {} }, 'wallMs', KIND.wallMs, 'kind'],
  // A manifest tightens and never widens.
  [{ wallMs: 300 }, {}, 'wallMs', 300, 'manifest'],
  [{ wallMs: 600_000 }, {}, 'wallMs', KIND.wallMs, 'kind'],
  [{ wallMs: 300 }, {}, 'heapMb', KIND.heapMb, 'kind'],
  [{ wallMs: KIND.wallMs }, {}, 'wallMs', KIND.wallMs, 'kind'],
  // Nor does the operator.
  [undefined, { limits: { cpuMs: 10 } }, 'cpuMs', 10, 'host.limits'],
  [undefined, { limits: { cpuMs: 600_000 } }, 'cpuMs', KIND.cpuMs, 'kind'],
  [undefined, own({ heapMb: 8 }), 'heapMb', 8, 'host.bundles'],
  [{ heapMb: 16 }, own({ heapMb: 32 }), 'heapMb', 16, 'manifest'],
  [{ heapMb: 32 }, own({ heapMb: 16 }), 'heapMb', 16, 'host.bundles'],
  // What is said of the one bundle holds in the place of what is said of all, also where it is more.
  [undefined, { limits: { effects: 5 }, ...own({ effects: 50 }) }, 'effects', 50, 'host.bundles'],
  [undefined, { limits: { effects: 5 }, ...own({ wallMs: 50 }) }, 'effects', 5, 'host.limits'],
  // Another bundle's are not this one's.
  [undefined, { bundles: { 'acme/other': { effects: 1 } } }, 'effects', KIND.effects, 'kind'],
  // Without a bound by kind, only who sets one has one.
  [undefined, {}, 'callsPerMinute', Number.POSITIVE_INFINITY, 'kind'],
  [{ callsPerMinute: 7 }, {}, 'callsPerMinute', 7, 'manifest'],
  [undefined, { limits: { cpuMsPerMinute: 9 } }, 'cpuMsPerMinute', 9, 'host.limits'],
])('manifest %j, operator %j: %s is %d, by %s', (manifest, operator, name, value, source) => {
  const limits = effectiveLimits(OF, manifest, operator);
  expect([limits[name], limits.source[name]]).toEqual([value, source]);
});

test('whatever manifest and operator say, no limit is above that of its kind', () => {
  const amount = fc.record(
    Object.fromEntries(LIMIT_NAMES.map((name) => [name, fc.integer({ min: 0, max: 1e9 })])),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(amount, amount, amount, (manifest, all, one) => {
      const limits = effectiveLimits(OF, manifest, { limits: all, ...own(one) });
      for (const name of LIMIT_NAMES) expect(limits[name]).toBeLessThanOrEqual(KIND[name]);
    }),
  );
});

test('a released manifest that names two limits still reads', () => {
  expect(LimitRequest.parse({ wallMs: 300, heapMb: 32 })).toEqual({ wallMs: 300, heapMb: 32 });
});

describe('the error of a limit says which, whose, and how it is raised', () => {
  // manifest | operator | expected | fix
  test.each<[LimitRequest, OperatorLimits, string, string]>([
    [{}, {}, 'cpuMs: at most 5000, as the kind skill says', 'A skill never has more'],
    [
      { cpuMs: 9 },
      {},
      'cpuMs: at most 9, as the manifest of acme/pdf says',
      'Only the author of acme/pdf can raise it: limits.cpuMs in its plugin.json, up to 5000.',
    ],
    [
      {},
      { limits: { cpuMs: 9 } },
      'under host.limits in policy.yaml',
      'Raise host.limits.cpuMs in policy.yaml',
    ],
    [
      {},
      own({ cpuMs: 9 }),
      'under host.bundles of acme/pdf',
      'Raise host.bundles["acme/pdf"].cpuMs in policy.yaml',
    ],
  ])('manifest %j, operator %j', (manifest, operator, expected, fix) => {
    const error = limitError('E_CPU', 'too long', 'cpuMs', effectiveLimits(OF, manifest, operator));
    expect(error).toMatchObject({ code: 'E_CPU', item: 'cpuMs' });
    expect(error.expected).toContain(expected);
    expect(error.fix).toContain(fix);
  });
});

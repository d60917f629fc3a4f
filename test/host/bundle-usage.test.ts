// Rate and budgets of a bundle: refused with the limit, whose it is, and when it is free again (DESIGN.md §4 "Limits").
import { expect, test } from 'vitest';
import { BundleUsage } from '../../host/bundle-usage.ts';
import type { LimitRequest } from '../../src/contracts/limits.ts';
import { effectiveLimits } from '../../src/limits.ts';
import { refusal } from './refusal.ts';

const limitsOf = (limits: LimitRequest) =>
  effectiveLimits({ bundle: 'acme/x', kind: 'skill' }, undefined, { bundles: { 'acme/x': limits } });

test('calls a minute', () => {
  const usage = new BundleUsage();
  const limits = limitsOf({ callsPerMinute: 2 });
  const admit = (now: number) => refusal(() => usage.admit(limits, now));
  expect([admit(0), admit(0), admit(0), admit(29_999), admit(30_000)]).toEqual([
    undefined,
    undefined,
    'E_RATE',
    'E_RATE',
    undefined,
  ]);
  expect(() => usage.admit(limits, 30_000)).toThrow(
    expect.objectContaining({
      item: 'callsPerMinute',
      expected: expect.stringContaining('host.bundles of acme/x'),
      actual: 'free again in 30000 ms',
      fix: expect.stringContaining('Raise host.bundles["acme/x"].callsPerMinute'),
    }),
  );
});

test('effects a minute', () => {
  const usage = new BundleUsage();
  const limits = limitsOf({ effectsPerMinute: 1 });
  expect(usage.effect(limits, 0)).toBe(undefined);
  expect(usage.effect(limits, 0)).toMatchObject({ code: 'E_RATE', item: 'effectsPerMinute' });
  expect(usage.effect(limits, 60_000)).toBe(undefined);
});

test('processor time a minute: counted when used, refused with the next call', () => {
  const usage = new BundleUsage();
  const limits = limitsOf({ cpuMsPerMinute: 100 });
  usage.admit(limits, 0);
  usage.cpu(150, limits, 0);
  expect(refusal(() => usage.admit(limits, 29_000))).toBe('E_RATE');
  expect(refusal(() => usage.admit(limits, 30_000))).toBe(undefined);
});

test('without limits, anything', () => {
  const usage = new BundleUsage();
  const limits = limitsOf({});
  usage.cpu(1e9, limits, 0);
  for (let call = 0; call < 1_000; call++) usage.admit(limits, 0);
  expect(usage.effect(limits, 0)).toBe(undefined);
});

// Rates and budgets of a bundle: never more than a minute's worth at once, nor beyond the even flow after it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Usage } from '../../host/usage.ts';

test('a minute’s worth at once, then as it drains', () => {
  const usage = new Usage();
  const take = (now: number) => usage.take(1, 3, now);
  expect([take(0), take(0), take(0), take(0)]).toEqual([true, true, true, false]);
  expect([take(19_999), take(20_000), take(20_000)]).toEqual([false, true, false]);
  expect([take(1e9), take(1e9), take(1e9), take(1e9)]).toEqual([true, true, true, false]);
});

test('says how long until it fits', () => {
  const usage = new Usage();
  expect(usage.waitMs(1, 2, 0)).toBe(0);
  usage.add(3, 2, 0);
  expect(usage.waitMs(0, 2, 0)).toBe(30_000);
  expect(usage.waitMs(1, 2, 0)).toBe(60_000);
  expect(usage.take(1, 2, 59_999)).toBe(false);
  expect(usage.take(1, 2, 60_000)).toBe(true);
});

test('a clock that is set back gives nothing away', () => {
  const usage = new Usage();
  expect(usage.take(2, 2, 100_000)).toBe(true);
  expect(usage.take(1, 2, 0)).toBe(false);
  expect(usage.take(1, 2, 100_001)).toBe(false);
  expect(usage.take(1, 2, 130_000)).toBe(true);
});

test('without a bound everything fits', () => {
  const usage = new Usage();
  usage.add(1e9, Number.POSITIVE_INFINITY, 0);
  expect(usage.take(1e9, Number.POSITIVE_INFINITY, 0)).toBe(true);
  expect(usage.waitMs(1, Number.POSITIVE_INFINITY, 0)).toBe(0);
});

test('in no stretch of time is more taken than a minute’s worth and its share of the stretch', () => {
  const steps = fc.array(fc.record({ after: fc.nat(20_000), amount: fc.integer({ min: 1, max: 5 }) }));
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 40 }), steps, (perMinute, list) => {
      const usage = new Usage();
      const taken: { now: number; amount: number }[] = [];
      let now = 0;
      for (const { after, amount } of list) {
        now += after;
        if (usage.take(amount, perMinute, now)) taken.push({ now, amount });
      }
      for (const [from, first] of taken.entries()) {
        let sum = 0;
        for (const { now: at, amount } of taken.slice(from)) {
          sum += amount;
          expect(sum).toBeLessThanOrEqual(perMinute * (1 + (at - first.now) / 60_000) + 1e-6);
        }
      }
    }),
  );
});

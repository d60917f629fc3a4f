// Budgets of calls that lead to calls: no fan-out spends more than its root has (THREATS.md H13).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Budget } from '../../src/budget.ts';

test('a call spends what it has, and not one effect more', () => {
  const budget = new Budget(2);
  expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
  expect(budget.effectsLeft).toBe(0);
});

test('a refused effect is taken from nobody', () => {
  const root = new Budget(5);
  const nested = new Budget(1, root);
  expect([nested.spend(), nested.spend()]).toEqual([true, false]);
  expect(root.effectsLeft).toBe(4);
});

test('a mutation counts for every call that led to it, and for no other', () => {
  const root = new Budget(9);
  const [one, other] = [new Budget(9, root), new Budget(9, root)];
  one.mutates();
  expect([root.mutations, one.mutations, other.mutations]).toEqual([1, 1, 0]);
});

test('whatever the tree of calls, all of them together spend at most what the root had', () => {
  const tree = fc.array(fc.record({ effects: fc.nat(6), caller: fc.nat() }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.nat(8), tree, fc.array(fc.nat(), { maxLength: 60 }), (effects, calls, spenders) => {
      const budgets = [new Budget(effects)];
      for (const call of calls) {
        budgets.push(new Budget(call.effects, budgets[call.caller % budgets.length]));
      }
      const spent = spenders.filter((index) => budgets[index % budgets.length]?.spend()).length;
      expect(spent).toBeLessThanOrEqual(effects);
      expect(budgets.every(({ effectsLeft }) => effectsLeft >= 0)).toBe(true);
      expect(budgets[0]?.effectsLeft).toBe(effects - spent);
    }),
  );
});

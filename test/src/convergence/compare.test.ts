import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareSets } from '../../../src/convergence/compare.ts';

test('missing is declared and not observed, extra the other way round', () => {
  expect(compareSets(['a', 'b', 'a'], ['b', 'c', 'c'])).toEqual({ missing: ['a'], extra: ['c'] });
  expect(compareSets(['constructor', '__proto__'], [])).toEqual({
    missing: ['constructor', '__proto__'],
    extra: [],
  });
});

test('missing and extra, taken away and added, turn observed into declared', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (declared, observed) => {
      const { missing, extra } = compareSets(declared, observed);
      const repaired = new Set([...observed.filter((id) => !extra.includes(id)), ...missing]);
      expect([...repaired].sort()).toEqual([...new Set(declared)].sort());
    }),
  );
});

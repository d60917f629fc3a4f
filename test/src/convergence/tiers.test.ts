import { expect, test } from 'vitest';
import { DriftAction } from '../../../src/contracts/convergence.ts';
import { TIERS, tierOf } from '../../../src/convergence/tiers.ts';

// action | applies | blocks
test.each([
  ['alert_only', false, false],
  ['alert_only_permanent', false, false],
  ['machine_sync', true, false],
  ['block_until_human', false, true],
])('%s: applies %s, blocks %s', (action, applies, blocks) => {
  expect(tierOf(action)).toMatchObject({ applies, blocks });
});

test('the table has the four tiers and no other', () => {
  expect(Object.keys(TIERS)).toEqual(DriftAction.options);
  for (const name of ['', 'sync', 'constructor', '__proto__']) expect(tierOf(name)).toBeUndefined();
});

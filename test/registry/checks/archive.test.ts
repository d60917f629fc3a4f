// Checks `limits`, `archive`, `files`: THREATS.md 1, 34. The archive reader's own refusals are tested beside it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type Delivered, deliver, outcomeOf, verdictOf, type World } from '../fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

test('row 1: a flipped bit anywhere in the archive is refused', () => {
  const { archive, proof } = deliver(world);
  for (let bit = 0; bit < archive.length * 8; bit += 397) {
    const changed = Uint8Array.from(archive);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const verdict = verdictOf(world, { archive: changed, proof });
    expect(verdict.ok).toBe(false);
    expect(verdict.checks.find(({ state }) => state === 'fail')?.name).toMatch(/^(archive|files|envelope)$/);
  }
  expect(outcomeOf(world, { archive, proof })).toBe('ok');
});

test.each<[string, (d: Delivered) => void, string]>([
  [
    'a later proof format',
    (d) => {
      d.proof.type = 'proof/2' as 'proof/1';
    },
    'limits E_FORMAT_VERSION',
  ],
  [
    'an older proof format',
    (d) => {
      d.proof.type = 'proof/0' as 'proof/1';
    },
    'limits E_FORMAT_VERSION',
  ],
  [
    'a field that this version does not know',
    (d) => {
      Object.assign(d.proof, { witness: [] });
    },
    'limits E_FORMAT',
  ],
  [
    'no signatures',
    (d) => {
      d.proof.release.envelope.signatures = [];
    },
    'limits E_FORMAT',
  ],
  [
    'no namespace document',
    (d) => {
      d.proof.namespace = [];
    },
    'limits E_FORMAT',
  ],
  [
    'no root',
    (d) => {
      d.proof.root = [];
    },
    'limits E_FORMAT',
  ],
])('row 34: %s', (_, change, expected) => {
  const delivered = deliver(world);
  change(delivered);
  expect(outcomeOf(world, delivered)).toBe(expected);
});

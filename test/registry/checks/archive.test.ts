// Checks `limits`, `archive`, `files`: THREATS.md 1, 34. The archive reader's own refusals are tested beside it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  archiveOf,
  createWorld,
  type Delivered,
  deliver,
  forge,
  manifestOf,
  outcomeOf,
  verdictOf,
  type World,
} from '../fixture.ts';

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

const NO_CODE = { provides: [], capabilities: [], main: undefined } as never;

test.each([
  ['the manifest names and the archive lacks', NO_CODE, {}, 'no such file'],
  ['the archive has and no manifest names', {}, NO_CODE, 'the file'],
])('a script that %s is refused, though it is signed and logged so', (_, files, signet, actual) => {
  world.close();
  world = createWorld();
  const plugin = { 'plugin.json': JSON.stringify(manifestOf({ signet })) };
  forge(world, archiveOf({ signet: files, files: plugin }), manifestOf({ signet }));
  const delivered = deliver(world);
  expect(outcomeOf(world, delivered)).toBe('files E_MANIFEST');
  const failed = verdictOf(world, delivered).checks.find(({ state }) => state === 'fail');
  expect(failed).toMatchObject({ item: 'dev.signet/main.js', actual });
});

test('a bundle with its script, and one without code, pass', () => {
  expect(outcomeOf(world, deliver(world))).toBe('ok');
  world.close();
  world = createWorld();
  forge(world, archiveOf({ signet: NO_CODE }), manifestOf({ signet: NO_CODE }));
  expect(outcomeOf(world, deliver(world))).toBe('ok');
});

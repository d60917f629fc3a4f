// Whole releases through every check, in order (DESIGN.md §3 "Verification"; THREATS.md 1). Each check's own refusals are in checks/.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { verifyRelease } from '../../registry/verify.ts';
import {
  createWorld,
  type Delivered,
  deliver,
  flip,
  flipNote,
  outcomeOf,
  verdictOf,
  type World,
} from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

test('passes every check, in the one order, for installing and for loading', () => {
  const delivered = deliver(world);
  const verdict = verdictOf(world, delivered);
  expect(verdict).toMatchObject({ ok: true, code: null, name: 'local/hello', version: '1.0.0' });
  expect(verdict.checks.map(({ name, state }) => `${name} ${state}`)).toEqual(
    [
      'limits',
      'archive',
      'files',
      'envelope',
      'namespace',
      'log',
      'status',
      'provenance',
      'host',
      'requires',
      'kinds',
    ]
      .map((name) => `${name} pass`)
      .concat('policy skip'),
  );
  expect(verdict.asks).toEqual(['log', 'kv (read and write)']);
  expect(outcomeOf(world, delivered, { purpose: 'load' })).toBe('ok');
});

test('verification is pure: same bytes, trust and time, same verdict, and nothing is changed', () => {
  const delivered = deliver(world);
  const before = Buffer.from(delivered.archive);
  expect(verdictOf(world, delivered)).toEqual(verdictOf(world, delivered));
  expect(Buffer.from(delivered.archive).equals(before)).toBe(true);
});

test('after a failure nothing that follows passes: it is not_run', () => {
  const delivered = deliver(world);
  delivered.proof.provenance = null;
  const verdict = verdictOf(world, delivered, {});
  const states = verdict.checks.map(({ state }) => state);
  expect(states).toEqual([...Array(5).fill('pass'), 'fail', ...Array(6).fill('not_run')]);
  expect(verdict.ok).toBe(false);
});

test('row 1: a flipped bit anywhere in the proof is refused, unless only a key id, which is a hint, differs', () => {
  const { archive, proof } = deliver(world);
  const bytes = formatDocument(proof);
  const withoutHints = (text: string): string => text.replace(/"keyid":"[^"]*",/g, '');
  const trust = world.project.trustState('load');
  let refused = 0;
  for (let bit = 0; bit < bytes.length * 8; bit += 61) {
    const changed = Uint8Array.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const verdict = verifyRelease(archive, changed, trust, world.clock.ms);
    if (verdict.ok) {
      const [now, then] = [changed, bytes].map((part) => withoutHints(Buffer.from(part).toString('latin1')));
      expect(now).toBe(then);
    } else {
      refused++;
      expect(verdict.code).not.toBe('E_INTERNAL');
    }
  }
  expect(refused).toBeGreaterThan(500);
});

test.each<[string, (d: Delivered) => void, string]>([
  ['no change', () => {}, 'ok'],
  [
    'release payload',
    (d) => {
      d.proof.release.envelope.payload = flip(d.proof.release.envelope.payload);
    },
    'envelope E_SIGNATURE',
  ],
  [
    'release signature',
    (d) => {
      d.proof.release.envelope.signatures[0]!.sig = flip(d.proof.release.envelope.signatures[0]!.sig);
    },
    'envelope E_SIGNATURE',
  ],
  [
    'root payload',
    (d) => {
      d.proof.root[0]!.payload = flip(d.proof.root[0]!.payload);
    },
    'namespace E_ROOT_UNTRUSTED',
  ],
  [
    'root signature',
    (d) => {
      d.proof.root[0]!.signatures[0]!.sig = flip(d.proof.root[0]!.signatures[0]!.sig);
    },
    'namespace E_SIGNATURE',
  ],
  [
    'namespace signature',
    (d) => {
      const [s] = d.proof.namespace[0]!.envelope.signatures;
      s!.sig = flip(s!.sig);
    },
    'namespace E_SIGNATURE',
  ],
  [
    'checkpoint signature',
    (d) => {
      d.proof.checkpoint = flipNote(d.proof.checkpoint);
    },
    'log E_NOTE_SIGNATURE',
  ],
  [
    'release entry',
    (d) => {
      d.proof.release.inclusion.entry = flip(d.proof.release.inclusion.entry);
    },
    'log E_LOG_PROOF',
  ],
  [
    'release inclusion hash',
    (d) => {
      const { hashes } = d.proof.release.inclusion;
      hashes[0] = flip(hashes[0]!);
    },
    'log E_LOG_PROOF',
  ],
  [
    'namespace inclusion hash',
    (d) => {
      const { hashes } = d.proof.namespace[0]!.inclusion;
      hashes[0] = flip(hashes[0]!);
    },
    'log E_LOG_PROOF',
  ],
  [
    'status payload',
    (d) => {
      d.proof.status.payload = flip(d.proof.status.payload);
    },
    'status E_SIGNATURE',
  ],
  [
    'provenance signature',
    (d) => {
      const [s] = d.proof.provenance!.signatures;
      s!.sig = flip(s!.sig);
    },
    'provenance E_SIGNATURE',
  ],
])('row 1: the code names the part: %s', (_, change, expected) => {
  const delivered = deliver(world);
  change(delivered);
  expect(outcomeOf(world, delivered)).toBe(expected);
});

// Drawing up roots: THREATS.md 2, 4, 7, 15.
import { expect, test } from 'vitest';
import { type KeyPair, verify } from '../../keys/ed25519.ts';
import { readRoot, rootFingerprint, verifyRoot } from '../../keys/root.ts';
import { addSignatures } from '../../registry/ceremony.ts';
import {
  draftRoot,
  finishRoot,
  planOf,
  type RootPlan,
  requireFingerprint,
  rootProgress,
} from '../../registry/ceremony-root.ts';
import type { Envelope } from '../../src/contracts/statement.ts';
import { DAY, key, REGISTRY_KEYS, START } from './fixture.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const [alice, bob, carol, dave] = [key(31), key(32), key(33), key(34)];
const role = (threshold: number, ...pairs: KeyPair[]) => ({
  keys: pairs.map(({ publicKey }) => publicKey),
  threshold,
});
const plan = (
  changes: Partial<RootPlan['roles']> = {},
  version = 1,
  expires = START + 30 * DAY,
): RootPlan => ({
  version,
  expires,
  origin: 'example.com/skills',
  roles: {
    root: role(2, alice, bob, carol),
    registrar: role(1, REGISTRY_KEYS.registrar),
    log: role(1, REGISTRY_KEYS.log),
    status: role(1, REGISTRY_KEYS.status),
    ...changes,
  },
});
const draft = draftRoot(plan());
const signed = (of: Envelope, ...by: KeyPair[]) => addSignatures(of, by);
const first = signed(draft, alice, bob);
const next = (changes: Partial<RootPlan['roles']> = {}, version = 2) => draftRoot(plan(changes, version));

test('two of three make a root, whoever the two are', () => {
  for (const by of [
    [alice, bob],
    [bob, carol],
    [carol, alice],
  ]) {
    const root = finishRoot(signed(draft, ...by), [], START);
    expect(verifyRoot([root], rootFingerprint(draft), START, verify)).toMatchObject({ version: 1 });
  }
});

test.each<[string, () => unknown, string]>([
  ['one of two', () => finishRoot(signed(draft, alice), [], START), 'E_THRESHOLD'],
  ['none', () => finishRoot(draft, [], START), 'E_THRESHOLD'],
  [
    'one key twice',
    () =>
      finishRoot(
        { ...draft, signatures: [...signed(draft, alice).signatures, ...signed(draft, alice).signatures] },
        [],
        START,
      ),
    'E_THRESHOLD',
  ],
  ['strangers', () => finishRoot(signed(draft, dave, key(35)), [], START), 'E_THRESHOLD'],
  ['a root past its expiry', () => finishRoot(signed(draft, alice, bob), [], START + 30 * DAY), 'E_EXPIRED'],
  ['a key twice in a role', () => draftRoot(plan({ root: role(2, alice, alice) })), 'E_ROOT'],
  ['a threshold above the keys', () => draftRoot(plan({ root: role(3, alice, bob) })), 'E_ROOT'],
  ['threshold 0', () => draftRoot(plan({ registrar: role(0, alice) })), 'E_ROOT'],
  ['threshold -1', () => draftRoot(plan({ root: role(-1, alice) })), 'E_ROOT'],
  [
    'a key that is no point',
    () =>
      draftRoot(
        plan({ log: { keys: [Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : 0))], threshold: 1 } }),
      ),
    'E_KEY',
  ],
  ['an origin with a space', () => draftRoot({ ...plan(), origin: 'a b' }), 'E_ROOT'],
])('row 7: %s', (_, attempt, expected) => {
  expect(attempt).toThrow(code(expected));
});

test('a successor needs the thresholds of both roots, and says whose signatures are missing', () => {
  const draft2 = next({ root: role(2, alice, bob, dave) });
  const finish =
    (...by: KeyPair[]) =>
    () =>
      finishRoot(signed(draft2, ...by), [first], START);
  expect(finish(alice, dave)).toThrow(code('E_THRESHOLD'));
  expect(finish(alice, carol)).toThrow(code('E_THRESHOLD'));
  expect(finish(carol, alice, dave)).not.toThrow();
  expect(finish(alice, bob)).not.toThrow();
  const progress = rootProgress(signed(draft2, alice, dave), first);
  expect(progress.map(({ of, threshold, signed: by }) => [of, threshold, by.length])).toEqual([
    ['root v1', 2, 1],
    ['root v2', 2, 2],
  ]);
});

test('row 2: a successor follows directly, and only once', () => {
  expect(() => rootProgress(next({}, 3), first)).toThrow(code('E_ROOT_ROTATION'));
  expect(() => rootProgress(next({}, 1), first)).toThrow(code('E_ROOT_ROTATION'));
});

test('row 4: an expired root may still be succeeded by its own keys', () => {
  const late = START + 400 * DAY;
  const draft2 = draftRoot(plan({}, 2, late + DAY));
  expect(finishRoot(signed(draft2, bob, carol), [first], late)).toBeDefined();
  expect(() => finishRoot(signed(draft2, bob), [first], late)).toThrow(code('E_THRESHOLD'));
});

test('a plan and its document are inverses', () => {
  const full = plan({ witness: role(2, alice, dave) });
  expect(planOf(readRoot(draftRoot(full)))).toEqual(full);
  expect(rootFingerprint(draftRoot(planOf(readRoot(draft))))).toBe(rootFingerprint(draft));
});

test('what is not the document that was agreed on is refused', () => {
  expect(() => requireFingerprint(draft, rootFingerprint(next()))).toThrow(code('E_ROOT_UNTRUSTED'));
  expect(() => requireFingerprint(draft, rootFingerprint(draft))).not.toThrow();
  expect(() => requireFingerprint(draft, undefined)).not.toThrow();
});

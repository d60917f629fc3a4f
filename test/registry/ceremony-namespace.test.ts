// Requesting, granting and rotating namespaces: THREATS.md 7, 8, 15, 26, 30.
import { expect, test } from 'vitest';
import { fingerprint, type KeyPair, verify } from '../../keys/ed25519.ts';
import { addSignatures } from '../../registry/ceremony.ts';
import {
  draftNamespace,
  isGranted,
  namespaceProgress,
  requireGrantable,
  rotateNamespace,
} from '../../registry/ceremony-namespace.ts';
import { covers, firstNamespace, readNamespace, verifyNamespaceChain } from '../../registry/namespace.ts';
import type { Envelope } from '../../src/contracts/statement.ts';
import { DAY, key, PUBLISHER, REGISTRY_KEYS, START, STRANGER } from './fixture.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const { registrar } = REGISTRY_KEYS;
const REGISTRAR = { keys: [registrar.publicKey], threshold: 1 };
const NONE: ReadonlySet<string> = new Set();
const request = draftNamespace(firstNamespace('acme', [PUBLISHER.publicKey], 1, START + DAY));
const by = (draft: Envelope, ...keys: KeyPair[]) => addSignatures(draft, keys);
const granted = by(request, PUBLISHER, registrar);
const v1 = readNamespace(granted);
const NEXT = key(7);
const rotation = (changes: Partial<Parameters<typeof rotateNamespace>[1]> = {}) =>
  rotateNamespace(v1, {
    add: [NEXT.publicKey],
    end: [fingerprint(PUBLISHER.publicKey)],
    expires: START + DAY,
    recovery: false,
    size: 9,
    ...changes,
  });
const chain =
  (...drafts: Envelope[]) =>
  () =>
    verifyNamespaceChain([granted, ...drafts].map(readNamespace), {
      namespace: 'acme',
      registrar: REGISTRAR,
      now: START,
      recoveries: NONE,
      verify,
    }).latest;

test('a request is granted once those who ask have shown that they hold its keys', () => {
  expect(() => requireGrantable(request, undefined, NONE, START)).toThrow(code('E_THRESHOLD'));
  expect(() => requireGrantable(by(request, STRANGER), undefined, NONE, START)).toThrow(code('E_THRESHOLD'));
  expect(requireGrantable(by(request, PUBLISHER), undefined, NONE, START).document.namespace).toBe('acme');
  expect(isGranted(by(request, PUBLISHER), REGISTRAR)).toBe(false);
  expect(isGranted(granted, REGISTRAR)).toBe(true);
});

test('a rotation is signed by the old keys and the new ones; what was released before stays good', () => {
  const draft = by(rotation(), PUBLISHER, NEXT);
  expect(() => requireGrantable(draft, v1, NONE, START)).not.toThrow();
  const v2 = chain(by(draft, registrar))();
  expect([8, 9].map((index) => covers(v2, PUBLISHER.publicKey, index))).toEqual([true, false]);
  expect([8, 9].map((index) => covers(v2, NEXT.publicKey, index))).toEqual([false, true]);
});

test.each<[string, () => unknown, string]>([
  ['only the new key signed', () => requireGrantable(by(rotation(), NEXT), v1, NONE, START), 'E_THRESHOLD'],
  [
    'only the old key signed',
    () => requireGrantable(by(rotation(), PUBLISHER), v1, NONE, START),
    'E_THRESHOLD',
  ],
  [
    'the old key was revoked',
    () =>
      requireGrantable(
        by(rotation(), PUBLISHER, NEXT),
        v1,
        new Set([fingerprint(PUBLISHER.publicKey)]),
        START,
      ),
    'E_THRESHOLD',
  ],
  [
    'it has expired',
    () => requireGrantable(by(rotation(), PUBLISHER, NEXT), v1, NONE, START + DAY),
    'E_EXPIRED',
  ],
  ['it is not the next version', () => namespaceProgress(rotation(), undefined), 'E_NAMESPACE'],
  [
    'it follows another namespace',
    () =>
      namespaceProgress(
        rotation(),
        readNamespace(draftNamespace(firstNamespace('other', [PUBLISHER.publicKey], 1, START))),
      ),
    'E_NAMESPACE',
  ],
  ['too few keys would be left', () => rotation({ add: [] }), 'E_NAMESPACE'],
  ['the threshold would be above the keys', () => rotation({ threshold: 2 }), 'E_NAMESPACE'],
  [
    'a key is to end that it does not have',
    () => rotation({ end: [fingerprint(STRANGER.publicKey)] }),
    'E_NOT_FOUND',
  ],
  ['a key is added that is there', () => rotation({ add: [PUBLISHER.publicKey], end: [] }), 'E_NAMESPACE'],
])('row 30: refused where %s', (_, attempt, expected) => {
  expect(attempt).toThrow(code(expected));
});

test('row 30: a key whose range ended signs no successor, not even with the registrar', () => {
  const v2 = by(rotation(), PUBLISHER, NEXT, registrar);
  const after = rotateNamespace(readNamespace(v2), {
    add: [STRANGER.publicKey],
    end: [],
    expires: START + DAY,
    recovery: false,
    size: 12,
  });
  const stolen = by(after, PUBLISHER, STRANGER, registrar);
  expect(() => requireGrantable(stolen, readNamespace(v2), NONE, START)).toThrow(code('E_THRESHOLD'));
  expect(chain(v2, stolen)).toThrow(code('E_NAMESPACE_RECOVERY'));
  expect(chain(v2, by(after, NEXT, STRANGER, registrar))).not.toThrow();
});

test('row 30: a recovery needs no old key, and no client takes it before it is confirmed', () => {
  const draft = by(rotation({ recovery: true }), NEXT);
  expect(() => requireGrantable(draft, v1, NONE, START)).not.toThrow();
  expect(chain(by(draft, registrar))).toThrow(code('E_NAMESPACE_RECOVERY'));
});

test('row 15: a key that is no point of the curve is not asked for', () => {
  const off = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : 0));
  expect(() => draftNamespace(firstNamespace('acme', [off], 1, START))).toThrow(code('E_KEY'));
});

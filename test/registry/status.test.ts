// The status document by itself: THREATS.md 5, 7, 10, 27, 31. Through a whole release: checks/status.test.ts.
import { describe, expect, test } from 'vitest';
import { verify } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import type { SignedHead } from '../../registry/log.ts';
import { freshMemory } from '../../registry/memory.ts';
import type { NamespaceVersion } from '../../registry/namespace.ts';
import {
  checkFreshness,
  checkNewest,
  checkNewestDocument,
  checkNothingForgotten,
  describeAge,
  signStatus,
  verifyStatus,
} from '../../registry/status.ts';
import { STATUS_PAYLOAD, StatusDocument } from '../../src/contracts/statement.ts';
import { DAY, REGISTRY_KEYS, START, STRANGER } from './fixture.ts';

const head: SignedHead = {
  origin: 'signet.local/test',
  size: 9,
  root: `sha256:${'a'.repeat(64)}`,
  hash: new Uint8Array(32),
  note: '',
};
const none = { digests: [], keys: [] };
const stated = { rootVersion: 1, namespaces: [], revoked: none };
const role = { keys: [REGISTRY_KEYS.status.publicKey], threshold: 1 };
const code = (value: string) => expect.objectContaining({ code: value });
const D = `sha256:${'d'.repeat(64)}`;
const K = `SHA256:${'e'.repeat(64)}`;

test('a status that was signed verifies, and says what it was given', () => {
  const status = verifyStatus(signStatus(head, stated, REGISTRY_KEYS.status, START), role, head, verify);
  expect(status).toMatchObject({ size: 9, issued: '2026-01-01T00:00:00Z', expires: '2026-01-08T00:00:00Z' });
});

test.each<[string, object]>([
  ['origin', { origin: 'signet.local/other' }],
  ['size', { size: 8 }],
  ['root', { root: `sha256:${'b'.repeat(64)}` }],
])('row 5: another %s than the checkpoint has', (field, change) => {
  const envelope = signStatus(head, stated, REGISTRY_KEYS.status, START);
  expect(() => verifyStatus(envelope, role, { ...head, ...change }, verify)).toThrow(
    expect.objectContaining({ code: 'E_STATUS_MISMATCH', message: expect.stringContaining(field) }),
  );
});

test('rows 8, 10: signed by another role, or as something else, or of a later format', () => {
  expect(() => verifyStatus(signStatus(head, stated, STRANGER, START), role, head, verify)).toThrow(
    code('E_SIGNER'),
  );
  const payload = Buffer.from(signStatus(head, stated, REGISTRY_KEYS.status, START).payload, 'base64');
  const other = signEnvelope('application/json', payload, [REGISTRY_KEYS.status]);
  expect(() => verifyStatus(other, role, head, verify)).toThrow(code('E_PAYLOAD_TYPE'));
  const later = Buffer.from(payload.toString().replace('status/1', 'status/2'));
  const envelope = signEnvelope(STATUS_PAYLOAD, later, [REGISTRY_KEYS.status]);
  expect(() => verifyStatus(envelope, role, head, verify)).toThrow(code('E_FORMAT_VERSION'));
});

const status = (changes: Partial<StatusDocument> = {}): StatusDocument => ({
  type: 'status/1',
  origin: head.origin,
  rootVersion: 1,
  namespaces: [],
  size: 9,
  root: head.root,
  issued: '2026-01-01T00:00:00Z',
  expires: '2026-01-08T00:00:00Z',
  revoked: none,
  ...changes,
});

test.each([
  ['install', 0, 'ok'],
  ['install', 6.9, 'ok'],
  ['install', 7, 'stale'],
  ['load', 6.9, 'ok'],
  ['load', 7, 'warns'],
  ['load', 30, 'warns'],
  ['load', 30.1, 'stale'],
] as const)('row 31: %s with a status of %d days: %s', (purpose, days, expected) => {
  const freshness = { installDays: 7, loadDays: 30 };
  const check = () => checkFreshness(status(), null, purpose, freshness, START + days * DAY);
  if (expected === 'stale') expect(check).toThrow(code('E_STATUS_STALE'));
  else expect(check() === undefined).toBe(expected === 'ok');
});

test('a newer status that was seen counts for loading, never for installing', () => {
  const freshness = { installDays: 7, loadDays: 30 };
  const seen = { issued: '2026-02-01T00:00:00Z', expires: '2026-02-08T00:00:00Z', size: 12 };
  const now = START + 35 * DAY;
  expect(checkFreshness(status(), seen, 'load', freshness, now)).toBeUndefined();
  expect(() => checkFreshness(status(), null, 'load', freshness, now)).toThrow(code('E_STATUS_STALE'));
  expect(() => checkFreshness(status(), seen, 'install', freshness, now)).toThrow(code('E_STATUS_STALE'));
});

const key = (fromIndex: number, index = 3) => ({ key: K, fromIndex, reason: '', index });
const digest = (index: number) => ({ digest: D, reason: '', index });
const FORGOTTEN: [string, StatusDocument['revoked'], StatusDocument['revoked'], boolean][] = [
  ['nothing was seen', none, none, true],
  [
    'everything seen is there',
    { digests: [digest(3)], keys: [key(1)] },
    { digests: [digest(3)], keys: [key(1)] },
    true,
  ],
  ['a digest is gone', none, { digests: [digest(3)], keys: [] }, false],
  ['a digest was revoked at the status’s own size or later', none, { digests: [digest(9)], keys: [] }, true],
  ['a key is gone', none, { digests: [], keys: [key(1)] }, false],
  ['a key reaches further back now', { digests: [], keys: [key(0)] }, { digests: [], keys: [key(1)] }, true],
  ['a key reaches less far back', { digests: [], keys: [key(2)] }, { digests: [], keys: [key(1)] }, false],
  [
    'a key is there twice, the wider first',
    { digests: [], keys: [key(0), key(5)] },
    { digests: [], keys: [key(1)] },
    true,
  ],
];
test.each(FORGOTTEN)('row 27: %s', (_, revoked, seen, passes) => {
  const check = () => checkNothingForgotten(status({ revoked }), seen);
  if (passes) expect(check).not.toThrow();
  else expect(check).toThrow(code('E_STATUS_OMITS'));
});

test('ages for people', () => {
  expect([0, -5, 3_600_000 * 47, DAY * 2, DAY * 29.9].map(describeAge)).toEqual([
    '0 h',
    '0 h',
    '47 h',
    '2 days',
    '29 days',
  ]);
});

describe('what is newest', () => {
  const one = { namespace: 'acme', version: 2, document: D };
  const latest = (version: number, digest: string): NamespaceVersion =>
    ({ document: { namespace: 'acme', version }, digest }) as NamespaceVersion;
  const other = `sha256:${'f'.repeat(64)}`;

  test.each<[string, string | null, number, string]>([
    ['the newest document', null, 2, D],
    ['an older one', 'E_ROLLBACK', 1, other],
    ['a newer one', 'E_STATUS_MISMATCH', 3, other],
    ['another one of its version', 'E_STATUS_MISMATCH', 2, other],
  ])('a chain that ends in %s: %s', (_what, expected, version, digest) => {
    const check = () => checkNewestDocument(status({ namespaces: [one] }), latest(version, digest));
    if (expected === null) expect(check).not.toThrow();
    else expect(check).toThrow(code(expected));
  });

  test('a namespace of which the status knows nothing', () => {
    expect(() => checkNewestDocument(status(), latest(2, D))).toThrow(code('E_STATUS_MISMATCH'));
  });

  test('a root older than the status knows is refused; the newest, and one that is being put in force, are not', () => {
    const pin = freshMemory(K, false);
    expect(() => checkNewest(status({ rootVersion: 2 }), { version: 1 }, pin)).toThrow(code('E_ROLLBACK'));
    expect(() => checkNewest(status({ rootVersion: 2 }), { version: 2 }, pin)).not.toThrow();
    expect(() => checkNewest(status({ rootVersion: 2 }), { version: 3 }, pin)).not.toThrow();
  });

  test.each<[string, string | null, number, StatusDocument['namespaces']]>([
    ['the same', null, 9, [one]],
    ['a newer document', null, 9, [{ ...one, version: 3, document: other }]],
    ['nothing', 'E_STATUS_OMITS', 9, []],
    ['an older document', 'E_STATUS_OMITS', 9, [{ ...one, version: 1 }]],
    ['another document of its version', 'E_STATUS_OMITS', 9, [{ ...one, document: other }]],
    ['nothing, in a smaller log', null, 8, []],
  ])('after a status of size 9 had acme v2, one that has %s: %s', (_what, expected, size, namespaces) => {
    const memory = freshMemory(K, false);
    for (const pin of [
      { ...memory, stated: { size: 9, namespaces: [one] } },
      { ...memory, namespaces: [one], checkpoint: { origin: 'o', size: 9, root: D, note: '' } },
    ]) {
      const check = () => checkNewest(status({ size, namespaces }), { version: 1 }, pin);
      if (expected === null) expect(check).not.toThrow();
      else expect(check).toThrow(code(expected));
    }
  });

  test.each<[string, StatusDocument['namespaces']]>([
    ['twice', [one, one]],
    ['out of order', [one, { ...one, namespace: 'abc' }]],
    [
      'too many',
      Array.from({ length: 10_001 }, (_, i) => ({ ...one, namespace: `n${String(i).padStart(5, '0')}` })),
    ],
  ])('a list with namespaces %s is no status', (_what, namespaces) => {
    expect(StatusDocument.safeParse(status({ namespaces })).success).toBe(false);
    expect(StatusDocument.safeParse(status({ namespaces: namespaces.slice(0, 1) })).success).toBe(true);
  });
});

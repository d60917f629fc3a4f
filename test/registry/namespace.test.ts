// Namespace documents by themselves: THREATS.md 7, 8, 15, 26, 29, 30. Through a whole release: checks/namespace.test.ts.
import { expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { formatPublicKey, type KeyPair, verify } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import {
  checkLocalRelease,
  covers,
  firstNamespace,
  readNamespace,
  signNamespace,
  verifyNamespaceChain,
} from '../../registry/namespace.ts';
import { NAMESPACE_PAYLOAD, type NamespaceDocument } from '../../src/contracts/statement.ts';
import { DAY, key, PUBLISHER, REGISTRY_KEYS, START, STRANGER } from './fixture.ts';

const { registrar } = REGISTRY_KEYS;
const code = (value: string) => expect.objectContaining({ code: value });
const first = firstNamespace('acme', [PUBLISHER.publicKey], 1, START + DAY);
const next = (changes: Partial<NamespaceDocument> = {}, by: KeyPair[] = [registrar, PUBLISHER]) =>
  readNamespace(signNamespace({ ...first, version: 2, ...changes }, by));
const chain = (...versions: ReturnType<typeof readNamespace>[]) => [
  readNamespace(signNamespace(first, [registrar])),
  ...versions,
];
const check = (versions: ReturnType<typeof chain>, changes: object = {}) =>
  verifyNamespaceChain(versions, {
    namespace: 'acme',
    registrar: { keys: [registrar.publicKey], threshold: 1 },
    now: START,
    recoveries: new Set<string>(),
    verify,
    ...changes,
  });

test('a chain that the registrar and each time the old keys signed', () => {
  expect(check(chain()).latest.document.version).toBe(1);
  expect(check(chain(next())).latest.document.version).toBe(2);
});

test.each<[string, () => unknown, string]>([
  ['another namespace', () => check(chain(), { namespace: 'other' }), 'E_NAMESPACE'],
  ['a chain that does not begin at 1', () => check([next()]), 'E_NAMESPACE'],
  ['a version that is skipped', () => check(chain(next({ version: 3 }))), 'E_NAMESPACE'],
  [
    'a document of another namespace in the chain',
    () => check(chain(next({ namespace: 'other' }))),
    'E_NAMESPACE',
  ],
  [
    'a document that the publisher signed and the registrar did not',
    () => check(chain(next({}, [PUBLISHER]))),
    'E_SIGNER',
  ],
  [
    'new keys that the old ones did not sign',
    () => check(chain(next({}, [registrar]))),
    'E_NAMESPACE_RECOVERY',
  ],
  [
    'a recovery that no one confirmed',
    () => check(chain(next({ recovery: true }, [registrar]))),
    'E_NAMESPACE_RECOVERY',
  ],
  ['a chain past its expiry', () => check(chain(), { now: START + DAY }), 'E_EXPIRED'],
  [
    'a registrar threshold of two',
    () => check(chain(), { registrar: { keys: [registrar.publicKey, key(9).publicKey], threshold: 2 } }),
    'E_THRESHOLD',
  ],
])('row 30: %s is refused', (_, attempt, expected) => {
  expect(attempt).toThrow(code(expected));
});

test('row 30: a recovery counts once the operator confirmed exactly that document', () => {
  const recovery = next({ recovery: true }, [registrar]);
  const other = next({ recovery: true, threshold: 1, expires: '2026-06-01T00:00:00Z' }, [registrar]);
  expect(() => check(chain(recovery), { recoveries: new Set([other.digest]) })).toThrow(
    code('E_NAMESPACE_RECOVERY'),
  );
  expect(check(chain(recovery), { recoveries: new Set([recovery.digest]) }).latest).toBe(recovery);
});

test('row 30: the mark and the confirmation go together: neither does without the other', () => {
  const marked = next({ recovery: true });
  expect(() => check(chain(marked))).toThrow(code('E_NAMESPACE_RECOVERY'));
  expect(check(chain(marked), { recoveries: new Set([marked.digest]) }).latest).toBe(marked);
  const unmarked = next({}, [registrar]);
  const recoveries = new Set([unmarked.digest]);
  expect(() => check(chain(unmarked), { recoveries })).toThrow(code('E_NAMESPACE_RECOVERY'));
});

test('row 7: the old threshold counts, not one of its keys', () => {
  const two = {
    ...first,
    threshold: 2,
    keys: [PUBLISHER, STRANGER].map(({ publicKey }) => ({ key: formatPublicKey(publicKey), fromIndex: 0 })),
  };
  const start = readNamespace(signNamespace(two, [registrar]));
  expect(() => check([start, next()])).toThrow(code('E_NAMESPACE_RECOVERY'));
  expect(() => check([start, next({}, [registrar, PUBLISHER, STRANGER])])).not.toThrow();
});

const entry = { key: formatPublicKey(PUBLISHER.publicKey), fromIndex: 0 };
test.each<[string, object, string]>([
  ['a key twice', { keys: [entry, { ...entry, fromIndex: 5 }] }, 'E_NAMESPACE'],
  ['a threshold above its keys', { threshold: 2 }, 'E_NAMESPACE'],
  ['threshold 0', { threshold: 0 }, 'E_FORMAT'],
  ['no keys', { keys: [] }, 'E_FORMAT'],
  ['a small-order key', { keys: [{ ...entry, key: formatPublicKey(new Uint8Array(32)) }] }, 'E_KEY'],
  ['an RSA key', { keys: [{ ...entry, key: 'rsa:AAAA' }] }, 'E_FORMAT'],
  ['the name constructor', { namespace: 'constructor' }, 'E_FORMAT'],
  ['a later format', { type: 'namespace/2' }, 'E_FORMAT_VERSION'],
])('rows 7, 15, 36: a document with %s cannot be read, whoever signed it', (_, changes, expected) => {
  const envelope = signEnvelope(NAMESPACE_PAYLOAD, formatDocument({ ...first, ...changes }), [registrar]);
  expect(() => readNamespace(envelope)).toThrow(code(expected));
});

test('row 15: a key that is no point of the curve cannot be granted', () => {
  const off = new Uint8Array(32);
  off[0] = 2;
  const document = firstNamespace('acme', [off], 1, START + DAY);
  expect(() => signNamespace(document, [registrar])).toThrow(code('E_KEY'));
});

test('row 26: a key covers its range, the end excluded', () => {
  const document = { ...first, keys: [{ ...entry, fromIndex: 5, untilIndex: 8 }] };
  const version = readNamespace(signNamespace(document, [registrar]));
  const covered = [4, 5, 7, 8].map((index) => covers(version, PUBLISHER.publicKey, index));
  expect(covered).toEqual([false, true, true, false]);
  expect(covers(version, STRANGER.publicKey, 6)).toBe(false);
});

test('row 29: what a local root may release', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const pinned = {
    type: 'first-party/1' as const,
    bundles: [{ name: 'signet/shell', version: '1.0.0', digest }],
  };
  const release =
    (name: string, version = '1.0.0', of = digest) =>
    () =>
      checkLocalRelease(name, version, of, pinned);
  expect(release('local/anything')).not.toThrow();
  expect(release('signet/shell')).not.toThrow();
  expect(release('signet/shell', '1.0.1')).toThrow(code('E_FIRST_PARTY'));
  expect(release('signet/lines')).toThrow(code('E_FIRST_PARTY'));
  expect(release('signet/shell', '1.0.0', `sha256:${'b'.repeat(64)}`)).toThrow(code('E_FIRST_PARTY'));
  expect(release('acme/shell')).toThrow(code('E_LOCAL_ROOT'));
  expect(release('localhost/shell')).toThrow(code('E_LOCAL_ROOT'));
});

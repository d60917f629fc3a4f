// THREATS.md 2, 4, 7, 29: roots, chains of roots, and what must not count as one.
import { expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import {
  fingerprint,
  formatPublicKey,
  type KeyPair,
  keyPairFromSeed,
  verifyBoth,
} from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { createRoot, rootFingerprint, verifyRoot } from '../../keys/root.ts';
import { type Envelope, ROOT_PAYLOAD, type RootDocument } from '../../src/contracts/statement.ts';

const key = (byte: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(byte));
const [root, registrar, log, status, second, third] = [1, 2, 3, 4, 5, 6].map(key) as [
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
];
const NOW = Date.UTC(2026, 0, 1);
const code = (value: string) => expect.objectContaining({ code: value });

interface Change {
  version?: number;
  expires?: string;
  rootKeys?: KeyPair[];
  threshold?: number;
  keys?: string[];
  roles?: Partial<RootDocument['roles']>;
}

function documentOf(change: Change = {}): RootDocument {
  const { version = 1, expires = '2030-01-01T00:00:00Z', rootKeys = [root], threshold = 1 } = change;
  const one = (pair: KeyPair) => ({ keys: [fingerprint(pair.publicKey)], threshold: 1 });
  return {
    type: 'root/1',
    version,
    expires,
    keys: change.keys ?? [...rootKeys, registrar, log, status].map((pair) => formatPublicKey(pair.publicKey)),
    roles: {
      root: { keys: rootKeys.map((pair) => fingerprint(pair.publicKey)), threshold },
      registrar: one(registrar),
      log: { ...one(log), origin: 'signet.local/test' },
      status: one(status),
      ...change.roles,
    },
  };
}
const signed = (document: object, ...by: KeyPair[]): Envelope =>
  signEnvelope(ROOT_PAYLOAD, formatDocument(document), by);
const first = signed(documentOf(), root);
const pin = rootFingerprint(first);

test('a root that this machine makes verifies under its fingerprint, through both verifiers', () => {
  const envelope = createRoot({
    root,
    registrar: registrar.publicKey,
    log: log.publicKey,
    status: status.publicKey,
    origin: 'signet.local/test',
    expires: Date.UTC(2030, 0, 1),
  });
  const verified = verifyRoot([envelope], rootFingerprint(envelope), NOW, verifyBoth);
  expect(verified).toMatchObject({ version: 1, log: { origin: 'signet.local/test', threshold: 1 } });
  expect(verified.registrar.keys).toEqual([registrar.publicKey]);
  expect(verified.fingerprint).toBe(rootFingerprint(envelope));
});

test('the fingerprint is of the signed bytes, not of the signatures', () => {
  const unsigned: Envelope = { ...first, signatures: [{ sig: 'AAAA' }] };
  expect(rootFingerprint(unsigned)).toBe(pin);
  expect(pin).toMatch(/^SHA256:[0-9a-f]{64}$/);
});

test('row 29: a chain without the pinned root is refused, whoever signed it', () => {
  const own = signed(documentOf({ rootKeys: [second] }), second);
  expect(() => verifyRoot([own], pin, NOW)).toThrow(code('E_ROOT_UNTRUSTED'));
  expect(() => verifyRoot([], pin, NOW)).toThrow(code('E_ROOT_UNTRUSTED'));
});

test('a pinned root that its own keys did not sign, or whose signature was changed, is refused', () => {
  expect(() => verifyRoot([signed(documentOf(), second)], pin, NOW)).toThrow(code('E_SIGNER'));
  const signatures = [{ ...first.signatures[0]!, sig: signed(documentOf(), second).signatures[0]!.sig }];
  expect(() => verifyRoot([{ ...first, signatures }], pin, NOW)).toThrow(code('E_SIGNATURE'));
});

test('row 4: a root past its expiry is refused at that very second', () => {
  const expiry = Date.parse('2030-01-01T00:00:00Z');
  expect(() => verifyRoot([first], pin, expiry)).toThrow(code('E_EXPIRED'));
  expect(() => verifyRoot([first], pin, expiry - 1)).not.toThrow();
});

const twice = [formatPublicKey(root.publicKey), ...documentOf().keys];
const id = fingerprint(root.publicKey);
const REFUSED: [string, RootDocument, string][] = [
  ['a key listed twice', documentOf({ keys: twice }), 'E_ROOT'],
  ['a role with one key twice', documentOf({ roles: { root: { keys: [id, id], threshold: 2 } } }), 'E_ROOT'],
  [
    'a role with an unknown key',
    documentOf({ roles: { status: { keys: [fingerprint(third.publicKey)], threshold: 1 } } }),
    'E_ROOT',
  ],
  ['a threshold above the keys', documentOf({ threshold: 2 }), 'E_ROOT'],
  ['threshold 0', documentOf({ threshold: 0 }), 'E_FORMAT'],
  ['threshold -1', documentOf({ threshold: -1 }), 'E_FORMAT'],
  ['version 0', documentOf({ version: 0 }), 'E_FORMAT'],
  ['a later format', { ...documentOf(), type: 'root/2' as 'root/1' }, 'E_FORMAT_VERSION'],
  [
    'a small-order key',
    documentOf({ keys: [...documentOf().keys, formatPublicKey(new Uint8Array(32))] }),
    'E_KEY',
  ],
];
test.each(REFUSED)('row 7: %s is refused even where the operator pinned it', (_, document, expected) => {
  const envelope = signed(document, root);
  expect(() => verifyRoot([envelope], rootFingerprint(envelope), NOW)).toThrow(code(expected));
});

test('row 7: one of two required signatures, or one key twice, does not make a threshold', () => {
  const document = documentOf({ rootKeys: [root, second], threshold: 2 });
  const valid = signed(document, root, second);
  expect(() => verifyRoot([valid], rootFingerprint(valid), NOW)).not.toThrow();
  const one = signed(document, root);
  expect(() => verifyRoot([one], rootFingerprint(one), NOW)).toThrow(code('E_THRESHOLD'));
  const same = signed(document, root, root);
  expect(() => verifyRoot([same], rootFingerprint(same), NOW)).toThrow(code('E_THRESHOLD'));
});

test('version N+1 counts with the thresholds of N and of N+1', () => {
  const next = documentOf({ version: 2, rootKeys: [second] });
  const last = documentOf({ version: 3, rootKeys: [third] });
  const chain = [first, signed(next, root, second), signed(last, second, third)];
  expect(verifyRoot(chain, pin, NOW).version).toBe(3);
  // A later link may be pinned: what stands before it is not looked at.
  expect(
    verifyRoot(
      [signed(documentOf({ version: 1 }), third), ...chain.slice(1)],
      rootFingerprint(chain[1]!),
      NOW,
    ).version,
  ).toBe(3);
});

test.each<[string, Envelope[]]>([
  ['only the new keys signed', [first, signed(documentOf({ version: 2, rootKeys: [second] }), second)]],
  ['the version repeats', [first, signed(documentOf({ version: 1, rootKeys: [second] }), root, second)]],
  ['a version is skipped', [first, signed(documentOf({ version: 3 }), root)]],
  ['the version goes to 2^53 - 1', [first, signed(documentOf({ version: Number.MAX_SAFE_INTEGER }), root)]],
])('a successor is refused where %s', (_, chain) => {
  expect(() => verifyRoot(chain, pin, NOW)).toThrow(code('E_ROOT_ROTATION'));
});

test('a successor that its own new keys did not sign is refused', () => {
  const chain = [first, signed(documentOf({ version: 2, rootKeys: [second] }), root)];
  expect(() => verifyRoot(chain, pin, NOW)).toThrow(code('E_SIGNER'));
});

test('an expired root may be replaced by a successor; its expiry alone is judged', () => {
  const old = signed(documentOf({ expires: '2025-01-01T00:00:00Z' }), root);
  const chain = [old, signed(documentOf({ version: 2 }), root)];
  expect(verifyRoot(chain, rootFingerprint(old), NOW).version).toBe(2);
  expect(() => verifyRoot([old], rootFingerprint(old), NOW)).toThrow(code('E_EXPIRED'));
});

test('a key that is no point of the curve cannot be put into a new root', () => {
  const bad = new Uint8Array(32).fill(0);
  bad[0] = 2;
  const make = (key: Uint8Array) =>
    createRoot({
      root,
      registrar: key,
      log: log.publicKey,
      status: status.publicKey,
      origin: 'x',
      expires: NOW,
    });
  expect(() => make(bad)).toThrow(code('E_KEY'));
  expect(() => make(registrar.publicKey)).not.toThrow();
});

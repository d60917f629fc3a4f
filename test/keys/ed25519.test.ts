// THREATS.md 14-16; every Wycheproof vector through both verifiers.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import {
  checkPublicKey,
  fingerprint,
  formatPublicKey,
  generateKeyPair,
  isCanonicalSignature,
  keyPairFromSeed,
  parsePublicKey,
  sign,
  verify,
  verifyBoth,
} from '../../keys/ed25519.ts';

const VECTORS = new URL('../../../shared/vectors/wycheproof-ed25519.json', import.meta.url);
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const pair = keyPairFromSeed(new Uint8Array(32).fill(7));
const message = Buffer.from('signet');
const signature = sign(pair.secretKey, message);
const P = (1n << 255n) - 19n;
const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const little = (n: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(n.toString(16).padStart(64, '0'), 'hex')).reverse();

describe.skipIf(!existsSync(VECTORS))('Wycheproof (skipped where ../shared/vectors is absent)', () => {
  interface Group {
    publicKey: { pk: string };
    tests: { tcId: number; msg: string; sig: string; result: 'valid' | 'invalid' }[];
  }
  const groups = existsSync(VECTORS)
    ? (JSON.parse(readFileSync(VECTORS, 'utf8')) as { testGroups: Group[] }).testGroups
    : [];
  test('151 of 151 come out as marked through both verifiers', () => {
    const wrong: number[] = [];
    let count = 0;
    for (const group of groups) {
      for (const vector of group.tests) {
        count++;
        const input = [hex(group.publicKey.pk), hex(vector.msg), hex(vector.sig)] as const;
        const expected = vector.result === 'valid';
        if (verify(...input) !== expected || verifyBoth(...input) !== expected) wrong.push(vector.tcId);
      }
    }
    expect({ count, wrong }).toEqual({ count: 151, wrong: [] });
  });
});

test('a signature verifies by both verifiers, and not for another message or key', () => {
  for (const check of [verify, verifyBoth]) {
    expect(check(pair.publicKey, message, signature)).toBe(true);
    expect(check(pair.publicKey, Buffer.from('signer'), signature)).toBe(false);
    expect(check(generateKeyPair().publicKey, message, signature)).toBe(false);
  }
});

test.each([1n, 2n, 4n, 8n])('the malleable signature S + %dL is refused by both verifiers', (factor) => {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + factor * L;
  expect(s < 1n << 256n).toBe(true);
  const malleable = Uint8Array.from([...signature.subarray(0, 32), ...little(s)]);
  expect(verify(pair.publicKey, message, malleable)).toBe(false);
  expect(verifyBoth(pair.publicKey, message, malleable)).toBe(false);
  // By the guard itself, whatever the libraries behind it do.
  expect(isCanonicalSignature(malleable)).toBe(false);
});

test('the guard of signatures: S from 0 to L - 1, R reduced, 64 bytes', () => {
  const signatureOf = (r: bigint, s: bigint) => Uint8Array.from([...little(r), ...little(s)]);
  expect([0n, 1n, L - 1n].map((s) => isCanonicalSignature(signatureOf(1n, s)))).toEqual([true, true, true]);
  expect([L, L + 1n, (1n << 256n) - 1n].map((s) => isCanonicalSignature(signatureOf(1n, s)))).toEqual([
    false,
    false,
    false,
  ]);
  expect([P - 1n, P, P + 1n, P + (1n << 255n)].map((r) => isCanonicalSignature(signatureOf(r, 0n)))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(isCanonicalSignature(signature)).toBe(true);
  expect(isCanonicalSignature(signature.subarray(1))).toBe(false);
});

test('tweetnacl alone accepts S + L: the guard is needed', () => {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + L;
  const malleable = Uint8Array.from([...signature.subarray(0, 32), ...little(s)]);
  expect(nacl.sign.detached.verify(message, malleable, pair.publicKey)).toBe(true);
});

const SMALL_ORDER: [string, string][] = [
  ['order 1', '0100000000000000000000000000000000000000000000000000000000000000'],
  ['order 1, sign bit', '0100000000000000000000000000000000000000000000000000000000000080'],
  ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 2, sign bit', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ['order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
  ['order 4, sign bit', '0000000000000000000000000000000000000000000000000000000000000080'],
  ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['order 8, sign bit', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
  ['order 8, other', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['order 8, other, sign bit', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
];
test.each(SMALL_ORDER)('a key of %s is refused at enrolment and at verify', (_, key) => {
  const code = expect.objectContaining({ code: 'E_KEY' });
  expect(() => checkPublicKey(hex(key))).toThrow(code);
  expect(() => parsePublicKey(formatPublicKey(hex(key)))).toThrow(code);
  // R = the key, S = 0: the signature that a small-order key lets anyone make.
  const forged = Uint8Array.from([...hex(key), ...new Uint8Array(32)]);
  for (let i = 0; i < 16; i++) {
    expect(verify(hex(key), Buffer.from([i]), forged)).toBe(false);
    expect(verifyBoth(hex(key), Buffer.from([i]), forged)).toBe(false);
  }
});

test.each([
  ['p', P],
  ['p + 1', P + 1n],
  ['2^255 - 1', (1n << 255n) - 1n],
  ['p + 1 with the sign bit', P + 1n + (1n << 255n)],
])('a key whose y is %s is refused as not canonical', (_, y) => {
  expect(() => checkPublicKey(little(y))).toThrow(expect.objectContaining({ code: 'E_KEY' }));
  expect(verify(little(y), message, signature)).toBe(false);
});

test('bytes that are no point of the curve are refused at enrolment; a real key passes', () => {
  const refused: bigint[] = [];
  for (let y = 2n; y < 20n; y++) {
    try {
      checkPublicKey(little(y));
    } catch {
      refused.push(y);
      expect(verify(little(y), message, signature)).toBe(false);
    }
  }
  // Half of all y have no x; these do not (RFC 8032 decoding).
  expect(refused).toContain(2n);
  expect(refused.length).toBeLessThan(18);
  for (let i = 0; i < 20; i++) expect(() => checkPublicKey(generateKeyPair().publicKey)).not.toThrow();
});

test('other key types cannot stand where an Ed25519 key is required', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  const ed448 = generateKeyPairSync('ed448').publicKey;
  const ed25519 = generateKeyPairSync('ed25519').publicKey;
  const code = expect.objectContaining({ code: 'E_KEY' });
  for (const other of [rsa, ed448]) {
    const der = other.export({ format: 'der', type: 'spki' });
    expect(() => parsePublicKey(formatPublicKey(der))).toThrow(code);
    expect(() => checkPublicKey(der)).toThrow(code);
    expect(verify(der, message, signature)).toBe(false);
    expect(() => parsePublicKey(`rsa:${der.toString('base64')}`)).toThrow(code);
  }
  const raw = ed25519.export({ format: 'der', type: 'spki' }).subarray(-32);
  expect(parsePublicKey(formatPublicKey(raw))).toEqual(Uint8Array.from(raw));
});

test.each([
  ['junk in the base64', `ed25519:${Buffer.from(pair.publicKey).toString('base64').replace(/^./, '*')}`],
  ['31 bytes', formatPublicKey(pair.publicKey.subarray(1))],
  ['33 bytes', formatPublicKey(Uint8Array.from([...pair.publicKey, 0]))],
  ['no type', Buffer.from(pair.publicKey).toString('base64')],
  ['another type', `ed448:${Buffer.from(pair.publicKey).toString('base64')}`],
])('a key text with %s is refused', (_, text) => {
  expect(() => parsePublicKey(text)).toThrow(expect.objectContaining({ code: 'E_KEY' }));
});

test('text and bytes of a key are inverses; the fingerprint is of the raw bytes', () => {
  expect(parsePublicKey(formatPublicKey(pair.publicKey))).toEqual(pair.publicKey);
  expect(fingerprint(pair.publicKey)).toMatch(/^SHA256:[0-9a-f]{64}$/);
});

test('lengths that are none never verify and never throw', () => {
  for (const length of [0, 1, 31, 33, 63, 65]) {
    expect(verify(new Uint8Array(length), message, signature)).toBe(false);
    expect(verifyBoth(pair.publicKey, message, new Uint8Array(length))).toBe(false);
  }
});

test('secrets of another length are refused', () => {
  const code = expect.objectContaining({ code: 'E_KEY' });
  expect(() => sign(pair.secretKey.subarray(32), message)).toThrow(code);
  expect(() => keyPairFromSeed(new Uint8Array(31))).toThrow(code);
});

// THREATS.md 7, 10, 16, 17, 18: what a DSSE envelope must not get past.
import { createPrivateKey, createPublicKey, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprint, type KeyPair, keyPairFromSeed, verify } from '../../keys/ed25519.ts';
import {
  parseEnvelope,
  preAuthEncoding,
  signEnvelope,
  unverifiedPayload,
  verifyEnvelope,
} from '../../keys/envelope.ts';
import { encodeBase64 } from '../../src/base64.ts';
import type { Envelope } from '../../src/contracts/statement.ts';

const key = (byte: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(byte));
const [a, b, stranger] = [key(1), key(2), key(3)];
const TYPE = 'application/vnd.signet.test+json';
const payload = Buffer.from('{"a":1}');
const code = (value: string) => expect.objectContaining({ code: value });
const open = (envelope: Envelope, keys: KeyPair[] = [a], threshold = 1, payloadType = TYPE) =>
  verifyEnvelope(envelope, {
    item: 'test',
    payloadType,
    keys: keys.map(({ publicKey }) => publicKey),
    threshold,
    verify,
  });

test('the pre-authentication encoding is that of the DSSE specification', () => {
  const bytes = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
  expect(Buffer.from(bytes).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

test('lengths are of UTF-8 bytes, so type and payload cannot be shifted into each other', () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), fc.string(), fc.uint8Array(), (t1, p1, t2, p2) => {
      const same = Buffer.from(t1).equals(Buffer.from(t2)) && Buffer.from(p1).equals(p2);
      expect(Buffer.from(preAuthEncoding(t1, p1)).equals(preAuthEncoding(t2, p2))).toBe(same);
    }),
  );
});

test('the payload comes back as signed, with the keys that signed it', () => {
  const opened = open(signEnvelope(TYPE, payload, [a, b]), [a, b], 2);
  expect(Buffer.from(opened.payload)).toEqual(payload);
  expect(opened.signers.map(fingerprint)).toEqual([a, b].map(({ publicKey }) => fingerprint(publicKey)));
});

test('what we sign, and what node:crypto signs, each verifies by the other', () => {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), a.publicKey]);
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    a.secretKey.subarray(0, 32),
  ]);
  const message = preAuthEncoding(TYPE, payload);
  const { sig } = signEnvelope(TYPE, payload, [a]).signatures[0]!;
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  expect(nodeVerify(null, message, publicKey, Buffer.from(sig, 'base64'))).toBe(true);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const theirs = encodeBase64(nodeSign(null, message, privateKey));
  expect(() =>
    open({ payloadType: TYPE, payload: encodeBase64(payload), signatures: [{ sig: theirs }] }),
  ).not.toThrow();
});

test('row 10: a payload signed for another purpose is refused before any key is tried', () => {
  const envelope = signEnvelope('application/vnd.in-toto+json', payload, [a]);
  expect(() => open(envelope)).toThrow(code('E_PAYLOAD_TYPE'));
  expect(() => unverifiedPayload(envelope, TYPE, 'test')).toThrow(code('E_PAYLOAD_TYPE'));
  // Renaming the type does not help: it is under the signature.
  expect(() => open({ ...envelope, payloadType: TYPE })).toThrow(code('E_SIGNATURE'));
});

test('row 1: every flipped bit of payload and signature is refused', () => {
  const envelope = signEnvelope(TYPE, payload, [a]);
  const bytes = Buffer.from(envelope.payload, 'base64');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => open({ ...envelope, payload: changed.toString('base64') })).toThrow(code('E_SIGNATURE'));
  }
  const sig = Buffer.from(envelope.signatures[0]!.sig, 'base64');
  for (let bit = 0; bit < sig.length * 8; bit += 3) {
    const changed = Buffer.from(sig);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const signatures = [{ ...envelope.signatures[0]!, sig: changed.toString('base64') }];
    expect(() => open({ ...envelope, signatures })).toThrow(code('E_SIGNATURE'));
  }
});

test('row 17: the right signature under a wrong or missing key id passes', () => {
  const envelope = signEnvelope(TYPE, payload, [a]);
  const [signature] = envelope.signatures;
  for (const keyid of [fingerprint(b.publicKey), fingerprint(stranger.publicKey), 'constructor', undefined]) {
    const signatures = [keyid === undefined ? { sig: signature!.sig } : { sig: signature!.sig, keyid }];
    expect(open({ ...envelope, signatures }, [a, b]).signers).toEqual([a.publicKey]);
  }
});

test('row 17: a stranger under a trusted key id is refused, and under its own', () => {
  const envelope = signEnvelope(TYPE, payload, [stranger]);
  const posing = [{ ...envelope.signatures[0]!, keyid: fingerprint(a.publicKey) }];
  expect(() => open({ ...envelope, signatures: posing })).toThrow(code('E_SIGNATURE'));
  expect(() => open(envelope)).toThrow(code('E_SIGNER'));
});

test('row 7: one key counts once, under whatever ids and however often it signs', () => {
  const [signature] = signEnvelope(TYPE, payload, [a]).signatures;
  const twice = [signature!, { ...signature!, keyid: fingerprint(b.publicKey) }, { sig: signature!.sig }];
  const envelope = { payloadType: TYPE, payload: encodeBase64(payload), signatures: twice };
  expect(() => open(envelope, [a, b], 2)).toThrow(code('E_THRESHOLD'));
  expect(open(envelope, [a, b], 1).signers).toHaveLength(1);
  expect(() => open(signEnvelope(TYPE, payload, [a, b]), [a, b], 2)).not.toThrow();
});

test('row 7: a requirement that lists a key twice, and thresholds that mean nothing, are refused', () => {
  const envelope = signEnvelope(TYPE, payload, [a]);
  expect(() => open(envelope, [a, a], 1)).toThrow(code('E_KEY'));
  for (const threshold of [0, -1, 2, 1.5, Number.NaN]) {
    expect(() => open(envelope, [a], threshold)).toThrow(code('E_THRESHOLD'));
  }
  expect(() => open(envelope, [], 1)).toThrow(code('E_THRESHOLD'));
});

test.each([
  ['junk that Buffer.from ignores', (text: string) => `${text.slice(0, 4)}*${text.slice(5)}`],
  ['white space', (text: string) => `${text} `],
  ['no padding', (text: string) => text.replace(/=+$/, '')],
])('row 18: %s in the base64 is refused', (_, change) => {
  const envelope = signEnvelope(TYPE, payload, [a]);
  expect(() => open({ ...envelope, payload: change(envelope.payload) })).toThrow(code('E_BASE64'));
  const signatures = [{ sig: change(envelope.signatures[0]!.sig) }];
  expect(() => open({ ...envelope, signatures })).toThrow(code('E_BASE64'));
});

test('row 32: what no one signed is E_UNSIGNED, whatever is required; with one signature it is judged', () => {
  const none = { ...signEnvelope(TYPE, payload, [a]), signatures: [] };
  const unsigned = expect.objectContaining({ code: 'E_UNSIGNED', exit: 3, actual: 'no signature' });
  expect(() => open(none)).toThrow(unsigned);
  expect(() => open(none, [a], 0)).toThrow(unsigned);
  expect(() => open(none, [], 1)).toThrow(unsigned);
  expect(() => open(none, [a], 1, 'application/other')).toThrow(code('E_PAYLOAD_TYPE'));
  expect(Buffer.from(open(signEnvelope(TYPE, payload, [a])).payload)).toEqual(payload);
});

test('a file that is no envelope is refused; one that is comes back', () => {
  const envelope = signEnvelope(TYPE, payload, [a]);
  const parse = (value: unknown) => parseEnvelope(Buffer.from(JSON.stringify(value)), 'test');
  expect(parse(envelope)).toEqual(envelope);
  expect(() => parse({ ...envelope, extra: 1 })).toThrow(code('E_FORMAT'));
  expect(() => parse({ ...envelope, signatures: Array(17).fill(envelope.signatures[0]) })).toThrow(
    code('E_FORMAT'),
  );
  const twice = `{"payloadType":"x",${JSON.stringify(envelope).slice(1)}`;
  expect(() => parseEnvelope(Buffer.from(twice), 'test')).toThrow(code('E_JSON'));
});

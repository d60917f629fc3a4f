// Drafts that pass from hand to hand: THREATS.md 7, 18.
import { expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { fingerprint } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import {
  addSignatures,
  isMet,
  progressOf,
  readDraft,
  requireMet,
  requireWanted,
  signersOf,
} from '../../registry/ceremony.ts';
import { encodeBase64 } from '../../src/base64.ts';
import type { Envelope } from '../../src/contracts/statement.ts';
import { key } from './fixture.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const [a, b, c] = [key(21), key(22), key(23)];
const draft: Envelope = { payloadType: 'x/y', payload: encodeBase64(Buffer.from('{}')), signatures: [] };
const two = { keys: [a, b].map(({ publicKey }) => publicKey), threshold: 2 };

test('signatures come together one by one, in any order, each key once', () => {
  const one = addSignatures(draft, [b]);
  expect(progressOf(one, 'us', two)).toMatchObject({ threshold: 2, signed: [fingerprint(b.publicKey)] });
  const both = addSignatures(readDraft(formatDocument(one), 'it'), [a, b]);
  expect(both.signatures).toHaveLength(2);
  expect(isMet(progressOf(both, 'us', two))).toBe(true);
  expect(both.payload).toBe(draft.payload);
  expect(addSignatures(both, [a])).toEqual(both);
});

test('row 7: a signature counts for the bytes of its key: one key twice, another id, other payload count nothing', () => {
  const [own] = addSignatures(draft, [a]).signatures;
  const claimed = { ...own!, keyid: fingerprint(b.publicKey) };
  expect(signersOf({ ...draft, signatures: [own!, claimed, own!] }, two.keys)).toEqual([
    fingerprint(a.publicKey),
  ]);
  const other = signEnvelope('x/y', Buffer.from('{"a":1}'), [b]).signatures;
  expect(isMet(progressOf({ ...draft, signatures: [own!, ...other] }, 'us', two))).toBe(false);
});

test('what is missing is named; a signature that no one needs is refused; nothing signed is no envelope', () => {
  const one = progressOf(addSignatures(draft, [a]), 'us', two);
  expect(() => requireMet([one], 'it', 'do this')).toThrow(
    expect.objectContaining({ code: 'E_THRESHOLD', actual: fingerprint(a.publicKey), fix: 'do this' }),
  );
  expect(() => requireWanted([one], c.publicKey, 'it')).toThrow(code('E_SIGNER'));
  expect(() => requireWanted([one], b.publicKey, 'it')).not.toThrow();
});

test.each<[string, string]>([
  ['{"payloadType":"x","payload":"","signatures":[],"more":1}', 'E_FORMAT'],
  [`{"payloadType":"x","payload":"","signatures":[${Array(17).fill('{"sig":""}').join()}]}`, 'E_FORMAT'],
  ['{"payloadType":"x","payloadType":"y","payload":"","signatures":[]}', 'E_JSON'],
])('rows 6, 18: %s is no draft', (text, expected) => {
  expect(() => readDraft(Buffer.from(text), 'it')).toThrow(code(expected));
});

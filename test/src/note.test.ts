// Signed notes: a note that others made, then everything that a strict reader refuses (THREATS.md 6, 7, 17).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateKeyPair, sign, verify } from '../../keys/ed25519.ts';
import { sha256 } from '../../keys/hash.ts';
import { encodeBase64 } from '../../src/base64.ts';
import { createNoteSigner, formatNote, keyHash, parseNote, signNote, verifyNote } from '../../src/note.ts';
import { expectCode } from './expect-code.ts';

/** The example that implementations of signed notes share, with its public key. */
const NEUMANN = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const NEUMANN_KEY = {
  name: 'PeterNeumann',
  publicKey: Buffer.from('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'base64').subarray(1),
};

const newKey = (name: string) => {
  const { publicKey, secretKey } = generateKeyPair();
  const signer = createNoteSigner(sha256, { name, publicKey, sign: (message) => sign(secretKey, message) });
  return { signer, verifier: { name, publicKey } };
};
const alice = newKey('alice.example/log');
const bob = newKey('bob.example/witness');
const TEXT = 'one\n\ntwo\n';
const NOTE = signNote(TEXT, [alice.signer]);
const SIGNATURE = NOTE.slice(TEXT.length + 1);
const check = (note: string | Uint8Array, verifiers = [alice.verifier], threshold = 1): string =>
  verifyNote(sha256, verify, note, verifiers, threshold);

test('the shared example verifies, and no changed byte of it does', () => {
  expect(Buffer.from(keyHash(sha256, NEUMANN_KEY.name, NEUMANN_KEY.publicKey)).toString('hex')).toBe(
    'c74f20a3',
  );
  expect(check(NEUMANN, [NEUMANN_KEY])).toBe(NEUMANN.slice(0, NEUMANN.lastIndexOf('\n\n') + 1));
  expect(check(Buffer.from(NEUMANN), [NEUMANN_KEY])).toBe(check(NEUMANN, [NEUMANN_KEY]));
  const bytes = Buffer.from(NEUMANN);
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed[i]! ^= 1;
    expect(() => check(changed, [NEUMANN_KEY]), `byte ${i}`).toThrow();
  }
});

test('the example of the specification is taken apart: text with empty lines, one signature', () => {
  const text = 'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n';
  const line =
    '\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n';
  const note = parseNote(`${text}\n${line}`);
  expect(note.text).toBe(text);
  expect(note.signatures.map(({ name }) => name)).toEqual(['quasimodo.example/salvatore']);
  expect(formatNote(note.text, note.signatures)).toBe(`${text}\n${line}`);
});

describe('refused with E_NOTE', () => {
  test.each([
    ['no signature', TEXT],
    ['nothing', ''],
    ['only a signature line', SIGNATURE],
    ['no blank line', `one\n${SIGNATURE}`],
    ['no final newline', NOTE.slice(0, -1)],
    ['a line after the signatures', `${NOTE}more\n`],
    ['a blank line after the signatures', `${NOTE}\n`],
    ['a hyphen for the dash', NOTE.replace('\u2014', '-')],
    ['an en dash', NOTE.replace('\u2014', '\u2013')],
    ['no space after the dash', NOTE.replace('\u2014 ', '\u2014')],
    ['two spaces', NOTE.replace('log ', 'log  ')],
    ['a trailing space', NOTE.replace(/\n$/, ' \n')],
    ['a missing name', NOTE.replace('alice.example/log', '')],
    ['a plus in the name', NOTE.replace('alice', 'al+ice')],
    ['a no-break space in the name', NOTE.replace('alice', 'al\u00a0ice')],
    ['a next-line character in the name', NOTE.replace('alice', 'al\u0085ice')],
    ['a tab', NOTE.replace('one', 'o\tne')],
    ['a carriage return', NOTE.replaceAll('\n', '\r\n')],
    ['a NUL', NOTE.replace('one', 'o\0ne')],
    ['a lone surrogate', NOTE.replace('one', 'o\ud800ne')],
    ['a byte order mark before the dash', NOTE.replace('\u2014', '\ufeff\u2014')],
    ['base64 without padding', NOTE.replace(/=+\n$/, '\n')],
    ['base64url', NOTE.replace(SIGNATURE, `\u2014 a ${'_-'.repeat(34)}\n`)],
    ['a signature of four bytes', `one\n\n\u2014 a ${encodeBase64(new Uint8Array(4))}\n`],
  ])('%s', (_, note) => {
    expectCode(() => parseNote(note), 'E_NOTE');
  });

  test('bytes that are no UTF-8', () => {
    const bytes = Buffer.from(NOTE);
    bytes[0] = 0xff;
    expectCode(() => parseNote(bytes), 'E_NOTE');
    expect(parseNote(Buffer.from(NOTE)).text).toBe(TEXT);
  });

  test('a text or a name that the format cannot hold, when it is made', () => {
    const [signature] = parseNote(NOTE).signatures;
    for (const text of ['one', '', 'one\r\n', 'one\0\n', 'a\n\nb']) {
      expectCode(() => formatNote(text, [signature!]), 'E_NOTE');
    }
    expectCode(() => formatNote(TEXT, []), 'E_NOTE');
    expectCode(() => formatNote(TEXT, [{ ...signature!, name: 'a b' }]), 'E_NOTE');
    expectCode(() => formatNote(TEXT, [{ ...signature!, name: 'a\n\u2014 b' }]), 'E_NOTE');
    for (const name of ['', 'a b', 'a+b', 'a\n']) {
      expectCode(() => keyHash(sha256, name, alice.verifier.publicKey), 'E_NOTE');
    }
  });
});

test('limits: 100 signatures and 1,000,000 bytes pass, one more does not', () => {
  const [signature] = parseNote(NOTE).signatures;
  const many = `${TEXT}\n${SIGNATURE.repeat(100)}`;
  expect(parseNote(many).signatures).toHaveLength(100);
  expect(check(many)).toBe(TEXT);
  expectCode(() => parseNote(`${many}${SIGNATURE}`), 'E_LIMIT');
  expectCode(() => formatNote(TEXT, Array(101).fill(signature)), 'E_LIMIT');
  const room = 1_000_000 - Buffer.byteLength(NOTE);
  const large = `${'é'.repeat(room >> 1)}${'x'.repeat(room & 1)}${NOTE}`;
  expect(Buffer.byteLength(large)).toBe(1_000_000);
  expect(parseNote(large).signatures).toHaveLength(1);
  expectCode(() => parseNote(`x${large}`), 'E_LIMIT');
  expectCode(() => parseNote(Buffer.from(`x${large}`)), 'E_LIMIT');
  expectCode(() => parseNote(`x`.repeat(2_000_000)), 'E_LIMIT');
});

describe('verifyNote', () => {
  test('a signature of a key that is not known counts for nothing', () => {
    expect(check(NOTE)).toBe(TEXT);
    expectCode(() => check(NOTE, [bob.verifier]), 'E_NOTE_UNTRUSTED');
    expectCode(() => check(NOTE, []), 'E_NOTE_UNTRUSTED');
    expect(check(signNote(TEXT, [bob.signer, alice.signer]))).toBe(TEXT);
  });

  test('the right key under another name is not known, nor another key under the right name', () => {
    expectCode(() => check(NOTE, [{ ...alice.verifier, name: 'other' }]), 'E_NOTE_UNTRUSTED');
    expectCode(() => check(NOTE, [{ ...bob.verifier, name: alice.verifier.name }]), 'E_NOTE_UNTRUSTED');
  });

  test('a wrong signature under a known name and key hash refuses the note, beside right ones too', () => {
    const [mine] = parseNote(NOTE).signatures;
    const forged = { ...mine!, signature: mine!.signature.with(0, mine!.signature[0]! ^ 1) };
    expectCode(() => check(formatNote(TEXT, [forged])), 'E_NOTE_SIGNATURE');
    expectCode(() => check(formatNote(TEXT, [mine!, forged])), 'E_NOTE_SIGNATURE');
    expectCode(() => check(formatNote('other\n', [mine!])), 'E_NOTE_SIGNATURE');
    const short = { ...mine!, signature: mine!.signature.slice(0, 63) };
    expectCode(() => check(formatNote(TEXT, [short])), 'E_NOTE_SIGNATURE');
  });

  test('the threshold counts key bytes: not lines, not names', () => {
    const both = [alice.verifier, bob.verifier];
    expect(check(signNote(TEXT, [alice.signer, bob.signer]), both, 2)).toBe(TEXT);
    expectCode(() => check(signNote(TEXT, [alice.signer, alice.signer]), both, 2), 'E_NOTE_UNTRUSTED');
    const pair = generateKeyPair();
    const named = (name: string) => ({
      signer: createNoteSigner(sha256, {
        name,
        publicKey: pair.publicKey,
        sign: (message) => sign(pair.secretKey, message),
      }),
      verifier: { name, publicKey: pair.publicKey },
    });
    const [one, two] = [named('one'), named('two')];
    const twice = signNote(TEXT, [one.signer, two.signer]);
    expectCode(() => check(twice, [one.verifier, two.verifier], 2), 'E_NOTE_UNTRUSTED');
    expect(check(twice, [one.verifier, two.verifier], 1)).toBe(TEXT);
  });

  test.each([0, -1, 0.5, Number.NaN])('a threshold of %s is refused', (threshold) => {
    expectCode(() => check(NOTE, [alice.verifier], threshold), 'E_USAGE');
  });
});

test('format and parse are inverses', () => {
  const line = fc.string({ unit: 'grapheme' }).filter((text) => ![...text].some((char) => char < ' '));
  const name = fc.string({ minLength: 1 }).filter((text) => /^[^\p{White_Space}\p{Cc}+]+$/u.test(text));
  const signature = fc.record({
    name,
    keyHash: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1 }),
      fc.array(signature, { minLength: 1, maxLength: 5 }),
      (lines, signatures) => {
        const text = `${lines.join('\n')}\n`;
        const note = formatNote(text, signatures);
        expect(parseNote(note)).toEqual({ text, signatures });
        expect(parseNote(Buffer.from(note))).toEqual({ text, signatures });
      },
    ),
  );
});

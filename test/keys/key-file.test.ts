// registry/FORMAT.md "Keys": key files and keys as text. What a damaged one holds is in no error: keyring.test.ts, and here for text.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { keyPairFromSeed } from '../../keys/ed25519.ts';
import { decodeKey, decodeKeyText, encodeKey, readKeyInfo } from '../../keys/key-file.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const pair = keyPairFromSeed(new Uint8Array(32).fill(9));
const seed = Buffer.from(pair.secretKey.subarray(0, 32)).toString('base64');
const none = (): never => {
  throw new Error('no passphrase is needed');
};

test('encoding and decoding are inverses, plain and sealed; a plain one asks for nothing', () => {
  expect(decodeKey(encodeKey(pair), 'k', none)).toEqual(pair);
  const sealed = encodeKey(pair, 'secret');
  expect(decodeKey(sealed, 'k', () => 'secret')).toEqual(pair);
  expect(() => decodeKey(sealed, 'k', () => 'other')).toThrow(code('E_PASSPHRASE'));
  expect(readKeyInfo(sealed, 'k')).toEqual({ publicKey: pair.publicKey, encrypted: true });
  expect(readKeyInfo(encodeKey(pair), 'k').encrypted).toBe(false);
  expect(Buffer.from(sealed).toString('latin1')).not.toContain(seed);
});

test('a key as text is a key file or a seed, with white space around it', () => {
  expect(decodeKeyText(`${seed}\n`, 'v', none)).toEqual(pair);
  expect(decodeKeyText(Buffer.from(encodeKey(pair)).toString(), 'v', none)).toEqual(pair);
});

test.each([
  '',
  seed.slice(0, -1),
  `${seed.slice(0, 30)}*`,
  Buffer.from(pair.secretKey).toString('base64'),
  `{"seed":"${seed}"}`,
  `{"type":"key/1","publicKey":"${seed}","secret":{"encoding":"plain","seed":"${seed}"}}`,
])('what is no key is refused, and not quoted: %#', (text) => {
  let thrown: unknown;
  try {
    decodeKeyText(text, 'v', none);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toEqual(code('E_KEY_FILE'));
  const shown = inspect(thrown, { depth: 10 }) + JSON.stringify(thrown);
  for (let i = 0; i + 8 <= seed.length; i += 4) expect(shown).not.toContain(seed.slice(i, i + 8));
});

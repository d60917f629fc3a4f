// DESIGN.md §7 "Keys": a seed at rest opens for its passphrase and its public key only, and for nothing that was changed.
import { createDecipheriv, scryptSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { seal, unseal, unsealLater } from '../../keys/secret-box.ts';
import { SealedSeed } from '../../src/contracts/trust.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const SEED = new Uint8Array(32).fill(7);
const KEY = 'ed25519:6kqXd2WyMsVkjRT0NR5AHZuO4pQFbxJyYVoU7Sx9mwo=';
const box = seal(SEED, 'Grüße', KEY);

test('it opens with its passphrase, in whatever form that is typed', () => {
  expect(SealedSeed.parse(box)).toEqual(box);
  expect(Buffer.from(unseal(box, 'Grüße', KEY, 'it'))).toEqual(Buffer.from(SEED));
  expect(Buffer.from(unseal(box, 'Gru\u0308ße', KEY, 'it'))).toEqual(Buffer.from(SEED));
});

test('the format is what FORMAT.md says: scrypt and AES-256-GCM, from nothing but the fields', () => {
  const [salt, nonce, sealed] = [box.salt, box.nonce, box.sealed].map((text) => Buffer.from(text, 'base64'));
  const key = scryptSync(Buffer.from('Grüße', 'utf8'), salt!, 32, {
    N: 2 ** 17,
    r: 8,
    p: 1,
    maxmem: 2 ** 28,
  });
  const decipher = createDecipheriv('aes-256-gcm', key, nonce!);
  decipher.setAAD(Buffer.from(KEY)).setAuthTag(sealed!.subarray(32));
  expect(Buffer.concat([decipher.update(sealed!.subarray(0, 32)), decipher.final()])).toEqual(
    Buffer.from(SEED),
  );
});

test('salt and nonce are new each time', () => {
  const again = seal(SEED, 'Grüße', KEY);
  expect(new Set([box.salt, again.salt, box.sealed, again.sealed]).size).toBe(4);
  expect(again.nonce).not.toBe(box.nonce);
});

const flipped = (text: string): string => {
  const bytes = Buffer.from(text, 'base64');
  bytes[bytes.length - 1]! ^= 1;
  return bytes.toString('base64');
};
test.each<[string, () => unknown, string]>([
  ['another passphrase', () => unseal(box, 'grüße', KEY, 'it'), 'E_PASSPHRASE'],
  ['another public key', () => unseal(box, 'Grüße', KEY.replace('6k', '7k'), 'it'), 'E_PASSPHRASE'],
  [
    'a changed seed',
    () => unseal({ ...box, sealed: flipped(box.sealed) }, 'Grüße', KEY, 'it'),
    'E_PASSPHRASE',
  ],
  ['a changed salt', () => unseal({ ...box, salt: flipped(box.salt) }, 'Grüße', KEY, 'it'), 'E_PASSPHRASE'],
  [
    'a changed nonce',
    () => unseal({ ...box, nonce: flipped(box.nonce) }, 'Grüße', KEY, 'it'),
    'E_PASSPHRASE',
  ],
  ['another cost', () => unseal({ ...box, log2N: 14 }, 'Grüße', KEY, 'it'), 'E_PASSPHRASE'],
])('%s does not open it', (_, attempt, expected) => {
  expect(attempt).toThrow(code(expected));
});

test.each([{ log2N: 13 }, { log2N: 21 }, { r: 16 }, { p: 2 }, { encoding: 'scrypt' }])(
  'parameters that would weaken it or exhaust its reader are no key file: %j',
  (change) => {
    expect(SealedSeed.safeParse({ ...box, ...change }).success).toBe(false);
  },
);

test('beside other work it opens for the same, and for nothing else', async () => {
  expect(Buffer.from(await unsealLater(box, 'Grüße', KEY, 'it'))).toEqual(Buffer.from(SEED));
  for (const [passphrase, purpose] of [
    ['grüße', KEY],
    ['Grüße', KEY.replace('6k', '7k')],
  ] as const)
    await expect(unsealLater(box, passphrase, purpose, 'it')).rejects.toEqual(code('E_PASSPHRASE'));
});

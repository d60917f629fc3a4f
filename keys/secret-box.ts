// Seeds at rest (DESIGN.md §7 "Keys"; registry/FORMAT.md "Keys"): scrypt of node:crypto makes a key of the passphrase, AES-256-GCM
// seals the seed under it, bound to the public key. A wrong passphrase and changed bytes look the same, and yield nothing.
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../src/base64.ts';
import type { SealedSeed } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';

/** 128 MiB and a third of a second: what OWASP asks of scrypt. */
const LOG2_N = 17;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** Seals the seed for whoever knows the passphrase. `publicKey` is its text form: the box opens for no other key. */
export function sealSeed(
  seed: Uint8Array,
  passphrase: string,
  publicKey: string,
  random: (bytes: number) => Uint8Array = randomBytes,
): SealedSeed {
  const [salt, nonce] = [random(16), random(12)];
  const shape = { encoding: 'scrypt-aes-256-gcm', log2N: LOG2_N, r: 8, p: 1 } as const;
  const key = derive(passphrase, salt, shape);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(publicKey));
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return {
    ...shape,
    salt: encodeBase64(salt),
    nonce: encodeBase64(nonce),
    sealed: encodeBase64(sealed),
  };
}

/** The seed. A wrong passphrase, other bytes or another key: E_PASSPHRASE, which says nothing more; E_BASE64. */
export function openSeed(box: SealedSeed, passphrase: string, publicKey: string, item: string): Uint8Array {
  const sealed = decodeBase64(box.sealed);
  const key = derive(passphrase, decodeBase64(box.salt), box);
  const decipher = createDecipheriv(CIPHER, key, decodeBase64(box.nonce), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(publicKey));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    // No cause: it could only tell an attacker which of the two it was.
    throw new SignetError('E_PASSPHRASE', `the passphrase does not open ${item}`, {
      item,
      fix: 'Give the passphrase by which it was encrypted; if that is lost, so is the key.',
    });
  } finally {
    key.fill(0);
  }
}

/** Passphrases count in form NFC, so that two keyboards give one key. */
function derive(
  passphrase: string,
  salt: Uint8Array,
  { log2N, r, p }: Pick<SealedSeed, 'log2N' | 'r' | 'p'>,
): Buffer {
  const N = 2 ** log2N;
  return scryptSync(passphrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 129 * N * r });
}

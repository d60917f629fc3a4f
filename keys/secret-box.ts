// Seeds and secrets at rest (DESIGN.md §7 "Keys"; registry/FORMAT.md "Keys", "Secrets"): scrypt of node:crypto makes a key of the
// passphrase, AES-256-GCM seals what is kept under it, bound to what it is. A wrong passphrase and changed bytes look the same, and
// yield nothing.
import {
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  randomBytes,
  type ScryptOptions,
  scrypt,
  scryptSync,
} from 'node:crypto';
import { promisify } from 'node:util';
import { decodeBase64, encodeBase64 } from '../src/base64.ts';
import type { SealedSeed } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';

/** 128 MiB and a third of a second: what OWASP asks of scrypt. */
const LOG2_N = 17;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** Seals the bytes for whoever knows the passphrase. `purpose` is the text of a public key, or of what else it is: the box opens for no other. */
export function seal(
  bytes: Uint8Array,
  passphrase: string,
  purpose: string,
  random: (bytes: number) => Uint8Array = randomBytes,
): SealedSeed {
  const [salt, nonce] = [random(16), random(12)];
  const shape = { encoding: 'scrypt-aes-256-gcm', log2N: LOG2_N, r: 8, p: 1 } as const;
  const key = scryptSync(...derivation(passphrase, salt, shape));
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return {
    ...shape,
    salt: encodeBase64(salt),
    nonce: encodeBase64(nonce),
    sealed: encodeBase64(sealed),
  };
}

/** The bytes. A wrong passphrase, other bytes or another purpose: E_PASSPHRASE, which says nothing more; E_BASE64. */
export function unseal(box: SealedSeed, passphrase: string, purpose: string, item: string): Uint8Array {
  return decipher(box, scryptSync(...derivation(passphrase, decodeBase64(box.salt), box)), purpose, item);
}

/** The same beside the other work of the process. */
export async function unsealLater(
  box: SealedSeed,
  passphrase: string,
  purpose: string,
  item: string,
): Promise<Uint8Array> {
  const key = await scryptLater(...derivation(passphrase, decodeBase64(box.salt), box));
  return decipher(box, key as Buffer, purpose, item);
}

const scryptLater: (...args: ReturnType<typeof derivation>) => Promise<unknown> = promisify(scrypt);

function decipher(box: SealedSeed, key: Buffer, purpose: string, item: string): Uint8Array {
  try {
    const sealed = decodeBase64(box.sealed);
    const opened = createDecipheriv(CIPHER, key, decodeBase64(box.nonce), { authTagLength: TAG_BYTES });
    opened.setAAD(Buffer.from(purpose));
    opened.setAuthTag(sealed.subarray(-TAG_BYTES));
    return finished(opened, sealed.subarray(0, -TAG_BYTES), item);
  } finally {
    key.fill(0);
  }
}

function finished(opened: DecipherGCM, sealed: Uint8Array, item: string): Uint8Array {
  try {
    return Buffer.concat([opened.update(sealed), opened.final()]);
  } catch {
    // No cause: it could only tell an attacker which of the two it was.
    throw new SignetError('E_PASSPHRASE', `the passphrase does not open ${item}`, {
      item,
      fix: 'Give the passphrase by which it was encrypted; if that is lost, so is what it protects.',
    });
  }
}

/** What scrypt is given. Passphrases count in form NFC, so that two keyboards give one key. */
function derivation(
  passphrase: string,
  salt: Uint8Array,
  { log2N, r, p }: Pick<SealedSeed, 'log2N' | 'r' | 'p'>,
): [string, Uint8Array, number, ScryptOptions] {
  const N = 2 ** log2N;
  return [passphrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 129 * N * r }];
}

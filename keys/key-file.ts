// The file of one signing key (registry/FORMAT.md "Keys"): plain, or sealed under a passphrase. Reading one never says anything of
// what it holds: neither a parser's message nor a cause is passed on, for both may quote it.
import { lstatSync } from 'node:fs';
import { decodeBase64, encodeBase64 } from '../src/base64.ts';
import { KeyFile } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { formatDocument, parseDocument } from './document.ts';
import { formatPublicKey, type KeyPair, keyPairFromSeed, parsePublicKey } from './ed25519.ts';
import { seal, unseal } from './secret-box.ts';

export const MAX_KEY_FILE = 4096;

/** What a key file says without being opened. */
export interface KeyInfo {
  readonly publicKey: Uint8Array;
  readonly encrypted: boolean;
}

/** The bytes of a key file; sealed where there is a passphrase. */
export function encodeKey(key: KeyPair, passphrase?: string): Uint8Array {
  const publicKey = formatPublicKey(key.publicKey);
  const seed = key.secretKey.subarray(0, 32);
  const secret: KeyFile['secret'] =
    passphrase === undefined
      ? { encoding: 'plain', seed: encodeBase64(seed) }
      : seal(seed, passphrase, publicKey);
  return formatDocument({ type: 'key/1', publicKey, secret } satisfies KeyFile);
}

/** The public part. E_KEY_FILE, E_FORMAT_VERSION. */
export function readKeyInfo(bytes: Uint8Array, item: string): KeyInfo {
  const file = parseKeyFile(bytes, item);
  return { publicKey: publicKeyOf(file, item), encrypted: file.secret.encoding !== 'plain' };
}

/** The key; `passphrase` is asked only where the file is sealed. E_KEY_FILE, E_FORMAT_VERSION, E_PASSPHRASE. */
export function decodeKey(bytes: Uint8Array, item: string, passphrase: () => string): KeyPair {
  const file = parseKeyFile(bytes, item);
  const { secret, publicKey } = file;
  publicKeyOf(file, item);
  const pair = keyPairFromSeed(
    secret.encoding === 'plain'
      ? (quietly(() => seedOf(secret.seed)) ?? refuseKeyFile(item, 'is no key file'))
      : openSealed(secret, passphrase(), publicKey, item),
  );
  const actual = formatPublicKey(pair.publicKey);
  if (actual !== publicKey)
    refuseKeyFile(item, 'holds a secret that does not belong to its public key', publicKey, actual);
  return pair;
}

/** The key in a text from elsewhere: a whole key file, or the base64 of the seed. Same codes. */
export function decodeKeyText(text: string, item: string, passphrase: () => string): KeyPair {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return decodeKey(Buffer.from(trimmed), item, passphrase);
  const seed = quietly(() => seedOf(trimmed));
  if (seed !== undefined) return keyPairFromSeed(seed);
  return refuseKeyFile(item, 'is neither a key file nor the base64 of a 32-byte seed');
}

/** Refuses what belongs to someone else or has any bit set for group or others. */
export function refuseShared(path: string, mode: number, uid: number, expected: string): void {
  const actual = (mode & 0o7777).toString(8).padStart(4, '0');
  if ((mode & 0o077) !== 0) refuseKeyFile(path, 'is open to other users', expected, actual);
  if (process.getuid !== undefined && uid !== process.getuid())
    refuseKeyFile(path, 'belongs to another user', String(process.getuid()), String(uid));
}

/** Refuses a folder that is a link or a file, or that others may look into; nothing where there is none. */
export function refuseSharedFolder(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) refuseKeyFile(path, 'is no folder');
  refuseShared(path, stats.mode, stats.uid, '0700');
}

/** E_KEY_FILE about a file or variable. */
export function refuseKeyFile(item: string, what: string, expected?: string, actual?: string): never {
  throw new SignetError('E_KEY_FILE', `${item} ${what}`, {
    item,
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
  });
}

function parseKeyFile(bytes: Uint8Array, item: string): KeyFile {
  return quietly(() => parseDocument(KeyFile, bytes, 'key/1', item)) ?? refuseKeyFile(item, 'is no key file');
}

function publicKeyOf(file: KeyFile, item: string): Uint8Array {
  return quietly(() => parsePublicKey(file.publicKey)) ?? refuseKeyFile(item, 'is no key file');
}

function openSealed(
  secret: Exclude<KeyFile['secret'], { encoding: 'plain' }>,
  passphrase: string,
  publicKey: string,
  item: string,
): Uint8Array {
  try {
    return unseal(secret, passphrase, publicKey, item);
  } catch (thrown) {
    if (thrown instanceof SignetError && thrown.code === 'E_PASSPHRASE') throw thrown;
    return refuseKeyFile(item, 'is no key file');
  }
}

function seedOf(base64: string): Uint8Array {
  const seed = decodeBase64(base64);
  if (seed.length !== 32) throw new SignetError('E_KEY', 'the seed of a key must have 32 bytes');
  return seed;
}

/** Undefined for whatever the body refuses, save a format of a later Signet. */
function quietly<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (thrown) {
    if (!(thrown instanceof SignetError)) throw thrown;
    if (thrown.code === 'E_FORMAT_VERSION') throw thrown;
    return undefined;
  }
}

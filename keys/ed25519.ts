// Ed25519 behind one guard (DESIGN.md §3 "Ed25519", THREATS.md 14-16): tweetnacl makes keys and signs, node:crypto verifies;
// what the two could judge differently (S >= L, non-canonical or small-order points) is refused before either sees it.
import { createPublicKey, type KeyObject, verify as nativeVerify } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Nacl from 'tweetnacl';
import { decodeBase64, encodeBase64 } from '../src/base64.ts';
import { SignetError } from '../src/error.ts';
import type { VerifySignature } from '../src/ports.ts';
import { sha256 } from './hash.ts';

/** `publicKey` has 32 bytes; `secretKey` has 64, the seed followed by the public key. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

const PREFIX = 'ed25519:';
const P = (1n << 255n) - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes: the key type is ours to say, never the key's. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const littleEndian = (hexBigEndian: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hexBigEndian, 'hex')).reverse();
/** The order of the base point. */
const L = littleEndian('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed');
const P_BYTES = littleEndian('7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed');
/** The y coordinates of the points of order 1, 2, 4 and 8, sign bit cleared, as hexadecimal. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

let loaded: typeof Nacl | undefined;
/** Loaded where it is needed: what only verifies, and installs nothing, starts without it. */
function nacl(): typeof Nacl {
  loaded ??= createRequire(import.meta.url)('tweetnacl') as typeof Nacl;
  return loaded;
}

/** A new key pair from the system's randomness. */
export function generateKeyPair(): KeyPair {
  return nacl().sign.keyPair();
}

/** The key pair of a 32-byte seed; any other length is refused with E_KEY. */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  if (seed.length !== 32) throw new SignetError('E_KEY', 'the seed of a key must have 32 bytes');
  return nacl().sign.keyPair.fromSeed(seed);
}

/** The 64-byte signature of the message. */
export function sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  if (secretKey.length !== 64) throw new SignetError('E_KEY', 'a secret key must have 64 bytes');
  return nacl().sign.detached(message, secretKey);
}

/** True where the signature is valid by the guards and by node:crypto. Never throws. */
export const verify: VerifySignature = (publicKey, message, signature) => {
  if (!isCanonicalSignature(signature)) return false;
  const key = nativeKey(publicKey);
  return key !== undefined && nativeVerify(null, message, key, signature);
};

/** Keys as node:crypto wants them, by their bytes: few keys sign very many things. */
const NATIVE_KEYS = new Map<string, KeyObject>();
const MOST_NATIVE_KEYS = 256;

/** The key for node:crypto; undefined where the guards refuse it or it is of another type. */
function nativeKey(publicKey: Uint8Array): KeyObject | undefined {
  const id = Buffer.from(publicKey).toString('latin1');
  const known = NATIVE_KEYS.get(id);
  if (known !== undefined) return known;
  if (whyRefused(publicKey) !== undefined) return undefined;
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ed25519') return undefined;
  if (NATIVE_KEYS.size >= MOST_NATIVE_KEYS) NATIVE_KEYS.delete(NATIVE_KEYS.keys().next().value as string);
  NATIVE_KEYS.set(id, key);
  return key;
}

/** True where the guards, node:crypto and tweetnacl all accept: what an installation requires. Never throws. */
export const verifyBoth: VerifySignature = (publicKey, message, signature) =>
  verify(publicKey, message, signature) && nacl().sign.detached.verify(message, signature, publicKey);

/**
 * Refuses with E_KEY what must never be enrolled: another length than 32 bytes, a y coordinate that is not reduced, a
 * point of small order, bytes that are no point of the curve. Takes half a millisecond: verification relies on the
 * cheaper guards of `parsePublicKey`, for bytes that are no point verify nothing.
 */
export function checkPublicKey(publicKey: Uint8Array): void {
  const reason = whyRefused(publicKey) ?? (onCurve(publicKey) ? undefined : 'is no point of the curve');
  if (reason !== undefined) refuseKey(reason);
}

/** `ed25519:<base64>` of the 32 bytes. */
export function formatPublicKey(publicKey: Uint8Array): string {
  return PREFIX + encodeBase64(publicKey);
}

/** The 32 bytes; another key type, length or encoding, non-canonical and small-order points: E_KEY. */
export function parsePublicKey(text: string): Uint8Array {
  if (!text.startsWith(PREFIX)) refuseKey('is not an Ed25519 key', text.slice(0, 32));
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64(text.slice(PREFIX.length));
  } catch (cause) {
    throw new SignetError('E_KEY', 'the public key is not canonical base64', {
      expected: 'ed25519:<base64 of 32 bytes>',
      actual: text.slice(0, 64),
      cause,
    });
  }
  const reason = whyRefused(bytes);
  if (reason !== undefined) refuseKey(reason, text);
  return bytes;
}

/** `SHA256:<hex>` of the raw 32 bytes. */
export function fingerprint(publicKey: Uint8Array): string {
  return `SHA256:${Buffer.from(sha256(publicKey)).toString('hex')}`;
}

function refuseKey(reason: string, actual?: string): never {
  throw new SignetError('E_KEY', `the public key ${reason}`, {
    expected: 'a canonical Ed25519 public key',
    actual: actual ?? reason,
  });
}

function whyRefused(key: Uint8Array): string | undefined {
  if (key.length !== 32) return `has ${key.length} bytes instead of 32`;
  const y = Buffer.from(key);
  y[31] = y[31]! & 0x7f;
  if (!lessThan(y, P_BYTES)) return 'is not in its canonical form';
  return SMALL_ORDER.has(y.toString('hex')) ? 'is a point of small order' : undefined;
}

/** 64 bytes, R reduced, S below the group order: one signature has one encoding. */
export function isCanonicalSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const r = Uint8Array.from(signature.subarray(0, 32));
  r[31] = r[31]! & 0x7f;
  return lessThan(r, P_BYTES) && lessThan(signature.subarray(32), L);
}

/** Little-endian comparison of equally long numbers that are not secret. */
function lessThan(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

/** RFC 8032 §5.1.3: whether an x exists for the encoded y. */
function onCurve(key: Uint8Array): boolean {
  const encoded = BigInt(`0x${Buffer.from(key).reverse().toString('hex')}`);
  const y = encoded & ((1n << 255n) - 1n);
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  const v3 = mod(v * v * v);
  const x = mod(u * v3 * power(mod(u * v3 * v3 * v), (P - 5n) / 8n));
  const vx2 = mod(v * x * x);
  return vx2 === u || vx2 === mod(-u);
}

const mod = (n: bigint): bigint => ((n % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}

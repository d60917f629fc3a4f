// `crypto`: `getRandomValues`, `randomUUID`, `subtle.digest`. Random bytes come from HMAC_DRBG with SHA-256 (NIST SP 800-90A,
// 10.1.2) over the key of the generation, which is 256 bits of the supervisor's randomness and part of the record: so they
// replay, and are unknown to whoever does not have the record. The gate of `@noble/hashes`.
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { bytesOf } from './bytes.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** HMAC_DRBG with SHA-256, instantiated once, never reseeded: a generation ends long before it would have to be. */
export class HmacDrbg {
  #key: Uint8Array = new Uint8Array(32);
  #value: Uint8Array = new Uint8Array(32).fill(1);

  constructor(seed: Uint8Array) {
    this.#update(seed);
  }

  /** At most 65,536 bytes. */
  fill(target: Uint8Array): void {
    for (let at = 0; at < target.length; at += 32) {
      this.#value = hmac(sha256, this.#key, this.#value);
      target.set(this.#value.subarray(0, target.length - at), at);
    }
    this.#update(new Uint8Array());
  }

  #update(data: Uint8Array): void {
    for (const round of data.length === 0 ? [0] : [0, 1]) {
      this.#key = hmac
        .create(sha256, this.#key)
        .update(this.#value)
        .update(Uint8Array.of(round))
        .update(data)
        .digest();
      this.#value = hmac(sha256, this.#key, this.#value);
    }
  }
}

const INTEGERS = /^(?:Int|Uint|BigInt|BigUint)(?:8|16|32|64)(?:Clamped)?Array$/;
const QUOTA = 65_536;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const HASHES: ReadonlyMap<string, (data: Bytes) => Uint8Array> = new Map([
  ['SHA-1', sha1],
  ['SHA-256', sha256],
  ['SHA-384', sha384],
  ['SHA-512', sha512],
]);

async function digest(
  algorithm: string | { name: string },
  data: ArrayBuffer | ArrayBufferView,
): Promise<ArrayBuffer> {
  const name = String(typeof algorithm === 'object' ? algorithm.name : algorithm);
  const hash = HASHES.get(name.toUpperCase());
  if (hash === undefined)
    throw new DOMException(`there is no digest ${JSON.stringify(name)} here`, 'NotSupportedError');
  return hash(bytesOf(data)).slice().buffer as ArrayBuffer;
}

/** Without a key, as where a bundle is only described, nothing random is there: NotSupportedError. */
export function createCrypto(key: string | undefined) {
  let generator: HmacDrbg | undefined;

  function fillRandom(target: Uint8Array): void {
    if (key === undefined) {
      throw new DOMException('there is no randomness while a bundle is described', 'NotSupportedError');
    }
    generator ??= new HmacDrbg(Uint8Array.from(key, (digit) => digit.charCodeAt(0)));
    generator.fill(target);
  }

  function getRandomValues<V extends ArrayBufferView>(array: V): V {
    const name = (array as unknown as { [Symbol.toStringTag]?: string } | undefined)?.[Symbol.toStringTag];
    if (!ArrayBuffer.isView(array) || !INTEGERS.test(String(name))) {
      throw new DOMException('getRandomValues takes a typed array of integers', 'TypeMismatchError');
    }
    if (array.byteLength > QUOTA)
      throw new DOMException(`more than ${QUOTA} random bytes at once`, 'QuotaExceededError');
    fillRandom(bytesOf(array));
    return array;
  }

  function randomUUID(): string {
    const bytes = new Uint8Array(16);
    fillRandom(bytes);
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => HEX[byte]).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  return { getRandomValues, randomUUID, subtle: { digest } };
}

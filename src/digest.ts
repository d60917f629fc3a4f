// The text form of SHA-256 digests.
import { canonicalJson } from './json.ts';
import type { Sha256 } from './ports.ts';

/** Two digits a byte. */
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

/** `sha256:<hex>` of the data. */
export function digestOf(sha256: Sha256, data: Uint8Array | string): string {
  return `sha256:${hex(sha256(data))}`;
}

/** `sha256:<hex>` of the value's canonical JSON. */
export function digestOfJson(sha256: Sha256, value: unknown): string {
  return digestOf(sha256, canonicalJson(value));
}

// Base64 in the guest, over captured built-ins only: bytes cross the boundary as canonical text (DESIGN.md §4 "Guest").
import { byteLength, CapturedBytes, charCodeAt } from './intrinsics.ts';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new CapturedBytes(128);
for (let digit = 0; digit < 64; digit++) VALUES[DIGITS.charCodeAt(digit)] = digit;

/** The bytes of canonical base64, which the broker wrote. */
export function decodeBase64(text: string): Uint8Array {
  let length = (text.length / 4) * 3;
  if (text[text.length - 1] === '=') length--;
  if (text[text.length - 2] === '=') length--;
  const bytes = new CapturedBytes(length);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const word =
      (sextet(text, i) << 18) |
      (sextet(text, i + 1) << 12) |
      (sextet(text, i + 2) << 6) |
      sextet(text, i + 3);
    bytes[at++] = word >> 16;
    bytes[at++] = word >> 8;
    bytes[at++] = word;
  }
  return bytes;
}

/** Canonical base64 of the bytes; TypeError for anything that is no typed array. */
export function encodeBase64(bytes: Uint8Array): string {
  const length = byteLength(bytes);
  let text = '';
  for (let i = 0; i < length; i += 3) {
    const a = bytes[i] as number;
    const b = bytes[i + 1];
    const c = bytes[i + 2];
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += digit(word >> 18) + digit((word >> 12) & 63);
    text += (b === undefined ? '=' : digit((word >> 6) & 63)) + (c === undefined ? '=' : digit(word & 63));
  }
  return text;
}

function digit(sextet: number): string {
  return DIGITS[sextet] as string;
}

/** The six bits of one digit; padding is 0, and what it would write lies past the end. */
function sextet(text: string, index: number): number {
  return VALUES[charCodeAt(text, index)] ?? 0;
}

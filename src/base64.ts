// Strict base64: the standard alphabet with padding, one encoding for each byte string (THREATS.md 18).
import { SignetError } from './error.ts';

/** The engine's own decoder, where it has one: strict about stray bits, lenient about white space, which is refused before. */
const { fromBase64 } = Uint8Array as {
  fromBase64?: (text: string, options: { lastChunkHandling: 'strict' }) => Uint8Array;
};

/** The canonical base64 of the bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** The bytes; anything but the canonical encoding is refused with E_BASE64. */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new SignetError('E_BASE64', 'expected canonical base64', {
      expected: 'canonical base64',
      actual: text.slice(0, 40),
    });
  }
  if (fromBase64 !== undefined) {
    try {
      return fromBase64(text, { lastChunkHandling: 'strict' });
    } catch (cause) {
      throw new SignetError('E_BASE64', 'base64 has stray bits under its padding', {
        expected: 'zero bits under the padding',
        actual: text.slice(-8),
        cause,
      });
    }
  }
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  // Stray bits under the padding decode to the same bytes: only the round trip shows them.
  if (text.endsWith('=') && encodeBase64(bytes.subarray(-(bytes.length % 3 || 3))) !== text.slice(-4)) {
    throw new SignetError('E_BASE64', 'base64 has stray bits under its padding', {
      expected: 'zero bits under the padding',
      actual: text.slice(-8),
    });
  }
  return bytes;
}

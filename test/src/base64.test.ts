// One encoding for each byte string: every other text is refused (THREATS.md 18).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../src/base64.ts';
import { expectCode } from './expect-code.ts';

test('encode and decode are inverses, and agree with an independent encoder', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const text = encodeBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64'));
      expect(decodeBase64(text)).toEqual(bytes);
    }),
  );
});

test('of all texts of four characters only the canonical ones pass', () => {
  const unit = fc.constantFrom(...'AQgw/+=-_ \n\tz9é\0');
  fc.assert(
    fc.property(fc.array(unit, { minLength: 0, maxLength: 8 }), (units) => {
      const text = units.join('');
      const canonical = Buffer.from(text, 'base64').toString('base64') === text;
      if (canonical) expect(encodeBase64(decodeBase64(text))).toBe(text);
      else expectCode(() => decodeBase64(text), 'E_BASE64');
    }),
    { numRuns: 3_000 },
  );
});

test('every stray bit under the padding is refused', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const passing = (tail: (letter: string) => string): number =>
    [...alphabet].filter((letter) => {
      try {
        return decodeBase64(tail(letter)).length > 0;
      } catch {
        return false;
      }
    }).length;
  expect(passing((letter) => `AAAAA${letter}==`)).toBe(4);
  expect(passing((letter) => `AA${letter}=`)).toBe(16);
  expect(passing((letter) => `AAA${letter}`)).toBe(64);
});

test.each([
  ['no padding', 'YQ'],
  ['half the padding', 'YQ='],
  ['too much padding', 'YWJj===='],
  ['only padding', '===='],
  ['padding inside', 'YQ==YQ=='],
  ['a character after the padding', 'YQ=a'],
  ['base64url', 'Pz8_'],
  ['a newline', 'YWJj\n'],
  ['a newline inside', 'YW\nJj'],
  ['a space', 'YWJ j'],
  ['a byte order mark', '\ufeffYWJj'],
  ['a letter that looks alike', 'YWJ\u0458'],
  ['a NUL', 'YWJ\0'],
])('%s is refused', (_, text) => {
  expectCode(() => decodeBase64(text), 'E_BASE64');
});

test('eight megabytes, sound and not', () => {
  const text = encodeBase64(new Uint8Array(6_000_000).fill(255));
  expect(decodeBase64(text)).toHaveLength(6_000_000);
  expectCode(() => decodeBase64(`${text.slice(0, -1)}!`), 'E_BASE64');
  expectCode(() => decodeBase64('='.repeat(8_000_000)), 'E_BASE64');
  expect(expectCode(() => decodeBase64(`!${text}aaa`), 'E_BASE64').actual).toHaveLength(40);
});

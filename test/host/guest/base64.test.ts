// Bytes as base64 and back, as Node's own encoder has them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../../host/guest/base64.ts';

it('encodes and decodes every byte string', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const base64 = Buffer.from(bytes).toString('base64');
      expect(encodeBase64(bytes)).toBe(base64);
      expect(decodeBase64(base64)).toEqual(bytes);
    }),
  );
});

it('encodes nothing but typed arrays, whatever they say of themselves', () => {
  expect(() => encodeBase64({ length: 3, byteLength: 3 } as unknown as Uint8Array)).toThrow(TypeError);
  const lying = Object.defineProperty(new Uint8Array([1]), 'byteLength', { value: 1e9 });
  expect(encodeBase64(lying)).toBe('AQ==');
});

// The text form of digests, with the numbers of FIPS 180-4.
import { expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import { Digest } from '../../src/contracts/common.ts';
import { digestOf, digestOfJson } from '../../src/digest.ts';
import { expectCode } from './expect-code.ts';

test('digests of text and bytes', () => {
  expect(digestOf(sha256, 'abc')).toBe(
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(digestOf(sha256, Buffer.from('abc'))).toBe(digestOf(sha256, 'abc'));
  expect(digestOf(sha256, '')).toBe(
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
  expect(Digest.safeParse(digestOf(sha256, 'é')).success).toBe(true);
});

test('the digest of a value is that of its canonical JSON', () => {
  expect(digestOfJson(sha256, { b: 1, a: [2] })).toBe(digestOf(sha256, '{"a":[2],"b":1}'));
  expect(digestOfJson(sha256, { a: [2], b: 1, c: undefined })).toBe(digestOfJson(sha256, { b: 1, a: [2] }));
  expectCode(() => digestOfJson(sha256, { at: new Date(0) }), 'E_JSON');
});

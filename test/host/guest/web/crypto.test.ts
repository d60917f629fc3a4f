// Randomness against the vectors of NIST, digests against Node's.
import { createHash, webcrypto } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCrypto, HmacDrbg } from '../../../../host/guest/web/crypto.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const KEY = '0123456789abcdef'.repeat(4);

it('generates the bits of the vector (CAVP, HMAC_DRBG, SHA-256, no prediction resistance, no reseed, count 0)', () => {
  const drbg = new HmacDrbg(
    hex('ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488659ba96c601dc69fc902940805ec0ca8'),
  );
  const bits = new Uint8Array(128);
  drbg.fill(bits);
  drbg.fill(bits);
  expect(Buffer.from(bits).toString('hex')).toBe(
    'e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624a' +
      'bf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668961df86803482cb37ed6d5c0bb8d50cf1f50d476aa04' +
      '58bdaba806f48be9dcb8',
  );
});

it('is the same for the same key, another for another, and never the same twice', () => {
  const draw = (key: string) => {
    const { getRandomValues } = createCrypto(key);
    return [...getRandomValues(new Uint8Array(40)), ...getRandomValues(new Uint8Array(40))];
  };
  expect(draw(KEY)).toEqual(draw(KEY));
  expect(draw(KEY)).not.toEqual(draw(KEY.replace('0', '1')));
  const drawn = draw(KEY);
  expect(drawn.slice(0, 40)).not.toEqual(drawn.slice(40));
});

it('fills arrays of integers of any kind and part, and nothing else', () => {
  const { getRandomValues } = createCrypto(KEY);
  const bytes = new Uint8Array(64);
  const part = new BigUint64Array(bytes.buffer, 8, 4);
  expect(getRandomValues(part)).toBe(part);
  expect([...bytes.subarray(0, 8)]).toEqual(new Array(8).fill(0));
  expect([...bytes.subarray(40)]).toEqual(new Array(24).fill(0));
  expect(part.every((value) => value !== 0n)).toBe(true);
  for (const wrong of [new Float64Array(1), new DataView(new ArrayBuffer(1)), [1], {}, undefined]) {
    expect(() => getRandomValues(wrong as Uint8Array)).toThrow(
      expect.objectContaining({ name: 'TypeMismatchError' }),
    );
  }
  expect(getRandomValues(new Uint8Array(65_536)).length).toBe(65_536);
  expect(() => getRandomValues(new Uint8Array(65_537))).toThrow(
    expect.objectContaining({ name: 'QuotaExceededError' }),
  );
});

it('has nothing random without a key', () => {
  const { getRandomValues, randomUUID } = createCrypto(undefined);
  for (const draw of [() => getRandomValues(new Uint8Array(1)), randomUUID]) {
    expect(draw).toThrow(expect.objectContaining({ name: 'NotSupportedError' }));
  }
});

it('makes version 4 identifiers', () => {
  const { randomUUID } = createCrypto(KEY);
  const many = Array.from({ length: 200 }, randomUUID);
  expect(new Set(many).size).toBe(200);
  expect(
    many.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
  ).toBe(true);
});

it('digests as Node does', async () => {
  const { subtle } = createCrypto(KEY);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('SHA-1', 'sha-256', 'SHA-384', 'SHA-512'),
      async (bytes, name) => {
        const digest = Buffer.from(await subtle.digest({ name }, bytes as Uint8Array<ArrayBuffer>));
        expect(digest).toEqual(createHash(name.replace('-', '')).update(bytes).digest());
      },
    ),
  );
  const data = new Uint8Array([1, 2, 3, 4]);
  expect(await subtle.digest('SHA-256', new DataView(data.buffer, 1, 2))).toEqual(
    await webcrypto.subtle.digest('SHA-256', data.subarray(1, 3)),
  );
  await expect(subtle.digest('MD5', data)).rejects.toMatchObject({ name: 'NotSupportedError' });
});

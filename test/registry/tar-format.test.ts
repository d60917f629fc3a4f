// The single headers: what is written is what is read, and what is no header is refused.
import { describe, expect, test } from 'vitest';
import { BLOCK, entryHeader, padded, readHeader, readPaxPath } from '../../registry/tar-format.ts';
import { codeOf, entry, pax } from './tar-bytes.ts';

describe('entryHeader', () => {
  test('is one block where ustar can hold the name, and equal to one made by hand', () => {
    const made = entryHeader('dir/a.txt', 0o755, 700);
    const byHand = entry({ name: 'dir/a.txt', mode: '0000755\0', size: '00000001274\0' });
    expect(Buffer.from(made)).toEqual(byHand);
  });

  test('splits a long name at the leftmost slash that leaves at most 100 bytes', () => {
    const path = `${'a'.repeat(60)}/${'b'.repeat(60)}/${'c'.repeat(30)}`;
    const byHand = entry({ prefix: 'a'.repeat(60), name: `${'b'.repeat(60)}/${'c'.repeat(30)}` });
    expect(Buffer.from(entryHeader(path, 0o644, 0))).toEqual(byHand);
  });

  test.each([
    ['a prefix of 156 bytes', `${'a'.repeat(156)}/${'b'.repeat(100)}`],
    ['a name of 101 bytes', 'n'.repeat(101)],
    ['a name that is not ASCII', 'ü'],
  ])('is a PAX record and two headers for %s', (_what, path) => {
    const made = Buffer.from(entryHeader(path, 0o644, 3));
    const file = entry({ name: '@PaxHeader', size: '00000000003\0' });
    expect(made).toEqual(Buffer.concat([pax({ path }), file]));
  });

  test.each([88, 89, 90, 91, 92, 985, 986, 987])('a PAX length counts itself, path of %i bytes', (bytes) => {
    const path = `é${'x'.repeat(bytes - 2)}`;
    const made = entryHeader(path, 0o644, 0);
    const size = readHeader(made.subarray(0, BLOCK), 'x').size;
    const body = made.subarray(BLOCK, BLOCK + size);
    expect(Number.parseInt(Buffer.from(body).toString(), 10)).toBe(size);
    expect(readPaxPath(body, 'x')).toBe(path);
    expect(made.length).toBe(2 * BLOCK + padded(size));
  });
});

describe('readHeader', () => {
  const of = (fields: Parameters<typeof entry>[0]) => readHeader(entry(fields).subarray(0, BLOCK), 'x');
  test('reads type, mode, size and path', () => {
    expect(of({ name: 'b', prefix: 'a', mode: '0000755\0', body: 'xy' })).toEqual({
      type: '0',
      mode: 0o755,
      size: 2,
      path: 'a/b',
    });
  });

  test.each([
    ['E_ARCHIVE_FORMAT', { magic: 'ustar\x0001' }],
    ['E_ARCHIVE_FORMAT', { size: '0000000000x\0' }],
    ['E_ARCHIVE_FORMAT', { size: '-0000000001\0' }],
    ['E_ARCHIVE_FORMAT', { mode: '     644' }],
    ['E_ARCHIVE_FORMAT', { raw: { 0: 0xc3, 1: 0x28 } }],
    ['E_ARCHIVE_PATH', { name: 'a', raw: { 2: 0x62 } }],
    ['E_ARCHIVE_PATH', { prefix: 'a', raw: { 350: 0x62 } }],
  ])('%s for %j', (code, fields) => {
    expect(codeOf(() => of(fields))).toBe(code);
  });
});

describe('readPaxPath', () => {
  test.each([
    ['passed', '8 path=a\n'],
    ['E_ARCHIVE_FORMAT', ''],
    ['E_ARCHIVE_FORMAT', '8 path=a'],
    ['E_ARCHIVE_FORMAT', '7 path=\n'],
    ['E_ARCHIVE_FORMAT', '8 path=a\n8 path=b\n'],
    ['E_ARCHIVE_FORMAT', '12 linkpath=a\n'],
    ['E_ARCHIVE_PATH', '9 path=a\0\n'],
    ['E_ARCHIVE_TYPE', '22 GNU.sparse.major=1\n'],
  ])('%s for %j', (code, text) => {
    expect(codeOf(() => readPaxPath(Buffer.from(text), 'x'))).toBe(code);
  });

  test('bytes that are not UTF-8', () => {
    expect(codeOf(() => readPaxPath(Buffer.from([0x38, 0xff]), 'x'))).toBe('E_ARCHIVE_FORMAT');
  });
});

// One file with archive and proof: parse and format are inverses, and nothing else parses (FORMAT.md "Export").
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatExport, isExport, parseExport } from '../../registry/export.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const bytes = (text: string) => Buffer.from(text, 'latin1');

test('the form, byte by byte', () => {
  const file = formatExport({ archive: bytes('archive'), proof: bytes('{}') });
  expect(Buffer.from(file).toString('latin1')).toBe('signet-export/1 7 2\narchive{}');
});

test('parse and format are inverses, whatever the parts hold', () => {
  const part = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(part, part, (archive, proof) => {
      const file = formatExport({ archive, proof });
      expect(isExport(file)).toBe(true);
      const parsed = parseExport(file, 'x');
      expect([Buffer.from(parsed.archive), Buffer.from(parsed.proof)]).toEqual([
        Buffer.from(archive),
        Buffer.from(proof),
      ]);
      expect(() => parseExport(Buffer.concat([file, Buffer.of(0)]), 'x')).toThrow(code('E_FORMAT'));
      expect(() => parseExport(file.subarray(0, -1), 'x')).toThrow(
        expect.objectContaining({ name: 'SignetError' }),
      );
    }),
  );
});

test.each([
  ['another version', 'signet-export/2 1 1\nab', 'E_FORMAT_VERSION'],
  ['a leading zero', 'signet-export/1 01 1\nab', 'E_FORMAT'],
  ['two spaces', 'signet-export/1  1 1\nab', 'E_FORMAT'],
  ['no line end', 'signet-export/1 1 1', 'E_FORMAT'],
  ['another line end', 'signet-export/1 1 1\r\nab', 'E_FORMAT'],
  ['a length that lies', 'signet-export/1 9 1\nab', 'E_FORMAT'],
  ['a length that cannot be', 'signet-export/1 9999999999999999 1\nab', 'E_FORMAT'],
  ['a negative length', 'signet-export/1 -1 3\nab', 'E_FORMAT'],
])('%s is refused', (_, text, expected) => {
  expect(isExport(bytes(text))).toBe(true);
  expect(() => parseExport(bytes(text), 'x')).toThrow(code(expected));
});

test('a tar is no exported file', () => {
  expect(isExport(bytes('FILES.json'))).toBe(false);
  expect(isExport(new Uint8Array())).toBe(false);
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { formatDocument, parseDocument } from '../../keys/document.ts';

const Schema = z.strictObject({ type: z.literal('root/1'), version: z.number() });
const parse = (text: string) => parseDocument(Schema, Buffer.from(text), 'root/1', 'test', { maxBytes: 100 });

test.each([
  ['a newer format says upgrade', '{"type":"root/2","version":1}', 'E_FORMAT_VERSION'],
  ['an older format says upgrade, not tampered', '{"type":"root/0","version":1}', 'E_FORMAT_VERSION'],
  ['a newer format with other fields as well', '{"type":"root/2","later":1}', 'E_FORMAT_VERSION'],
  ['another document', '{"type":"status/1","version":1}', 'E_FORMAT'],
  ['no type', '{"version":1}', 'E_FORMAT'],
  ['an array', '[]', 'E_FORMAT'],
  ['null', 'null', 'E_FORMAT'],
  ['an unknown field', '{"type":"root/1","version":1,"x":1}', 'E_FORMAT'],
  ['a duplicate key', '{"type":"root/1","version":1,"version":2}', 'E_JSON'],
  ['__proto__', '{"type":"root/1","version":1,"__proto__":{}}', 'E_JSON'],
  ['a byte order mark', '\ufeff{"type":"root/1","version":1}', 'E_JSON'],
  ['too many bytes', `{"type":"root/1","version":1${' '.repeat(100)}}`, 'E_LIMIT'],
])('%s', (_, text, code) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
});

test('format and parse are inverses', () => {
  const document = { type: 'root/1', version: 1 } as const;
  expect(parse(Buffer.from(formatDocument(document)).toString())).toEqual(document);
});

import { expect, test } from 'vitest';
import { Bytes, bytesOf } from '../../../host/capabilities/bytes.ts';
import { refusal } from '../refusal.ts';

test.each([
  null,
  'x',
  {},
  { text: 1 },
  { text: 'a', base64: 'YQ==' },
  { hex: '00' },
  { text: 'abcde' },
  { base64: 'YWJj' + 'ZA==' },
])('%j are no bytes of at most four units', (given) => expect(Bytes(4).safeParse(given).success).toBe(false));

test('text is UTF-8, base64 is what it stands for', () => {
  expect(Buffer.from(bytesOf(Bytes(4).parse({ text: 'ä' })))).toEqual(Buffer.from([0xc3, 0xa4]));
  expect(Buffer.from(bytesOf(Bytes(4).parse({ base64: '//4A' })))).toEqual(Buffer.from([0xff, 0xfe, 0]));
});

test.each(['YQ', 'YQ==\n', 'YR==', '_w=='])('%j is not canonical', (base64) => {
  expect(refusal(() => bytesOf({ base64 }))).toBe('E_BASE64');
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counted, oneLine, printable } from '../../src/text.ts';

const CLEAR = '\u001b[2J\u001b[H';

test('what steers a terminal is shown, not done', () => {
  expect(oneLine(`${CLEAR}✓ acme 1.0.0\r\u202e\u2028\u0085`)).toBe(
    '\\u001b[2J\\u001b[H✓ acme 1.0.0\\u000d\\u202e\\u2028\\u0085',
  );
  expect(oneLine('a\nb')).toBe('a\\u000ab');
  expect(printable(`a\n${CLEAR}`)).toBe('a\n\\u001b[2J\\u001b[H');
  expect(oneLine('é 漢字 😀')).toBe('é 漢字 😀');
});

test('a long text is cut', () => {
  expect(oneLine('x'.repeat(20), 10)).toBe(`${'x'.repeat(10)}…`);
});

test('a JSON document stays the same document', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, extra) => {
      const document = { value, extra, clear: CLEAR };
      const shown = printable(JSON.stringify(document));
      expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(document)));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
      expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
});

test('one is one, and everything else is many', () => {
  expect([0, 1, 2].map((n) => counted(n, 'file'))).toEqual(['0 files', '1 file', '2 files']);
  expect([1, 2].map((n) => counted(n, 'capability', 'capabilities'))).toEqual([
    '1 capability',
    '2 capabilities',
  ]);
});

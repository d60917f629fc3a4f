import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plain, plainWithin, shellQuote } from '../../host/plain-text.ts';

test.each([
  // hostile text, what is shown
  ['a\nb', 'a\\u{a}b'],
  ['\u001b[2Jgone', '\\u{1b}[2Jgone'],
  ['safe\u202egnp.exe', 'safe\\u{202e}gnp.exe'],
  ['a\u2028b', 'a\\u{2028}b'],
  ['\u0000\u007f', '\\u{0}\\u{7f}'],
  ['é 漢 🙂', 'é 漢 🙂'],
])('%j is shown on one line', (text, shown) => {
  expect(plain(text)).toBe(shown);
});

test('long text is cut', () => {
  expect(plain('x'.repeat(500), 10)).toBe('xxxxxxxxxx…');
});

test('a quoted word comes out of a shell as it went in', () => {
  const words = [
    ...fc.sample(fc.string({ unit: 'binary', minLength: 1 }), 60),
    "it's",
    '$(touch /tmp/x)',
    '-l',
    'a\u001b[2J\\n',
  ].filter((word) => !word.includes('\0') && word.isWellFormed());
  const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`;
  const printed = execFileSync('/bin/bash', ['-c', script], {
    env: { LC_ALL: 'C.UTF-8' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(printed.split('\0').slice(0, -1)).toEqual(words);
});

test('what a terminal would act on is never in a quoted word', () => {
  expect(shellQuote('x\u001b[2J')).toBe("$'x\\U0000001b[2J'");
  expect(shellQuote('')).toBe("''");
});

test('what must fit a field is cut after it was escaped, and stays well-formed', () => {
  expect(plainWithin('\u{e0001}'.repeat(500), 100)).toHaveLength(100);
  expect(plainWithin('a😀', 2)).toBe('a\\');
  expect(plainWithin(`${'a'.repeat(98)}\n😀`, 105).isWellFormed()).toBe(true);
  expect(plainWithin('as it is', 8)).toBe('as it is');
});

// THREATS.md H11: a secret that an origin echoes, however it spells it.
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactorOf } from '../../host/redact.ts';

/** Awkward on purpose: it has what every escaping touches, and what looks like an escape. */
const VALUE = 'Abc+/def_%41-"x&;9\\n=~';
const secretOf = (value: string) => ({ name: 'KEY', value });
const { text, bytes } = redactorOf([secretOf(VALUE)]);

const each = (char: (code: number) => string, value = VALUE): string =>
  [...value].map((one) => char(one.charCodeAt(0))).join('');
const hex = (code: number): string => code.toString(16).padStart(2, '0');
const base64 = (before: string, after = ''): string => Buffer.from(before + VALUE + after).toString('base64');

describe('every spelling', () => {
  test.each<[string, string]>([
    ['as it is', VALUE],
    ['in lower case', VALUE.toLowerCase()],
    ['in JSON', JSON.stringify(VALUE).slice(1, -1)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(VALUE)).slice(1, -1)],
    ['as \\u', each((code) => `\\u00${hex(code)}`)],
    ['as \\u in JSON', each((code) => `\\\\u00${hex(code)}`)],
    ['as \\x', each((code) => `\\x${hex(code)}`)],
    ['percent-encoded', encodeURIComponent(VALUE)],
    ['percent-encoded, every byte', each((code) => `%${hex(code)}`)],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(VALUE))],
    ['as decimal entities', each((code) => `&#${code};`)],
    ['as hexadecimal entities', each((code) => `&#x${hex(code)};`)],
    ['as named entities', VALUE.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ['hexadecimal', Buffer.from(VALUE).toString('hex')],
    ['HEXADECIMAL', Buffer.from(VALUE).toString('hex').toUpperCase()],
    ['hexadecimal in groups', Buffer.from(VALUE).toString('hex').replace(/../g, '$& ')],
    ['UTF-16 LE', Buffer.from(VALUE, 'utf16le').toString('latin1')],
    ['UTF-16 BE', Buffer.from(VALUE, 'utf16le').swap16().toString('latin1')],
    ['base64', base64('')],
    ['base64, behind one byte', base64('x')],
    ['base64, behind two bytes', base64('xx')],
    ['base64, in the middle', base64('Authorization: Bearer ', '\r\n')],
    ['base64url', Buffer.from(`x${VALUE}`).toString('base64url')],
    ['base64 in lines', base64('xx').replace(/.{8}/g, '$&\r\n')],
    ['base64 in a URL', encodeURIComponent(base64('x'))],
    ['mixed', `%41\\u0062${VALUE.slice(2)}`],
    ['with a line break in it', `${VALUE.slice(0, 5)}\r\n ${VALUE.slice(5)}`],
  ])('%s', (_, spelled) => {
    for (const [before, after] of [
      ['', ''],
      ['{"key":"', '","more":1}'],
      ['Bearer ', ', x'],
    ]) {
      const shown = text(`${before}${spelled}${after}`);
      expect(shown).toContain('***');
      // Nothing is left of it but, in base64 and in front, what a neighbour shares a character with.
      expect(shown.length).toBeLessThanOrEqual(`${before}***${after}`.length + 48);
      expect(shown.startsWith(before as string) && shown.endsWith(after as string)).toBe(true);
      for (const form of [VALUE, VALUE.slice(4, -4), base64('').slice(8, -8)])
        expect(shown).not.toContain(form);
    }
  });
});

test('what is no secret stays byte for byte', () => {
  const other = VALUE.slice(0, -1);
  for (const one of [
    '',
    other,
    JSON.stringify(other),
    base64('').slice(0, 12),
    '%41%',
    '\\',
    '&#65',
    '%2',
    '***',
  ])
    expect(text(one)).toBe(one);
  const random = randomBytes(4096);
  expect(bytes(random)).toBe(random);
  const same = Buffer.from(VALUE);
  expect(redactorOf([]).bytes(same)).toBe(same);
});

test('what is around it stays as it was: still JSON, still UTF-8', () => {
  const body = { before: 'ä€😀\n', key: VALUE, keys: [VALUE, `${VALUE}${VALUE}`], after: '"\\' };
  const shown = bytes(Buffer.from(JSON.stringify(body))).toString();
  expect(JSON.parse(shown)).toEqual({ ...body, key: '***', keys: ['***', '******'] });
});

test('a secret of nothing but escapes is found as it is', () => {
  const bare = redactorOf([secretOf('\\\\\\\\\\\\\\\\')]);
  expect(bare.text('a\\\\\\\\\\\\\\\\b\\\\')).toBe('a***b\\\\');
});

test('several secrets, one within the other', () => {
  const both = redactorOf([secretOf('12345678'), secretOf('x12345678y')]);
  expect(both.text('a x12345678y b 12345678 c')).toBe('a *** b *** c');
  expect(redactorOf([secretOf('x12345678y'), secretOf('12345678')]).text('ax12345678yb')).toBe('a***b');
});

test('any secret is found in any of these spellings, wherever it stands', () => {
  const value = fc.stringMatching(/^[\x21-\x7e]{8,64}$/);
  const spell = fc.constantFrom<(one: string) => string>(
    (one) => one,
    encodeURIComponent,
    (one) => JSON.stringify(one),
    (one) => Buffer.from(one).toString('hex'),
    (one) => each((code) => `%${hex(code)}`, one),
    (one) => each((code) => `\\u00${hex(code)}`, one),
    (one) => each((code) => `&#${code};`, one),
  );
  const around = fc.string({ unit: 'grapheme-ascii', maxLength: 8 });
  fc.assert(
    fc.property(value, spell, fc.nat(2), (one, how, offset) => {
      const found = redactorOf([secretOf(one)]);
      expect(found.text(how(one))).toContain('***');
      const encoded = Buffer.from(`${'y'.repeat(offset)}${one}`).toString('base64');
      expect(found.text(encoded)).toContain('***');
    }),
  );
  fc.assert(
    fc.property(value, around, around, (one, before, after) => {
      // In front may stand what joins with its first character into another escape: then it is not there as such.
      fc.pre(!/[%&\\#0-9a-fA-Fxu]$/.test(before));
      expect(redactorOf([secretOf(one)]).text(`${before}${one}${after}`)).not.toContain(one);
    }),
  );
});

test.each<[string, Buffer]>([
  ['backslashes', Buffer.alloc(8 << 20, '\\')],
  ['percents', Buffer.alloc(8 << 20, '%25')],
  ['ampersands', Buffer.alloc(8 << 20, '&')],
  ['its first character', Buffer.alloc(8 << 20, 'a')],
])('the longest body of nothing but %s is passed over once', (_, body) => {
  const long = redactorOf([secretOf('a'.repeat(4095))]);
  expect(long.bytes(body).length).toBeLessThanOrEqual(body.length);
});

test('an answer made of secrets is one secret: what it costs is bounded', () => {
  expect(text(`${VALUE}, `.repeat(1_000))).toBe('***, '.repeat(1_000));
  expect(text(`${VALUE}, `.repeat(20_000))).toBe('***');
});

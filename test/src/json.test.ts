// Strict JSON: what two readers could read differently, what would hurt a reader, and the canonical form (THREATS.md 18, 36).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, parseJson } from '../../src/json.ts';
import { expectCode } from './expect-code.ts';

describe('refused with E_JSON', () => {
  test.each([
    ['nothing', ''],
    ['a comment', '{} // x'],
    ['a trailing comma', '[1,]'],
    ['two values', '{} {}'],
    ['single quotes', "{'a':1}"],
    ['an open string', '"abc'],
    ['an open escape', '"abc\\'],
    ['an unknown escape', '"\\x41"'],
    ['a short escape', '"\\u12"'],
    ['a raw newline in a string', '"a\nb"'],
    ['NaN', 'NaN'],
    ['Infinity', '-Infinity'],
    ['a leading zero', '01'],
    ['a plus', '+1'],
    ['a bare point', '1.'],
    ['a number that overflows', '1e999'],
    ['one that overflows downwards', '[-1e309]'],
    ['a closing bracket too many', '[]]'],
    ['a bracket of the other kind', '[}'],
    ['a byte order mark', '\ufeff{}'],
    ['a doubled key', '{"a":1,"a":2}'],
    ['a doubled key in other spelling', '{"a":1,"\\u0061":2}'],
    ['a doubled key further in', '[{"x":{"b":1,"c":{},"b":2}}]'],
    ['a doubled key after an array', '{"a":[{"b":1},2],"a":2}'],
    ['a doubled empty key', '{"":1,"":2}'],
    ['__proto__', '{"__proto__":{"polluted":true}}'],
    ['__proto__ in other spelling', '{"\\u005f_proto__":1}'],
    ['__proto__ further in', '{"a":[{"__proto__":1}]}'],
    ['a lone surrogate', '"\\ud800"'],
    ['a lone trailing surrogate', '["\\udc00"]'],
    ['a lone surrogate as it is', '"\ud800"'],
    ['a lone surrogate in a key', '{"\\ud800":1}'],
    ['surrogates in the wrong order', '"\\udc00\\ud800"'],
  ])('%s', (_, text) => {
    expectCode(() => parseJson(text), 'E_JSON');
  });

  test('bytes that are no UTF-8: cut, overlong, a surrogate, UTF-16', () => {
    for (const bytes of [
      [0x22, 0xc3, 0x22],
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe, 0x31, 0],
    ]) {
      expectCode(() => parseJson(Uint8Array.from(bytes)), 'E_JSON');
    }
    expectCode(() => parseJson(Buffer.from('\ufeff{}')), 'E_JSON');
    expect(parseJson(Buffer.from('"é"'))).toBe('é');
  });

  test('the message names the item and keeps foreign text short', () => {
    const error = expectCode(
      () => parseJson(`{"${'k'.repeat(5000)}":1,"${'k'.repeat(5000)}":2}`, 'plugin.json'),
      'E_JSON',
    );
    expect(error.item).toBe('plugin.json');
    expect(error.message.length).toBeLessThan(200);
  });
});

test('what looks alike and is sound passes', () => {
  expect(parseJson('{"a":{"a":{"a":[]}},"b":["a","a"]}')).toEqual({ a: { a: { a: [] } }, b: ['a', 'a'] });
  expect(parseJson('["__proto__", "{\\"a\\":1,\\"a\\":2}", "[[[["]')).toEqual([
    '__proto__',
    '{"a":1,"a":2}',
    '[[[[',
  ]);
  expect(parseJson('{"constructor":1,"toString":2,"a,b":3,"A":4}')).toEqual({
    constructor: 1,
    toString: 2,
    'a,b': 3,
    A: 4,
  });
  expect(parseJson('"\\ud83d\\ude00 \\\\ \\" \\n"')).toBe('😀 \\ " \n');
  expect(parseJson(' \t\r\n[ -0.5e-3 , 1E2, 1e-999 ] ')).toEqual([-0.0005, 100, 0]);
});

test('a string ends at the first quote that no backslash takes, and keys are told apart by what they stand for', () => {
  for (const text of [
    '"a\\\\"',
    '"\\""',
    '["\\\\","\\"",""]',
    '{"a\\"":1,"a":2,"\\\\":"\\\\"}',
    '["","",{"":"\\u0022"}]',
  ])
    expect(parseJson(text)).toEqual(JSON.parse(text));
  for (const text of ['{"a":"\\\\","a":1}', '{"\\u0061":"\\"","a":1}', '{"x":"\\\\\\"","x":1}'])
    expectCode(() => parseJson(text), 'E_JSON');
});

describe('limits', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  test('64 levels pass, 65 do not, and the limit can be set', () => {
    expect(parseJson(nested(64))).toBeDefined();
    expectCode(() => parseJson(nested(65)), 'E_JSON');
    expectCode(() => parseJson('{"a":'.repeat(65) + 1 + '}'.repeat(65)), 'E_JSON');
    expect(parseJson(nested(100), 'x', { maxDepth: 100 })).toBeDefined();
    expectCode(() => parseJson('[]', 'x', { maxDepth: 0 }), 'E_JSON');
  });

  test('bytes of UTF-8 are counted, in text as in bytes', () => {
    const text = JSON.stringify('é'.repeat(49));
    for (const source of [text, Buffer.from(text)]) {
      expect(parseJson(source, 'x', { maxBytes: 100 })).toBe('é'.repeat(49));
      expectCode(() => parseJson(source, 'x', { maxBytes: 99 }), 'E_LIMIT');
    }
    expectCode(() => parseJson('1'.repeat(101), 'x', { maxBytes: 100 }), 'E_LIMIT');
  });

  test('eight megabytes of malice end in an answer, not in a full stack', () => {
    const SIZE = 7_000_000;
    expect(parseJson(`"${'a'.repeat(SIZE)}"`)).toHaveLength(SIZE);
    expect(parseJson(`"${'\\\\'.repeat(SIZE / 2)}"`)).toHaveLength(SIZE / 2);
    expect(parseJson(`${' '.repeat(SIZE)}1`)).toBe(1);
    expect(parseJson(`[${'0,'.repeat(1_000_000)}0]`)).toHaveLength(1_000_001);
    const hostile = [
      '['.repeat(SIZE),
      '{"a":'.repeat(SIZE / 5),
      nested(SIZE / 2),
      ']'.repeat(SIZE),
      '"'.repeat(SIZE + 1),
      `"${'\\'.repeat(SIZE)}`,
      `"${'\\"'.repeat(SIZE / 2)}`,
      `"${'\\u'.repeat(SIZE / 2)}"`,
      '1'.repeat(SIZE),
      '-'.repeat(SIZE),
      `1${'e-'.repeat(SIZE / 2)}`,
      ','.repeat(SIZE),
    ];
    for (const text of hostile) expectCode(() => parseJson(text), 'E_JSON');
  });
});

describe('canonicalJson', () => {
  test('sorts keys by UTF-16 code unit, writes numbers as ECMAScript does, leaves out undefined', () => {
    expect(
      canonicalJson({ b: 1, a: [true, null], B: 'x', '\ufb33': 0, '\u{1f600}': 0, '€': 0, 10: 0, 9: 0 }),
    ).toBe('{"10":0,"9":0,"B":"x","a":[true,null],"b":1,"€":0,"\u{1f600}":0,"\ufb33":0}');
    expect(canonicalJson([1e21, 0.000001, 1e-7, -0, Number('333333333.33333329')])).toBe(
      '[1e+21,0.000001,1e-7,0,333333333.3333333]',
    );
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
    // biome-ignore lint/suspicious/noSparseArray: a hole must not become an empty place
    expect(canonicalJson([, 1])).toBe('[null,1]');
    expect(canonicalJson('\u2028\u007f"\\\b')).toBe('"\u2028\u007f\\"\\\\\\b"');
  });

  test('refuses what has no JSON form, or what would be lost in it', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const deep = (depth: number): unknown => (depth === 0 ? [] : [deep(depth - 1)]);
    class Point {
      x = 1;
    }
    const wrong = [
      undefined, () => 1, Symbol('x'), 1n, Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udc00': 1 }, { a: () => 1 },
      new Date(0), new Map([[1, 2]]), new Uint8Array(2), new Point(), cyclic, deep(64), JSON.parse('{"__proto__":1}'),
    ]; // biome-ignore format: a list
    for (const value of wrong) expectCode(() => canonicalJson(value), 'E_JSON');
    expect(canonicalJson(deep(63))).toHaveLength(128);
    expect(canonicalJson(Object.assign(Object.create(null), { x: 1 }))).toBe('{"x":1}');
  });

  const json = fc
    .jsonValue({ maxDepth: 6 })
    .filter((value) => !JSON.stringify(value).includes('"__proto__"'));

  test('parseJson gives back what canonicalJson wrote, and canonical text is a fixed point', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(parseJson(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(parseJson(text))).toBe(text);
        expect(parseJson(Buffer.from(text))).toEqual(parseJson(text));
      }),
      { numRuns: 300 },
    );
  });

  test('two texts of one value have one canonical form; of two values two', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(canonicalJson(parseJson(JSON.stringify(a, null, 2)))).toBe(canonicalJson(a));
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(canonicalJson(a) === canonicalJson(b)).toBe(same);
      }),
    );
  });

  test('parseJson never reads another value than JSON.parse, and refuses what JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a":',
      '"b":',
      '"\\u0061":',
      '1',
      '-',
      'true',
      ' ',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const [strict, plain] = [attempt(() => parseJson(text)), attempt(() => JSON.parse(text))];
        if (plain === undefined) expect(strict).toBeUndefined();
        if (strict !== undefined) expect(strict).toEqual(plain);
      }),
      { numRuns: 2_000 },
    );
  });
});

function attempt(read: () => unknown): unknown {
  try {
    return [read()];
  } catch {
    return undefined;
  }
}

/** The value with sorted keys, by other means. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  // Not a list: an empty object is another value than an empty list.
  return { fields: fields.map(([key, child]) => [key, sorted(child)]) };
}

test('more values than may be are E_LIMIT, however they are nested; as many as may be are read', () => {
  const maxValues = 6;
  for (const text of ['[0,0,0,0,0,0,0]', '{"a":[],"b":[],"c":[]}', '[[[[[[]]]]]]', '["a,b",[],[],[]]'])
    expectCode(() => parseJson(text, 'x', { maxValues }), 'E_LIMIT');
  for (const text of ['[0,0,0,0,0]', '{"a":[],"b":[]}', '[[[[[]]]]]', '",,,,,,,,"', '["a,b,c,d,e,f"]'])
    expect(parseJson(text, 'x', { maxValues })).toEqual(JSON.parse(text));
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatYaml, parseYaml, parseYamlShape } from '../../registry/yaml.ts';

const BOMB = `a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: [*b, *b, *b, *b]\n`;

describe('refused with E_CONFIG and the line', () => {
  test.each([
    // what, text, line
    ['a duplicate key', 'version: 1\ngrants: []\nversion: 2\n', 3],
    ['two documents', 'a: 1\n---\nb: 2\n', 2],
    ['an alias bomb', BOMB, 1],
    ['an alias', 'a: [1]\nb: *a\n', 2],
    ['an anchor nobody uses', 'a: 1\nb: &x 2\n', 2],
    ['a tag of its own', 'a: 1\nb: !js/function x\n', 2],
    ['a tag that makes no JSON value', 'a: !!binary aGk=\n', 1],
    ['__proto__ as a key', 'a: 1\n__proto__: {x: 1}\n', 2],
    ['a key that is no string', '? [a]\n: b\n', 1],
    ['an unfinished flow', 'a: 1\nb: [1, 2\n', 3],
    ['nesting without end', '['.repeat(20_000), 1],
  ])('%s', (_, text, line) => {
    expect(() => parseYaml(text, 'x.yaml')).toThrow(
      expect.objectContaining({ code: 'E_CONFIG', item: `x.yaml:${line}` }),
    );
  });
});

test('beyond 8 MiB is E_LIMIT', () => {
  expect(() => parseYaml(`# ${'x'.repeat(8 << 20)}`, 'x.yaml')).toThrow(
    expect.objectContaining({ code: 'E_LIMIT' }),
  );
});

test('one document of plain values is read, explicit plain tags included', () => {
  const text = '# note\nversion: 1\nlist:\n  - a\n  - !!str 1\n  - {b: null, c: 1.5, d: true}\n';
  expect(parseYaml(text, 'x.yaml')).toEqual({
    version: 1,
    list: ['a', '1', { b: null, c: 1.5, d: true }],
  });
});

test('what is written is read back as it was', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.array(fc.string())),
      ),
      (value) => {
        expect(parseYaml(formatYaml({ value }), 'x')).toEqual({ value: { ...value } });
      },
    ),
  );
});

describe('a shape', () => {
  const Thing = z.strictObject({
    list: z.array(
      z.strictObject({ a: z.number(), b: z.union([z.literal('all'), z.array(z.string())]).optional() }),
    ),
  });
  const parse = (text: string) => parseYamlShape(Thing, text, 'x.yaml');

  test.each<[string, string, number, string]>([
    ['a value deep inside', 'list:\n  - a: 1\n  - a: one\n', 3, 'list.1.a: '],
    ['an unknown field', 'list:\n  - a: 1\n    c: 2\n', 3, 'list.0: '],
    ['a missing field: where it should stand', 'list:\n  - a: 1\n  - b: all\n', 3, 'list.1.a: '],
    [
      'inside one of several alternatives',
      'list:\n  - a: 1\n    b:\n      - x\n      - 7\n',
      5,
      'list.0.b.1: ',
    ],
    ['none of several alternatives', 'list:\n  - a: 1\n    b: 7\n', 3, 'list.0.b: '],
    ['nothing at all', '', 1, '(top): '],
  ])('%s names its line', (_, text, line, what) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'E_CONFIG',
        item: `x.yaml:${line}`,
        message: expect.stringContaining(`line ${line}: ${what}`),
      }),
    );
  });

  test('every problem has its own line', () => {
    expect(() => parse('list:\n  - a: x\n  - a: 1\n  - a: y\n')).toThrow(/line 2: .*; line 4: /);
  });

  test('what has the shape is returned', () => {
    expect(parse('list: [{a: 1, b: [x]}, {a: 2, b: all}]\n').list).toHaveLength(2);
  });
});

// The closed subset: what is refused, and that whatever is accepted is enforced (THREATS.md H8).
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compileSchema, outsideSubset } from '../../src/json-schema.ts';
import { expectCode } from './expect-code.ts';

const nested = (depth: number): unknown =>
  depth === 0 ? { type: 'string' } : { type: 'array', items: nested(depth - 1) };
const wide = (count: number): unknown => ({
  type: 'object',
  properties: Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, {}])),
});
const cyclic: Record<string, unknown> = { type: 'array' };
cyclic['items'] = cyclic;

describe('refused with E_SCHEMA_SUBSET', () => {
  test.each<[string, unknown]>([
    ['pattern', { type: 'string', pattern: '^(a+)+$' }],
    ['pattern further in', { type: 'object', properties: { a: { type: 'string', pattern: 'x' } } }],
    ['patternProperties', { type: 'object', patternProperties: { '^a': {} } }],
    ['format', { type: 'string', format: 'email' }],
    ['$ref to itself', { $ref: '#' }],
    ['$ref to another place', { $ref: 'https://example.com/schema.json' }],
    ['$defs', { $defs: { a: {} }, type: 'string' }],
    ['$id', { $id: 'x' }],
    ['allOf', { allOf: [{ type: 'string' }] }],
    ['not', { not: {} }],
    ['if', { if: {}, else: {} }],
    ['uniqueItems', { type: 'array', items: {}, uniqueItems: true }],
    ['contains', { type: 'array', items: {}, contains: {} }],
    ['an unknown keyword', { type: 'string', 'x-note': 1 }],
    ['an unknown type', { type: 'text' }],
    ['an empty list of types', { type: [] }],
    ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }],
    ['null', null],
    ['a text', 'string'],
    ['a list', []],
    ['a number as a sub-schema', { type: 'array', items: 1 }],
    ['17 levels', nested(17)],
    ['257 properties', wide(257)],
    ['1,001 sub-schemas', { type: 'array', prefixItems: Array(5).fill(wide(200)), items: {} }],
    ['257 values', { enum: Array.from({ length: 257 }, (_, i) => i) }],
    ['10 MB of enum', { enum: Array.from({ length: 10_000 }, (_, i) => `${i}${'x'.repeat(1000)}`) }],
    ['65 KB of description', { anyOf: Array(17).fill({ description: 'd'.repeat(4000) }) }],
    ['65 KB in UTF-8', { anyOf: Array(8).fill({ description: '€'.repeat(3000) }) }],
    ['a value that is an object', { enum: [{}] }],
    ['an empty enum', { enum: [] }],
    ['a negative length', { type: 'string', minLength: -1 }],
    ['a multiple of zero', { type: 'number', multipleOf: 0 }],
    ['a cycle', cyclic],
    ['a bigint', { const: 1n }],
    ['nothing', undefined],
  ])('%s', (_, schema) => {
    expectCode(() => compileSchema(schema, 'acme/x'), 'E_SCHEMA_SUBSET');
  });

  test.each<[string, unknown]>([
    ['a bound without a type', { minimum: 5 }],
    ['a length without a type', { maxLength: 5 }],
    ['properties without a type', { properties: { a: { type: 'string' } } }],
    ['a bound of another type', { type: 'string', minimum: 5 }],
    ['minItems without items', { type: 'array', minItems: 1 }],
    ['maxItems without items', { type: ['array', 'null'], maxItems: 1 }],
    ['a bound beside enum', { type: 'number', enum: [1, 20], maximum: 10 }],
    ['enum beside const', { enum: [1], const: 2 }],
    ['a value of another type', { type: 'string', enum: ['a', 1] }],
    ['a constant of another type', { type: 'integer', const: 1.5 }],
    ['null of another type', { type: 'object', const: null }],
    ['anyOf beside a type', { type: 'string', anyOf: [{ type: 'string' }] }],
    ['anyOf beside properties', { type: 'object', properties: {}, anyOf: [{}] }],
    ['anyOf beside oneOf', { anyOf: [{}], oneOf: [{}] }],
    ['a required name that is not described', { type: 'object', required: ['a'] }],
    ['an inherited name', { type: 'object', properties: {}, required: ['toString'] }],
    ['a default that breaks its schema', { type: 'string', default: 5 }],
    ['a default that makes much out of little', { type: 'array', items: {}, default: [1] }],
    ['a default that is an object with fields', { type: 'object', default: { a: 1 } }],
    ['a default of 1,025 characters', { type: 'string', default: 'x'.repeat(1025) }],
    ['one further in', { type: 'object', properties: { a: { type: 'number', maximum: 3, default: 4 } } }],
  ])('what the validator would pass over: %s', (_, schema) => {
    expectCode(() => compileSchema(schema, 'acme/x'), 'E_SCHEMA_SUBSET');
  });

  test('the reason has a pointer, the item, and a bounded length', () => {
    const schema = { type: 'object', properties: { a: { type: 'array', items: { format: 'uri' } } } };
    const error = expectCode(() => compileSchema(schema, 'acme/x'), 'E_SCHEMA_SUBSET');
    expect([error.item, error.message]).toEqual([
      'acme/x',
      'acme/x: #/properties/a/items: the keyword format is outside the subset',
    ]);
    expect(outsideSubset({ ['k'.repeat(50_000)]: 1 })?.length).toBeLessThanOrEqual(300);
  });
});

/** Columns: schema, values that pass, values that do not. */
const ENFORCED: readonly [unknown, readonly unknown[], readonly unknown[]][] = [
  [true, [1, null, {}], []],
  [false, [], [1, null, {}]],
  [{}, [1, null, {}], []],
  [{ type: 'string' }, ['', 'x'], [1, null, [], {}]],
  [{ type: 'string', minLength: 2, maxLength: 3 }, ['ab', 'abc'], ['a', 'abcd']],
  [{ type: 'number' }, [1.5, -0], ['1', null]],
  [{ type: 'integer' }, [1, -1], [1.5, '1']],
  [{ type: 'number', minimum: 1, maximum: 3 }, [1, 3], [0.9, 3.1]],
  [{ type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 3 }, [2], [1, 3]],
  [{ type: 'number', multipleOf: 5 }, [0, 10], [7]],
  [{ type: 'boolean' }, [true, false], [0, 'true']],
  [{ type: 'null' }, [null], [0, false, '']],
  [{ type: ['string', 'null'], maxLength: 1 }, ['a', null], ['ab', 1]],
  [{ const: 'x' }, ['x'], ['y', null]],
  [{ const: null }, [null], [0]],
  [{ type: 'string', const: 'x' }, ['x'], ['y']],
  [{ type: 'string', enum: ['a', 'b'] }, ['a', 'b'], ['c', 1]],
  [{ enum: ['a', 1, null, true] }, ['a', 1, null, true], ['1', 0, false]],
  [{ type: 'array' }, [[], [1, 'x']], [{}, 'x']],
  [
    { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 2 },
    [[1], [1, 2]],
    [[], [1, 2, 3], ['x']],
  ],
  [
    { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false, minItems: 2 },
    [['a', 1]],
    [['a'], ['a', 'b'], ['a', 1, 2], []],
  ],
  [
    { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'null' }, minItems: 1 },
    [['a', null]],
    [['a', 1]],
  ],
  [
    { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a'] },
    [{ a: 'x' }, { a: 'x', b: 1, c: 2 }],
    [{}, { a: 1 }, { a: 'x', b: 'y' }, { b: 1 }, []],
  ],
  [
    { type: 'object', properties: { a: {} }, additionalProperties: false },
    [{}, { a: 1 }],
    [{ b: 1 }, { toString: 1 }],
  ],
  [
    { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { type: 'number' } },
    [{}, { x: 1, constructor: 2 }],
    [{ x: 'y' }],
  ],
  [
    { type: 'object', properties: { constructor: { type: 'number' } }, required: ['constructor'] },
    [{ constructor: 1 }],
    [{}, { constructor: 'x' }],
  ],
  [{ anyOf: [{ type: 'string' }, { type: 'number', minimum: 5 }] }, ['x', 5], [4, null]],
  [
    {
      oneOf: [
        { type: 'number', minimum: 5 },
        { type: 'number', maximum: 10 },
      ],
    },
    [4, 11],
    [7, 'x'],
  ],
  [{ description: 'd', title: 't', default: 'x', type: 'string' }, ['y'], [1]],
];

test.each(ENFORCED)('%j is enforced', (schema, passing, failing) => {
  const validator = compileSchema(schema, 'x');
  for (const value of passing) expect(validator(value).ok, JSON.stringify(value)).toBe(true);
  for (const value of failing) expect(validator(value).ok, JSON.stringify(value)).toBe(false);
});

test('at the limits: 16 levels, 256 properties, 256 values, 64 KB', () => {
  expect(outsideSubset(nested(16))).toBeUndefined();
  expect(outsideSubset(wide(256))).toBeUndefined();
  expect(compileSchema({ enum: Array.from({ length: 256 }, (_, i) => i) }, 'x')(255).ok).toBe(true);
  expect(outsideSubset({ anyOf: Array(15).fill({ description: 'd'.repeat(4000) }) })).toBeUndefined();
});

test('defaults are filled in, each time anew', () => {
  const schema = {
    type: 'object',
    properties: { n: { type: 'number', default: 3 }, list: { type: 'array', items: {}, default: [] } },
  };
  const validator = compileSchema(schema, 'x');
  const first = validator({}) as { value: { list: unknown[] } };
  expect(first).toEqual({ ok: true, value: { n: 3, list: [] } });
  first.value.list.push(1);
  expect(validator({ n: 4 })).toEqual({ ok: true, value: { n: 4, list: [] } });
});

test('what zod writes for the usual constructs is inside, and means the same', () => {
  const Input = z.object({
    name: z.string().min(1).max(5),
    mode: z.enum(['a', 'b']).default('a'),
    size: z.int().positive().nullable(),
    pair: z.tuple([z.string(), z.number()]).optional(),
    either: z.discriminatedUnion('k', [
      z.object({ k: z.literal('x'), n: z.number() }),
      z.strictObject({ k: z.literal('y') }),
    ]),
    table: z.record(z.string(), z.array(z.boolean()).max(2)),
  });
  const validator = compileSchema(z.toJSONSchema(Input, { io: 'input' }), 'x');
  const good = { name: 'n', size: null, pair: ['a', 1], either: { k: 'x', n: 1 }, table: { t: [true] } };
  expect(validator(good)).toEqual({ ok: true, value: Input.parse(good) });
  const wrong = [
    { ...good, name: '' },
    { ...good, mode: 'c' },
    { ...good, size: 0 },
    { ...good, pair: ['a'] },
    { ...good, either: { k: 'y', n: 1 } },
    { ...good, either: { k: 'z' } },
    { ...good, table: { t: [true, true, true] } },
    { ...good, table: { t: [1] } },
  ];
  for (const value of wrong) {
    expect(Input.safeParse(value).success, JSON.stringify(value)).toBe(false);
    expect(validator(value).ok, JSON.stringify(value)).toBe(false);
  }
});

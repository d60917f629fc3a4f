// Which zod constructs reach a manifest, and what is said about the others (DESIGN.md §7 "Guest SDK", THREATS.md H8).
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Construct, closeSchema } from '../../registry/schema-table.ts';
import { compileSchema } from '../../src/json-schema.ts';
import { codeOf } from './tar-bytes.ts';

/** What the schema pass yields for a schema. */
function described(schema: z.ZodType, io: 'input' | 'output'): [unknown, Construct[]] {
  const constructs: Construct[] = [];
  const json = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ zodSchema, path }) {
      const {
        type,
        coerce,
        checks = [],
      } = zodSchema._zod.def as { type: string; coerce?: boolean; checks?: z.core.$ZodCheck[] };
      const at = path.map((part) => `/${String(part)}`).join('');
      constructs.push([at, type]);
      if (coerce) constructs.push([at, 'coerce']);
      for (const check of checks) constructs.push([at, check._zod.def.check]);
    },
  });
  return [json, constructs];
}
const close = (schema: z.ZodType, io: 'input' | 'output' = 'input') =>
  closeSchema(...described(schema, io), 'x');
const messageOf = (schema: z.ZodType): string => {
  try {
    close(schema);
    return 'passed';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('plain constructs keep their meaning on the host', () => {
  test.each<[string, z.ZodType, unknown[], unknown[]]>([
    [
      'object',
      z.object({ a: z.string(), b: z.int().optional() }),
      [{ a: 'x' }, { a: 'x', b: 1 }],
      [{}, { a: 1 }, { a: 'x', b: 1.5 }],
    ],
    ['strict object', z.strictObject({ a: z.boolean() }), [{ a: true }], [{ a: true, b: 1 }]],
    ['array', z.array(z.number().min(1)).max(2), [[], [1, 2]], [[0], [1, 2, 3], 'x']],
    ['tuple', z.tuple([z.string(), z.number()]), [['a', 1]], [['a'], ['a', 1, 2], [1, 'a']]],
    ['record', z.record(z.string(), z.number()), [{ a: 1 }], [{ a: 'x' }]],
    ['union', z.union([z.string(), z.null()]), ['a', null], [1]],
    [
      'discriminated union',
      z.discriminatedUnion('t', [
        z.object({ t: z.literal('a') }),
        z.object({ t: z.literal('b'), n: z.number() }),
      ]),
      [{ t: 'a' }, { t: 'b', n: 1 }],
      [{ t: 'b' }, { t: 'c' }],
    ],
    ['enum', z.enum(['a', 'b']), ['a'], ['c']],
    ['literal', z.literal(3), [3], [4]],
    ['nullable', z.string().nullable(), [null, 'a'], [1]],
    ['lengths', z.string().min(2).max(3), ['ab', 'abc'], ['a', 'abcd']],
    ['multiple', z.number().multipleOf(5), [10], [11]],
    ['exclusive', z.number().gt(1).lt(3), [2], [1, 3]],
    ['unknown', z.object({ a: z.unknown() }), [{ a: [1] }], [7]],
    ['lazy, not recursive', z.lazy(() => z.string()), ['a'], [1]],
    [
      'intersection of objects',
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })),
      [{ a: 'x', b: 'y' }],
      [{ a: 'x' }],
    ],
    ['readonly', z.object({ a: z.string() }).readonly(), [{ a: 'x' }], [{}]],
    [
      'described',
      z
        .string()
        .describe('d')
        .meta({ title: 't', examples: ['a'], deprecated: true }),
      ['a'],
      [1],
    ],
  ])('%s', (_what, schema, right, wrong) => {
    const { schema: closed, warnings } = close(schema);
    const host = compileSchema(closed, 'x');
    expect(warnings).toEqual([]);
    for (const value of right)
      expect([schema.safeParse(value).success, host(value).ok]).toEqual([true, true]);
    for (const value of wrong)
      expect([schema.safeParse(value).success, host(value).ok]).toEqual([false, false]);
  });

  test('defaults are applied by the host', () => {
    const host = compileSchema(close(z.object({ a: z.string().default('x') })).schema, 'x');
    expect(host({})).toEqual({ ok: true, value: { a: 'x' } });
  });
});

describe('formats are dropped with a warning', () => {
  test.each([
    ['email', z.email()],
    ['uuid', z.uuid()],
    ['uri', z.url()],
    ['date-time', z.iso.datetime()],
    ['date', z.iso.date()],
    ['duration', z.iso.duration()],
    ['ipv4', z.ipv4()],
    ['base64', z.base64()],
    ['jwt', z.jwt()],
    ['nanoid', z.nanoid()],
    ['e164', z.e164()],
  ])('%s', (format, schema) => {
    const { schema: closed, warnings } = close(z.object({ a: z.array(schema) }));
    expect(closed).toMatchObject({ properties: { a: { items: { type: 'string' } } } });
    expect(JSON.stringify(closed)).not.toMatch(/"(format|pattern|contentEncoding)"/);
    expect(warnings).toEqual([`x/properties/a/items: the host does not check the format ${format}`]);
  });
});

describe('what has no equal is refused, with what to do', () => {
  test.each<[string, z.ZodType, RegExp]>([
    ['pattern', z.string().regex(/(a+)+$/), /check it in run/],
    ['two patterns', z.string().regex(/a/).regex(/b/), /check them in run/],
    ['a format and a pattern', z.email().regex(/a/), /in run/],
    ['startsWith', z.string().startsWith('a'), /check it in run/],
    ['template literal', z.templateLiteral(['a', z.number()]), /template_literal.*check it in run/],
    ['refine', z.object({ a: z.string().refine((a) => a !== '') }), /\/properties\/a: custom.*run/],
    ['superRefine', z.string().superRefine(() => {}), /custom/],
    ['refine on an array', z.array(z.string()).refine((a) => new Set(a).size === a.length), /custom/],
    ['transform', z.string().transform(Number), /pipe.*in run/],
    ['iso.time', z.iso.time(), /check it in run/],
    ['preprocess', z.preprocess(String, z.string()), /in run/],
    ['pipe', z.string().pipe(z.email()), /pipe/],
    ['stringbool', z.stringbool(), /in run/],
    ['trim', z.string().trim(), /overwrite/],
    ['coerce', z.coerce.number(), /coerce.*in run/],
    ['catch', z.string().catch('x'), /catch.*default/],
    ['custom', z.custom<string>(), /custom/],
    ['date', z.date(), /date.*z\.string/],
    ['bigint', z.bigint(), /bigint/],
    ['map', z.map(z.string(), z.string()), /map.*record/],
    ['set', z.set(z.string()), /set.*array/],
    ['undefined', z.undefined(), /undefined.*optional/],
    ['never', z.never(), /never/],
    ['file', z.file(), /file/],
    ['json', z.json(), /z\.unknown\(\)/],
    [
      'recursive',
      z.object({
        get children() {
          return z.array(
            z.object({
              get again() {
                return z.json();
              },
            }),
          );
        },
      }),
      /recursive/,
    ],
    ['an id', z.string().meta({ id: 'TestOnlyName' }), /meta\(\{ id \}\)/],
    ['record with fixed keys', z.record(z.enum(['a', 'b']), z.string()), /keys are texts/],
    ['record with a pattern', z.looseRecord(z.string().regex(/a/), z.string()), /z\.unknown\(\)|check/],
    [
      'a huge union',
      z.union(Array.from({ length: 40 }, (_, i) => z.object({ [`a${i}`]: z.string() })) as never),
      /anyOf/,
    ],
  ])('%s', (_what, schema, says) => {
    expect(codeOf(() => close(schema))).toBe('E_SCHEMA_SUBSET');
    expect(messageOf(schema)).toMatch(says);
  });

  test('every problem is named at once', () => {
    const message = messageOf(
      z.object({ a: z.date(), b: z.string().regex(/x/), c: z.map(z.string(), z.string()) }),
    );
    for (const part of ['/properties/a', '/properties/b', '/properties/c']) expect(message).toContain(part);
  });

  test('constructs that carry the names of objects do not confuse the table', () => {
    expect(codeOf(() => closeSchema({}, [['', 'constructor']], 'x'))).toBe('E_SCHEMA_SUBSET');
    const closed = closeSchema(
      { type: 'object', properties: { constructor: { type: 'string' }, format: { type: 'string' } } },
      [],
      'x',
    );
    expect(Object.keys(closed.schema['properties'] as object)).toEqual(['constructor', 'format']);
  });
});

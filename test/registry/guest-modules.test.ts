// What stands for zod in the guest: definitions load, and no use of a schema can answer wrongly (E_SCHEMA_IN_GUEST).
import { describe, expect, test } from 'vitest';
import * as real from 'zod';
import { ZOD_STUB } from '../../registry/guest-modules.ts';
import { codeOf } from './tar-bytes.ts';

type Stub = typeof real;
// Without its default export, into which the test runner's own import would look.
const text = ZOD_STUB.replace('export default z;', '');
const stub = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as Stub;
const { z } = stub;

test('it exports every name of the real zod', () => {
  expect([...Object.keys(stub), 'default'].sort()).toEqual(Object.keys(real).sort());
});

test('definitions are built from it without an error', () => {
  const define = (zod: typeof real.z): unknown => {
    const name = zod.string().min(1).max(9).optional().describe('x');
    const shape = zod.object({
      name,
      kind: zod.enum(['a', 'b']).default('a'),
      list: zod.array(zod.union([zod.string(), zod.int().gte(1)])).nonempty(),
      record: zod.record(zod.string(), zod.unknown()),
      date: zod.iso.datetime().nullable(),
      pair: zod.tuple([zod.string(), zod.number()]).readonly(),
      one: zod.discriminatedUnion('t', [zod.object({ t: zod.literal('x') })]),
    });
    return [
      shape.extend({ more: zod.boolean() }).partial().strict(),
      shape.pick({ name: true }),
      shape.or(zod.null()),
    ];
  };
  expect(codeOf(() => define(real.z))).toBe('passed');
  expect(codeOf(() => define(z))).toBe('passed');
});

describe('everything that reads data throws', () => {
  const schema = z.object({ a: z.string() });
  const colour = z.enum(['red']);
  test.each<[string, () => unknown]>([
    ['parse', () => schema.parse({ a: 'x' })],
    ['safeParse', () => schema.safeParse({ a: 'x' }).success],
    ['parseAsync', () => schema.parseAsync({})],
    ['encode', () => z.encode(schema, { a: 'x' })],
    ['shape', () => Object.keys(schema.shape)],
    ['options', () => colour.options.includes('red')],
    ['enum', () => colour.enum.red],
    ['_zod', () => schema._zod],
    ['in', () => 'shape' in schema],
    ['keys', () => Object.keys(schema)],
    ['spread', () => ({ ...z })],
    ['template', () => `${schema}`],
    ['then', () => (schema as unknown as { then: unknown }).then],
    ['z.toJSONSchema', () => z.toJSONSchema(schema)],
    ['z.ZodError', () => ({}) instanceof z.ZodError],
    ['ZodError by name', () => ({}) instanceof stub.ZodError],
    ['toJSONSchema by name', () => stub.toJSONSchema(schema)],
    ['refine', () => schema.refine(() => true)],
  ])('%s', (_what, use) => {
    expect(codeOf(use)).toBe('E_SCHEMA_IN_GUEST');
  });
});

// What the host checks must cost the host little, whatever schema and value a bundle chose (THREATS.md H8, H19). That work is
// bounded is asserted by its refusal and by what it keeps, never by a clock.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSchema } from '../../src/json-schema.ts';

const list = (items: unknown) => ({ type: 'array', items });

test('a union tried on every element of a long list runs out of steps and says so', () => {
  const leaf = (i: number) => ({ type: 'object', properties: { k: { const: i } }, required: ['k'] });
  const schema = list({
    anyOf: Array.from({ length: 15 }, (_, i) => ({
      anyOf: Array.from({ length: 20 }, (__, j) => leaf(i * 20 + j)),
    })),
  });
  const validate = compileSchema(schema, 'x');
  // Only the last of all alternatives fits.
  expect(validate([{ k: 299 }])).toMatchObject({ ok: true });
  const long = Array.from({ length: 100_000 }, () => ({ k: 299 }));
  expect(validate(long)).toEqual({ ok: false, problems: [expect.stringContaining('steps to check')] });
});

test('a large object copied for every alternative runs out of steps, too', () => {
  const fits = { type: 'object', properties: { d: { type: 'number', default: 1 }, z: { const: 'z' } } };
  const never = { ...fits, properties: { ...fits.properties, z: { const: 'never' } } };
  const large = Object.fromEntries(Array.from({ length: 25_000 }, (_, i) => [`k${i}`, 0]));
  const alternatives = Array.from({ length: 20 }, () => never);
  const validate = compileSchema({ anyOf: alternatives }, 'x');
  expect(validate({ ...large, z: 'z' })).toEqual({
    ok: false,
    problems: [expect.stringContaining('steps to check')],
  });
  expect(compileSchema(fits, 'x')({ ...large, z: 'z' })).toMatchObject({ ok: true, value: { d: 1 } });
});

test('of two million wrong elements twenty are named', () => {
  const validate = compileSchema(list({ type: 'string' }), 'x');
  const result = validate(Array.from({ length: 2_000_000 }, (_, i) => i));
  expect(result).toMatchObject({
    ok: false,
    problems: expect.arrayContaining(['0: expected string, found number']),
  });
  expect(result.ok ? 0 : result.problems.length).toBe(20);
});

test('a long honest list passes whole and is not copied', () => {
  const value = Array.from({ length: 500_000 }, (_, i) => i);
  const result = compileSchema(list({ type: 'integer' }), 'x')(value);
  expect(result.ok && result.value === value).toBe(true);
});

test('a default goes into every element of a list, each its own', () => {
  const validate = compileSchema(
    list({ type: 'object', properties: { a: list({}), b: { type: 'number', default: 1 } }, required: [] }),
    'x',
  );
  const filled = compileSchema(
    list({ type: 'object', properties: { a: { ...list({}), default: [] } } }),
    'x',
  )([{}, {}]);
  expect(validate([{}, { b: 2 }])).toEqual({ ok: true, value: [{ b: 1 }, { b: 2 }] });
  const [first, second] = (filled as { value: { a: unknown[] }[] }).value;
  expect(first?.a).not.toBe(second?.a);
});

test('the value given is never changed', () => {
  const value = { a: {} };
  const result = compileSchema(
    {
      type: 'object',
      properties: { a: { type: 'object', properties: { b: { type: 'null', default: null } } } },
    },
    'x',
  )(value);
  expect(result).toEqual({ ok: true, value: { a: { b: null } } });
  expect(value).toEqual({ a: {} });
});

test("JavaScript's own names are fields like others", () => {
  const validate = compileSchema(
    {
      type: 'object',
      properties: { constructor: { type: 'string', default: 'x' } },
      additionalProperties: { type: 'number' },
    },
    'x',
  );
  const result = validate(JSON.parse('{"__proto__": 1, "toString": 2}'));
  expect(result.ok).toBe(true);
  const value = (result as { value: object }).value;
  expect(Object.keys(value).sort()).toEqual(['__proto__', 'constructor', 'toString']);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(validate(JSON.parse('{"__proto__": "text"}'))).toMatchObject({ ok: false });
});

test('problems name their place; text of the value is cut and escaped', () => {
  const validate = compileSchema({ type: 'object', additionalProperties: { type: 'number' } }, 'x');
  const result = validate({ ['\u001b[2J' + 'k'.repeat(1000)]: 'x' });
  const [problem = ''] = result.ok ? [] : result.problems;
  expect(problem).toMatch(/^\\u001b\[2Jk+: expected number, found string$/);
  expect(problem.length).toBeLessThan(300);
});

test('whatever value comes, the answer is one of two and the same again', () => {
  const schema = compileSchema(
    {
      type: ['object', 'array', 'string', 'null'],
      properties: {
        a: { anyOf: [{ type: 'string' }, list({ type: 'integer' })] },
        b: { oneOf: [{ type: 'number' }, { type: 'integer' }] },
      },
      items: { type: ['number', 'boolean'] },
      maxLength: 3,
    },
    'x',
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const first = schema(value);
      expect(schema(value)).toEqual(first);
      if (first.ok) expect(first.value).toEqual(value);
      else expect(first.problems.length).toBeGreaterThan(0);
    }),
  );
});

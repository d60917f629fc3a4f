// A value of the wrong shape becomes one coded error that names every problem and quotes little of what is foreign.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeProblems, parseShape } from '../../src/shape.ts';
import { expectCode } from './expect-code.ts';

const Shape = z.strictObject({
  name: z.string(),
  size: z.number().default(7),
  list: z.array(z.number()).optional(),
});

test('a value of the shape is given back with its defaults', () => {
  expect(parseShape(Shape, { name: 'x' }, 'thing')).toEqual({ name: 'x', size: 7 });
});

test('the answer is the same however often the shape was asked', () => {
  for (let times = 0; times < 40; times++) {
    expect(parseShape(Shape, { name: 'x', list: [1] }, 'thing')).toEqual({ name: 'x', size: 7, list: [1] });
    expectCode(() => parseShape(Shape, { name: 'x', more: 1 }, 'thing'), 'E_FORMAT');
  }
});

test('one line for each problem, with its path; E_FORMAT, or the code that was asked for', () => {
  const error = expectCode(
    () => parseShape(Shape, { name: 1, list: [1, 'x'], more: 1 }, 'thing'),
    'E_FORMAT',
  );
  expect(error.item).toBe('thing');
  expect(error.message).toMatch(/^thing: name: .*; list\.1: .*; \(top\): .*more/);
  expectCode(() => parseShape(Shape, null, 'plugin.json', 'E_MANIFEST'), 'E_MANIFEST');
});

test('the first problem is what was expected, and what stands there what was found', () => {
  const found = (value: unknown) => expectCode(() => parseShape(Shape, value, 'thing'), 'E_FORMAT').actual;
  expect(found({ name: 7 })).toBe('7');
  expect(found({})).toBe('nothing');
  expect(found({ name: 'x', list: ['\u001b[2J'.repeat(1000)] })).toMatch(/^"\\u001b\[2J.{60,90}$/);
  expect(found({ name: { a: 1, b: 2 } })).toBe('an object with a, b');
  expect(found({ name: [1, 2] })).toBe('a list of 2');
  expect(found(null)).toBe('null');
  const error = expectCode(() => parseShape(Shape, { name: 7 }, 'thing'), 'E_FORMAT');
  expect(error.expected).toMatch(/^name: .*string/);
});

test('of several alternatives the one that came furthest says what is wrong', () => {
  const Either = z.strictObject({ keys: z.union([z.literal('all'), z.array(z.number())]) });
  const line = (value: unknown) => describeProblems(Either.safeParse(value).error!)[0];
  expect(line({ keys: [1, 'x'] })).toMatch(/^keys\.1: .*number/);
  expect(line({ keys: 7 })).toMatch(/^keys: .*all.*, or: .*array/);
});

test('many problems, long names and control characters are cut and escaped', () => {
  const many = z.array(z.number()).safeParse(Array(1000).fill('x'));
  expect(describeProblems(many.error!)).toHaveLength(20);
  const hostile = Shape.safeParse({ name: 'x', [`${'k'.repeat(100_000)}\u001b[31m\n`]: 1 });
  const deep = z
    .record(z.string(), z.number())
    .safeParse({ [`\u001b]0;owned\u0007${'p'.repeat(100_000)}`]: 'x' });
  for (const line of [...describeProblems(hostile.error!), ...describeProblems(deep.error!)]) {
    expect(line.length).toBeLessThanOrEqual(300);
    expect([...line].every((char) => char >= ' ' && char !== '\u007f')).toBe(true);
  }
});

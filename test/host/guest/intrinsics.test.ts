// The captured built-ins do what the built-ins do, also where the prototypes say otherwise.
import { expect, it } from 'vitest';
import {
  charCodeAt,
  lastIndexOf,
  primitiveText,
  slice,
  table,
  whenSettled,
} from '../../../host/guest/intrinsics.ts';

it('works on texts and promises without their methods', async () => {
  expect([slice('abc', 0, 2), lastIndexOf('a.b.c', '.'), charCodeAt('b', 0)]).toEqual(['ab', 3, 98]);
  const promise = Object.defineProperty(Promise.resolve(1), 'then', { value: () => 'mine' });
  expect(await whenSettled(promise, (value) => value + 1)).toBe(2);
  expect(
    await whenSettled(
      Promise.reject(3),
      () => 0,
      (thrown) => thrown as number,
    ),
  ).toBe(3);
});

it('cuts the text of a primitive and reads no object', () => {
  expect([primitiveText('abc', 2), primitiveText(true, 9), primitiveText(null, 9)]).toEqual([
    'ab',
    'true',
    'null',
  ]);
  const trap = {
    toString() {
      throw new Error('read');
    },
  };
  expect([primitiveText(trap, 9), primitiveText(() => 1, 9)]).toEqual([undefined, undefined]);
});

it('has tables without a prototype', () => {
  expect([table()['constructor'], Object.getPrototypeOf(table())]).toEqual([undefined, null]);
});

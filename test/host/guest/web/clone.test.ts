// Deep copies, compared with Node's own.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { structuredClone } from '../../../../host/guest/web/clone.ts';

it('copies what Node copies', () => {
  const anything = fc.anything({
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withBigInt: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      expect(structuredClone(value)).toEqual(globalThis.structuredClone(value));
    }),
  );
});

interface Copied {
  a: { list: number[] };
  map: Map<unknown, unknown>;
  one: Uint8Array;
  all: Uint8Array;
}

it('copies an object once: cycles, shared parts and shared buffers stay', () => {
  const shared = { list: Object.assign(new Array<number>(3), { 0: 1, 2: 3 }) };
  const bytes = new Uint8Array([1, 2, 3, 4]);
  const from: Record<string, unknown> = {
    a: shared,
    b: shared,
    map: new Map(),
    one: bytes.subarray(1, 3),
    all: bytes,
  };
  from['self'] = from;
  (from['map'] as Map<unknown, unknown>).set(from, shared);
  const copy = structuredClone(from) as typeof from & Copied;
  expect(copy['self']).toBe(copy);
  expect(copy.a).toBe(copy['b']);
  expect(copy.a).not.toBe(shared);
  expect(1 in copy.a.list).toBe(false);
  expect(copy.map.get(copy)).toBe(copy.a);
  copy.one[0] = 9;
  expect([copy.all[1], bytes[1]]).toEqual([9, 2]);
});

it.each([
  ['an expression', /x/gi],
  ['a boxed text', Object('x')],
  ['a view', new DataView(new ArrayBuffer(8), 2, 4)],
  ['an error', Object.assign(new TypeError('m', { cause: new RangeError('c') }), { extra: 1 })],
  ['an error of a name of its own', Object.assign(new Error('m'), { name: 'Mine' })],
  ['an object with __proto__', JSON.parse('{"__proto__":{"x":1}}')],
  [
    'an instance',
    new (class Point {
      x = 1;
      get y() {
        return 2;
      }
    })(),
  ],
])('%s', (_, value) => {
  const [mine, node] = [structuredClone(value), globalThis.structuredClone(value)];
  expect(mine).toEqual(node);
  expect(Object.getPrototypeOf(mine)).toBe(Object.getPrototypeOf(node));
  expect(String(mine)).toBe(String(node));
});

it.each([
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a promise', Promise.resolve()],
  ['a weak map', new WeakMap()],
  ['something deep', { a: [new Map([[1, { f() {} }]])] }],
])('%s cannot be copied', (_, value) => {
  expect(() => structuredClone(value)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
});

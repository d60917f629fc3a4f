// Lines as a person reads them, bounded, whatever is printed.
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { console, format } from '../../../../host/guest/web/console.ts';
import { fakeHost } from './fake-host.ts';

const host = fakeHost();
beforeEach(() => {
  host.use();
  host.lines.length = 0;
});

const deep = { a: { b: { c: { d: { e: 1 } } } } };
const cyclic: Record<string, unknown> = { name: 'x' };
cyclic['self'] = cyclic;

it.each([
  [['a', 1, true, null, undefined, -0, 10n, Symbol('s')], 'a 1 true null undefined -0 10n Symbol(s)'],
  [
    ['%s is %d, %i, %f, %j%%', 'x', '4.5', 4.9, '0.5', { a: 'b' }, 'rest'],
    'x is 4.5, 4, 0.5, {a: "b"}% rest',
  ],
  [['%s %s', 'one'], 'one %s'],
  [['%cstyled', 'color: red'], 'styled'],
  [['100%'], '100%'],
  [[{ a: [1, 'x', { b: null }] }], '{a: [1, "x", {b: null}]}'],
  [[new Map([['k', new Set([1])]])], 'Map(1) {"k" => Set(1) {1}}'],
  [[new Date(0), new Date(Number.NaN), /x/g], '1970-01-01T00:00:00.000Z Invalid Date /x/g'],
  [
    [
      new Uint8Array([1, 2]),
      Object.create(null),
      new (class Point {
        x = 1;
      })(),
    ],
    'Uint8Array [1, 2] {} Point {x: 1}',
  ],
  [[deep], '{a: {b: {c: {d: [Object]}}}}'],
  [[cyclic], '{name: "x", self: [Circular]}'],
  [[function named() {}, [() => 1]], '[Function named] [[Function ]]'],
  [[[new Error('inner')]], '[[Error: inner]]'],
  [[Array.from({ length: 102 }, () => 0)], `[${'0, '.repeat(100)}… 2 more]`],
] as [unknown[], string][])('%#', (parts, line) => {
  expect(format(parts)).toBe(line);
});

it('shows an error with its stack, and never more than a line may have', () => {
  expect(format([new Error('m')])).toMatch(/^Error: m\n\s+at /);
  expect(format(['x'.repeat(1e5)])).toHaveLength(8_192);
  fc.assert(
    fc.property(fc.array(fc.anything()), (parts) => {
      expect(typeof format(parts)).toBe('string');
    }),
  );
});

it('writes at the level of the method', () => {
  console.log('l');
  console.info('i');
  console.debug('d');
  console.trace('t');
  console.warn('w');
  console.error('e');
  console.assert(true, 'holds');
  console.assert(false, 'fails');
  console.count();
  console.count();
  console.countReset();
  console.count();
  console.dir({ a: 1 });
  console.table([1]);
  console.group('g');
  console.groupEnd();
  console.time();
  console.timeLog();
  console.timeEnd();
  expect(host.lines).toEqual([
    ['info', 'l'],
    ['info', 'i'],
    ['debug', 'd'],
    ['debug', 't'],
    ['warn', 'w'],
    ['error', 'e'],
    ['error', 'Assertion failed fails'],
    ['info', 'default: 1'],
    ['info', 'default: 2'],
    ['info', 'default: 1'],
    ['info', '{a: 1}'],
    ['info', '[1]'],
    ['info', 'g'],
  ]);
});

// What may be the input of a call: exactly what strict JSON would give back (THREATS.md 18, H19).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callInput } from '../../host/call-input.ts';
import { canonicalJson, parseJson } from '../../src/json.ts';
import { expectCode } from '../src/expect-code.ts';

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

describe('refused', () => {
  test.each<[string, unknown]>([
    ['a BigInt', 1n],
    ['NaN', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a function', () => 1],
    ['a symbol', { a: Symbol('x') }],
    ['a date', new Date(0)],
    ['a map', { m: new Map() }],
    ['a buffer', Buffer.from('x')],
    ['a lone surrogate', ['\ud800']],
    ['a lone surrogate in a key', { '\udfff': 1 }],
    ['the key __proto__', JSON.parse('{"__proto__":1}')],
    ['a hole', new Array(2)],
    ['undefined in an array', [undefined]],
    ['a cycle', cyclic],
    ['65 levels', deep(65)],
  ])('%s', (_what, value) => {
    expectCode(() => callInput(value, 'skill/run'), 'E_INPUT');
  });
});

describe('taken', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['-0', -0],
    ['64 levels', deep(64)],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 })],
    ['a field that is undefined, which JSON leaves out', { a: undefined, b: 1 }],
    ['constructor as a key', { constructor: 1 }],
  ])('%s', (_what, value) => {
    expect(callInput(value, 'skill/run')).toEqual(value);
  });

  test('a field that is undefined is left out', () => {
    expect(JSON.stringify(callInput({ a: undefined, b: [{ c: undefined }] }, 'x'))).toBe('{"b":[{}]}');
  });

  test('each property is read once: what it says later is not heard', () => {
    let reads = 0;
    const next = () => `value ${++reads}`;
    const accessor = Object.defineProperty({}, 'to', { get: next, enumerable: true });
    const proxy = new Proxy(['x'], { get: (array, key) => (key === '0' ? next() : Reflect.get(array, key)) });
    const taken = callInput({ accessor, proxy }, 'x');
    const first = canonicalJson(taken);
    expect(first).toBe('{"accessor":{"to":"value 1"},"proxy":["value 2"]}');
    expect([canonicalJson(taken), JSON.stringify(taken)]).toEqual([first, first]);
    expect(reads).toBe(2);
  });

  test('a toJSON of a prototype is not asked', () => {
    class Sly extends Array<number> {
      toJSON(): string {
        return 'sly';
      }
    }
    expect(JSON.stringify(callInput(Sly.of(1, 2), 'x'))).toBe('[1,2]');
  });

  test('undefined is null', () => expect(callInput(undefined, 'skill/run')).toBe(null));
});

test('what is taken has a canonical form, which strict JSON reads; what is refused has none', () => {
  const odd = fc.oneof(
    fc.constant(undefined),
    fc.bigInt(),
    fc.double(),
    fc.date(),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(
      fc.anything({ withNullPrototype: true, values: [odd, fc.jsonValue()], maxDepth: 4 }),
      (value) => {
        let taken: unknown;
        try {
          taken = callInput(value, 'x');
        } catch {
          return;
        }
        parseJson(canonicalJson(taken));
      },
    ),
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(callInput(value, 'x')).toEqual(value);
    }),
  );
});

test('an accessor is read once: what was looked at is what is given', () => {
  let reads = 0;
  const value = {
    get n() {
      return ++reads;
    },
  };
  const taken = callInput(value, 'skill/run');
  expect([JSON.stringify(taken), JSON.stringify(taken), reads]).toEqual(['{"n":1}', '{"n":1}', 1]);
});

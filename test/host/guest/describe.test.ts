// Whatever is thrown becomes bounded JSON (THREATS.md H6).
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describe as describeThrown } from '../../../host/guest/describe.ts';

const message = (thrown: unknown): unknown => JSON.parse(describeThrown(thrown)).message;

it.each([
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
  ['a text', 'x', 'x'],
  ['a number', 1.5, '1.5'],
  ['a bigint', 10n ** 1000n, 'a bigint'],
  ['a symbol', Symbol('s'), 'Symbol(s)'],
  ['an object', {}, 'an object that is not an Error'],
  ['a function', () => 1, 'an object that is not an Error'],
  [
    'a message that is no text',
    { message: { toString: (): string => 'x' } },
    'an object that is not an Error',
  ],
  ['an error', new Error('x'), 'x'],
])('%s', (_, thrown, expected) => {
  expect(message(thrown)).toBe(expected);
});

it('passes over what cannot be read', () => {
  const thrown = new Proxy(new Error('x'), {
    get(_, key) {
      if (key === 'name') return 'Odd';
      throw new Error('unreadable');
    },
  });
  expect(JSON.parse(describeThrown(thrown))).toEqual({
    message: 'an object that is not an Error',
    name: 'Odd',
  });
});

it('is bounded, whatever the texts', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (part) => {
      const long = part.repeat(20_000).slice(0, 100_000);
      const text = describeThrown({ message: long, name: long, code: long, stack: long });
      expect(text.length).toBeLessThan(65_536);
      expect(JSON.parse(text).message).toBe(long.slice(0, 2_000));
    }),
    { numRuns: 30 },
  );
});

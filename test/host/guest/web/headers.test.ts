// Headers, compared with Node's own.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Headers } from '../../../../host/guest/web/headers.ts';

const name = fc.constantFrom('a', 'A', 'X-Y', 'set-cookie', 'Set-Cookie', 'b');
const value = fc.stringMatching(/^[ -~]{0,8}$/);

it('appends, sets, deletes and lists as Node does', () => {
  const step = fc.oneof(
    fc.tuple(fc.constantFrom('append' as const, 'set' as const), name, value),
    fc.tuple(fc.constant('delete' as const), name, fc.constant('')),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const [mine, node] = [new Headers(), new globalThis.Headers()];
      for (const [what, key, text] of steps) {
        for (const headers of [mine, node]) {
          if (what === 'delete') headers.delete(key);
          else headers[what](key, text);
        }
      }
      expect([...mine]).toEqual([...node]);
      expect([...mine.keys(), ...mine.values()]).toEqual([...node.keys(), ...node.values()]);
      expect(mine.getSetCookie()).toEqual(node.getSetCookie());
      for (const key of ['A', 'x-y', 'set-cookie', 'none']) {
        expect([mine.get(key), mine.has(key)]).toEqual([node.get(key), node.has(key)]);
      }
    }),
  );
});

it('is made of pairs, an object, or another', () => {
  const made = [new Headers([['a', '1']]), new Headers({ A: '1' }), new Headers(new Headers({ a: '1' }))];
  for (const headers of made) expect([...headers]).toEqual([['a', '1']]);
  expect([...new Headers(null), ...new Headers()]).toEqual([]);
  const seen: string[] = [];
  new Headers({ b: '2', a: '1' }).forEach((text, key) => {
    seen.push(`${key}=${text}`);
  });
  expect(seen).toEqual(['a=1', 'b=2']);
});

it.each([
  ['a name with a space', () => new Headers({ 'a b': '1' })],
  ['no name', () => new Headers().append('', '1')],
  ['a line end in a value', () => new Headers({ a: '1\r\nb: 2' })],
  ['a value that is no bytes', () => new Headers({ a: '€' })],
  ['a pair of one', () => new Headers([['a']] as unknown as [string, string][])],
  ['a pair of three', () => new Headers([['a', 'b', 'c']] as unknown as [string, string][])],
  ['a text', () => new Headers('a: 1' as never)],
])('refuses %s', (_, make) => {
  expect(make).toThrow(TypeError);
});

// Drained records are hostile text (THREATS.md H9).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CALL_ID, parseDrained } from '../../host/records.ts';
import { refusal } from './refusal.ts';

const format = (kind: number, id: string, name: string, body: string): string =>
  `${kind} ${id} ${name} ${body.length}\n${body}`;

it('reads what the prelude writes, whatever the bodies hold', () => {
  const record = fc.record({
    kind: fc.constantFrom(2 as const, 3 as const, 4 as const),
    id: fc.constantFrom('call-1', 'a', 'x_9.1', 'call-1.4294967295'),
    name: fc.constantFrom('-', 'guest', 'kv.get'),
    body: fc.string({ unit: 'binary' }),
  });
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const text = records.map(({ kind, id, name, body }) => format(kind, id, name, body)).join('');
      expect(parseDrained(text)).toEqual(records);
    }),
  );
});

describe('refuses', () => {
  it.each([
    ['an unknown kind', '5 a - 0\n'],
    ['no line end', '2 a - 0'],
    ['a header without end', `2 ${'a'.repeat(1000)} - 0\n`],
    ['a body cut short', '2 a - 5\nabcd'],
    ['a rest', '2 a - 1\nab'],
    ['a negative length', '2 a - -1\n'],
    ['a length of another form', '2 a - 01\na'],
    ['a length beyond numbers', `2 a - ${'9'.repeat(20)}\na`],
    ['two spaces', '2  a - 0\n'],
    ['a carriage return', '2 a - 0\r\n'],
    ['an id of other characters', '2 a/b - 0\n'],
    ['an effect number of 0', '4 a.0 clock 0\n'],
    ['an effect number with a leading 0', '4 a.01 clock 0\n'],
    ['a name of other characters', '4 a.1 KV 0\n'],
    ['an empty name', '4 a.1  0\n'],
    ['one good record and one bad', '2 a - 1\n1x'],
  ])('%s', (_, text) => {
    expect(refusal(() => parseDrained(text))).toBe('E_FORMAT');
  });

  it('nothing, where nothing was drained', () => {
    expect(parseDrained('')).toEqual([]);
  });
});

it('reads the effects of a large batch exactly, whatever their characters', () => {
  const bodies = ['"ü😀\u0001"'.repeat(20_000), '"x"'];
  const text = bodies.map((body, index) => format(4, `call-with-a-name.${index + 1}`, 'log', body)).join('');
  expect(parseDrained(text)).toEqual(
    bodies.map((body, index) => ({ kind: 4, id: `call-with-a-name.${index + 1}`, name: 'log', body })),
  );
});

it('any text is read or refused with its code', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'234 a.-1\n09') }), (text) => {
      expect([undefined, 'E_FORMAT']).toContain(refusal(() => parseDrained(text)));
    }),
  );
});

it('ids of calls hold no separator of a record', () => {
  expect(['a', 'call-1', 'A_0', 'a'.repeat(64)].every((id) => CALL_ID.test(id))).toBe(true);
  expect(['', 'a.b', 'a b', 'a\n', 'é', 'a'.repeat(65)].some((id) => CALL_ID.test(id))).toBe(false);
});

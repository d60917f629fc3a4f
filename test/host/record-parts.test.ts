// Long values are kept once; whatever they are, the parts are the text.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partsOf } from '../../host/record-parts.ts';

const LONG = JSON.stringify('x'.repeat(20_000));
const joined = (parts: ReturnType<typeof partsOf>): string =>
  parts.map((part) => ('text' in part ? part.text : part.value)).join('');
const values = (parts: ReturnType<typeof partsOf>): string[] =>
  parts.flatMap((part) => ('value' in part ? [part.value] : []));

test('the value in a call and in an answer, whatever their ids; and bodies as they are', () => {
  const call = `[1,"call-1","skill/run",${LONG},true]`;
  const answer = `[5,"call-1.1",${LONG}]`;
  const pushed = partsOf(`[1000,0,${call},[7,"call-0"],${answer}]`, [call, '[7,"call-0"]', answer]);
  expect(values(pushed)).toEqual([LONG, LONG]);
  expect(values(partsOf(`2 call-1 - 20002\n${LONG}`, [LONG]))).toEqual([LONG]);
});

test('short ones, and what is not there, stay in the text', () => {
  const message = '[1,"a","skill/run",{"x":1},true]';
  expect(partsOf(`[1,0,${message}]`, [message, LONG])).toEqual([{ text: `[1,0,${message}]` }]);
  expect(partsOf('', [])).toEqual([]);
});

test('the parts are the text, for any messages', () => {
  const message = fc
    .tuple(fc.constantFrom(1, 5, 6, 7), fc.stringMatching(/^[a-z0-9.]{1,8}$/), fc.jsonValue(), fc.boolean())
    .map(([kind, id, value, long]) => {
      const body = JSON.stringify(long ? [value, 'y'.repeat(17_000)] : value);
      return kind === 1 ? `[1,"${id}","skill/run",${body},false]` : `[${kind},"${id}",${body}]`;
    });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), (messages) => {
      const text = `[1,0${messages.map((one) => `,${one}`).join('')}]`;
      expect(joined(partsOf(text, messages))).toBe(text);
    }),
    { numRuns: 60 },
  );
});

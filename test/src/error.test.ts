// The one error class: what travels, what stays here, and what becomes of anything else that is thrown.
import { describe, expect, expectTypeOf, test } from 'vitest';
import { asSignetError, CODES, type ErrorCode, SignetError } from '../../src/error.ts';

describe('SignetError', () => {
  test('carries code, sentence and details; what to do is the code’s own line unless something better is known', () => {
    const error = new SignetError('E_DIGEST', 'other bytes', { item: 'a.tar', expected: 'x', actual: 'y' });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'SignetError',
      code: 'E_DIGEST',
      message: 'other bytes',
      item: 'a.tar',
      expected: 'x',
      actual: 'y',
      fix: CODES.E_DIGEST.fix,
      exit: 1,
    });
    expect(new SignetError('E_DIGEST', 's', { fix: 'do this' }).fix).toBe('do this');
    expect(error.stack).toContain('other bytes');
  });

  test('its exit is its row’s', () => {
    for (const code of Object.keys(CODES) as ErrorCode[])
      expect(new SignetError(code, 's').exit).toBe(CODES[code].exit);
  });

  test('the wire form has what is there, in that order, and never the cause', () => {
    const cause = Object.assign(new Error('a secret'), { key: 'a secret' });
    const full = new SignetError('E_IO', 'm', { item: 'i', expected: 'e', actual: 'a', fix: 'f', cause });
    expect(JSON.stringify(full)).toBe(
      '{"code":"E_IO","message":"m","item":"i","expected":"e","actual":"a","fix":"f"}',
    );
    expect(full.cause).toBe(cause);
    const bare = new SignetError('E_IO', 'm', { cause });
    expect(JSON.stringify({ nested: [bare] })).toBe(
      `{"nested":[{"code":"E_IO","message":"m","fix":"${CODES.E_IO.fix}"}]}`,
    );
    // Nor under a name that a printer of objects would show.
    expect(Object.entries(bare).flat()).not.toContain(cause);
    expect(new SignetError('E_IO', 'm')).not.toHaveProperty('cause');
  });

  test('a code that is none does not compile', () => {
    expectTypeOf<'E_NOTHING'>().not.toExtend<ErrorCode>();
    expectTypeOf<'E_IO'>().toExtend<ErrorCode>();
  });
});

describe('asSignetError', () => {
  test('leaves a SignetError as it is', () => {
    const error = new SignetError('E_REVOKED', 's');
    expect(asSignetError(error)).toBe(error);
  });

  // what is thrown | message
  test.each<[unknown, string]>([
    [new Error('m'), 'm'],
    [new TypeError('t'), 't'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [1n, '1'],
    [Symbol('s'), 'Symbol(s)'],
    [{ code: 'E_REVOKED', message: 'forged' }, '[object Object]'],
  ])('%s is internal, with its cause kept', (thrown, message) => {
    const error = asSignetError(thrown);
    expect(error).toMatchObject({ code: 'E_INTERNAL', message, exit: 70 });
    expect(error.cause).toBe(thrown);
  });

  test.each<[string, unknown]>([
    ['an object without prototype', Object.create(null)],
    [
      'an object that throws when it is read',
      {
        toString() {
          throw new Error('again');
        },
      },
    ],
  ])('even %s', (_what, thrown) => {
    expect(asSignetError(thrown)).toMatchObject({ code: 'E_INTERNAL', message: expect.any(String) });
  });
});

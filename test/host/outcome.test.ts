// Failures and losses as coded errors; a guest's words never become a code (THREATS.md H6).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureError, lossError, thrownError } from '../../host/outcome.ts';
import { FAILURE } from '../../host/wire.ts';
import { refusal } from './refusal.ts';

const body = (thrown: object): string => JSON.stringify(thrown);

it('quotes name, code, message and stack as text', () => {
  const thrown = body({
    name: 'TypeError',
    code: 'E_TIMEOUT',
    message: 'bad\n\u001b',
    stack: 'a\n  at \u202eb',
  });
  const error = thrownError('E_GUEST', 'it threw', thrown, { item: 'x' });
  expect(error).toMatchObject({ code: 'E_GUEST', item: 'x', actual: 'a\n  at \\u{202e}b' });
  expect(error.message).toBe('it threw: TypeError: E_TIMEOUT: bad\\u{a}\\u{1b}');
});

it('is bounded', () => {
  const long = '\u0000'.repeat(2_000);
  const error = thrownError(
    'E_GUEST',
    'it threw',
    body({ message: long, name: long, code: long, stack: 'x\n'.repeat(999) }),
  );
  expect(error.message.length).toBeLessThan(6_000);
  expect(error.actual?.split('\n')).toHaveLength(12);
});

it('refuses what no prelude writes, whatever it is', () => {
  for (const bad of ['', 'x', 'null', '[]', '"x"', '1', `{"message":"${'x'.repeat(70_000)}"}`]) {
    expect(refusal(() => thrownError('E_GUEST', 'it threw', bad))).toBe('E_FORMAT');
  }
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect([undefined, 'E_FORMAT']).toContain(refusal(() => thrownError('E_GUEST', 'it threw', text)));
    }),
  );
});

describe('codes', () => {
  it.each([
    [FAILURE.timeout, '', 'E_TIMEOUT'],
    [FAILURE.memory, '', 'E_MEMORY'],
    [FAILURE.guest, '{"message":"x"}', 'E_EVALUATE'],
    [FAILURE.gone, '', 'E_WORKER_LOST'],
  ])('of failure %i', (failure, text, code) => {
    expect(failureError(Buffer.concat([Buffer.of(failure), Buffer.from(text)]), 'x', 'E_EVALUATE').code).toBe(
      code,
    );
  });

  it.each([
    ['hang', true, 'E_TIMEOUT'],
    ['hang', false, 'E_WORKER_LOST'],
    ['memory', true, 'E_MEMORY'],
    ['memory', false, 'E_WORKER_LOST'],
    ['exit', true, 'E_WORKER_LOST'],
    ['protocol', true, 'E_WORKER_LOST'],
    ['killed', true, 'E_WORKER_LOST'],
    ['closed', true, 'E_ABORTED'],
    ['closed', false, 'E_ABORTED'],
  ] as const)('of a loss by %s, at the head: %s', (cause, head, code) => {
    expect(lossError({ cause, reason: 'r', culprit: 0 }, 'x', head).code).toBe(code);
  });
});

import { expect, test } from 'vitest';
import { verdictError } from '../../registry/verdict-error.ts';
import type { SubjectVerdict } from '../../src/contracts/verdict.ts';

const verdict: SubjectVerdict = {
  subject: 'acme/x',
  name: 'acme/x',
  version: '1.0.0',
  ok: false,
  code: 'E_FILE_CHANGED',
  asks: [],
  checks: [
    { name: 'limits', state: 'pass' },
    {
      name: 'files',
      state: 'fail',
      code: 'E_FILE_CHANGED',
      detail: 'main.js was changed',
      item: 'main.js',
      expected: 'sha256:a',
      actual: 'sha256:b',
      fix: 'install it again',
    },
    { name: 'log', state: 'not_run' },
  ],
};

test('the first failed check is the error', () => {
  const error = verdictError(verdict);
  expect(error).toMatchObject({
    code: 'E_FILE_CHANGED',
    item: 'main.js',
    expected: 'sha256:a',
    actual: 'sha256:b',
    fix: 'install it again',
  });
  expect(error.message).toBe('acme/x 1.0.0 is refused: main.js was changed');
});

test('a verdict without a failed check still has its code', () => {
  expect(verdictError({ ...verdict, checks: [], code: 'E_UNSIGNED' })).toMatchObject({ code: 'E_UNSIGNED' });
});

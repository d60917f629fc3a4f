// Asserts that an action is refused with a code of the table, and gives the error for a closer look.
import { expect } from 'vitest';
import { type ErrorCode, SignetError } from '../../src/error.ts';

export function expectCode(action: () => unknown, code: ErrorCode): SignetError {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof SignetError)) throw thrown ?? new Error(`nothing was thrown, expected ${code}`);
  expect(thrown.code, thrown.message).toBe(code);
  return thrown;
}

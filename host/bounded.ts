// Waiting for what many calls wait for together, for no longer than one of them may (DESIGN.md §4 "Limits").
import { SignetError } from '../src/error.ts';

/**
 * What the promise comes to; E_TIMEOUT at the deadline (by `performance.now()`; Infinity: none), E_ABORTED with the signal. The promise itself goes
 * on; no timer and no listener is left.
 */
export function within<T>(
  promise: Promise<T>,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => fail(new SignetError('E_ABORTED', 'the call was aborted before it began'));
    const tooLate = (): void =>
      fail(new SignetError('E_TIMEOUT', 'the call did not begin within its time', { item: 'wallMs' }));
    const timer =
      deadline === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(tooLate, Math.max(0, deadline - performance.now()));
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown): void => {
      done();
      reject(error);
    };
    if (signal?.aborted === true) {
      onAbort();
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then((value) => {
      done();
      resolve(value);
    }, fail);
  });
}

// Aborting: once, with its reason, in time, together.
import { beforeAll, expect, it } from 'vitest';
import { AbortController, AbortSignal } from '../../../../host/guest/web/abort.ts';
import { fakeHost } from './fake-host.ts';

const host = fakeHost();
beforeAll(() => host.use());

it('aborts once, with the first reason', () => {
  const { signal, abort } = bound(new AbortController());
  const got: unknown[] = [];
  signal.onabort = (event) => got.push(event.type);
  signal.addEventListener('abort', () => got.push(signal.reason));
  expect(() => signal.throwIfAborted()).not.toThrow();
  abort('first');
  abort('second');
  expect([signal.aborted, got]).toEqual([true, ['abort', 'first']]);
  expect(() => signal.throwIfAborted()).toThrow('first');
});

const bound = (controller: AbortController) => ({
  signal: controller.signal,
  abort: (reason?: unknown) => controller.abort(reason),
});

it('has a reason of its own where none is given', () => {
  expect(AbortSignal.abort().reason).toMatchObject({ name: 'AbortError', code: 20 });
  expect(() => new AbortSignal()).toThrow(TypeError);
});

it('aborts when the time is up', () => {
  const signal = AbortSignal.timeout(70);
  const timer = host.timers.at(-1);
  expect([signal.aborted, timer?.ms]).toEqual([false, 70]);
  timer?.callback();
  expect(signal.reason).toMatchObject({ name: 'TimeoutError', code: 23 });
});

it('aborts with any of several', () => {
  const controllers = [new AbortController(), new AbortController()];
  const any = AbortSignal.any(controllers.map(({ signal }) => signal));
  const nested = AbortSignal.any([any]);
  controllers[1]?.abort('second');
  controllers[0]?.abort('first');
  expect([any.reason, nested.reason]).toEqual(['second', 'second']);
  expect(AbortSignal.any([AbortSignal.abort('before')]).reason).toBe('before');
  expect(AbortSignal.any([]).aborted).toBe(false);
});

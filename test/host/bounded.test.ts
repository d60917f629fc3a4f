// Waiting with a deadline and a signal: one outcome, and nothing left behind.
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { within } from '../../host/bounded.ts';
import { outcomeOf } from './guest-fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const never = new Promise<never>(() => undefined);

test('what comes in time is the outcome, also where it is a failure', async () => {
  const { signal } = new AbortController();
  const deadline = performance.now() + 100;
  expect(await within(Promise.resolve(1), deadline, signal)).toBe(1);
  await expect(within(Promise.reject(new Error('no')), deadline, signal)).rejects.toThrow('no');
  expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
});

test('the deadline ends the waiting; Infinity is none', async () => {
  const { signal } = new AbortController();
  const late = outcomeOf(within(never, performance.now() + 100, signal));
  void within(never, Number.POSITIVE_INFINITY, undefined);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(await late).toBe('E_TIMEOUT');
  expect([vi.getTimerCount(), getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
});

test('the signal ends it, before and meanwhile', async () => {
  expect(await outcomeOf(within(never, performance.now() + 100, AbortSignal.abort()))).toBe('E_ABORTED');
  const controller = new AbortController();
  const waiting = outcomeOf(within(never, performance.now() + 100, controller.signal));
  controller.abort();
  expect(await waiting).toBe('E_ABORTED');
  expect([vi.getTimerCount(), getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
});

// Microtasks and the clock of a guest.
import { beforeAll, expect, it } from 'vitest';
import { performance, queueMicrotask } from '../../../../host/guest/web/tasks.ts';
import { fakeHost } from './fake-host.ts';

const host = fakeHost();
beforeAll(() => host.use());

it('runs when what runs now has ended, in order; who acted hears what it throws', async () => {
  const got: number[] = [];
  queueMicrotask(() => got.push(2));
  queueMicrotask(() => {
    got.push(3);
    throw new Error('mine');
  });
  got.push(1);
  await new Promise(setImmediate);
  expect([got, host.thrown.map(String)]).toEqual([[1, 2, 3], ['Error: mine']]);
  expect(() => queueMicrotask('code')).toThrow(TypeError);
});

it('counts from the birth of the isolate', () => {
  expect([performance.now(), performance.timeOrigin, performance.toJSON()]).toEqual([
    3_000,
    2_000,
    { timeOrigin: 2_000 },
  ]);
});

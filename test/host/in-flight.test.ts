import { expect, test, vi } from 'vitest';
import { InFlight } from '../../host/in-flight.ts';

test('it waits for everything, however it ends, and for what comes in meanwhile', async () => {
  const inFlight = new InFlight();
  const [first, second, third] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ];
  const events: string[] = [];
  const refused = expect(inFlight.track(first.promise)).rejects.toThrow('first');
  inFlight.track(second.promise);
  const settled = inFlight.settled().then(() => events.push('settled'));
  first.reject(new Error('first'));
  await refused;
  inFlight.track(third.promise);
  events.push('second');
  second.resolve();
  await second.promise;
  await new Promise((done) => setImmediate(done));
  events.push('third');
  third.resolve();
  await settled;
  expect(events).toEqual(['second', 'third', 'settled']);
});

test('with nothing in flight it settles at once, also a second time', async () => {
  const inFlight = new InFlight();
  expect(await inFlight.track(Promise.resolve(1))).toBe(1);
  await inFlight.settled();
  await inFlight.settled();
});

test('or for so long', async () => {
  vi.useFakeTimers();
  try {
    const inFlight = new InFlight();
    const work = Promise.withResolvers<void>();
    inFlight.track(work.promise);
    let over = false;
    const settled = inFlight.settled(500).then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(499);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await settled;
    const early = inFlight.settled(500);
    work.resolve();
    await early;
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

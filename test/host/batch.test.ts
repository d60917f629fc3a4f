// Batches: bounded, in order, and with a call that must be alone by itself.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchQueue } from '../../host/batch.ts';
import { Call } from '../../host/call.ts';
import { SignetError } from '../../src/error.ts';
import { callOptions } from './guest-fixture.ts';

const settle = { resolve: () => undefined, reject: () => undefined };
const callOf = (options: Parameters<typeof callOptions>[0] = {}) =>
  new Call('skill/x', '1', callOptions(options), settle);

/** How many messages each batch has until nothing is left. */
function sizes(queue: BatchQueue, cpuMs = 0): number[] {
  const counts: number[] = [];
  while (!queue.isEmpty) {
    counts.push(queue.take(0).entries.length);
    queue.took(cpuMs);
  }
  return counts;
}

describe('of many messages', () => {
  test('at most 64 go together', () => {
    const queue = new BatchQueue();
    for (let i = 0; i < 150; i++) queue.add(callOf(), 'm');
    expect(sizes(queue)).toEqual([64, 64, 22]);
  });

  test('fewer where batches take long, down to one; more again where they do not', () => {
    const queue = new BatchQueue();
    for (let i = 0; i < 135; i++) queue.add(callOf(), 'm');
    expect(sizes(queue, 21)).toEqual([64, 32, 16, 8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    for (let i = 0; i < 15; i++) queue.add(callOf(), 'm');
    expect(sizes(queue, 1)).toEqual([1, 2, 4, 8]);
  });

  test('a long one goes alone rather than with others', () => {
    const queue = new BatchQueue();
    const long = 'x'.repeat(16 * 1024 * 1024);
    for (const message of ['a', long, long, 'b']) queue.add(callOf(), message);
    expect(sizes(queue)).toEqual([1, 1, 1, 1]);
  });
});

test('a call that must be alone shares its batches with no other', () => {
  const queue = new BatchQueue();
  const alone = callOf({ alone: true });
  const [one, two] = [callOf(), callOf()];
  for (const call of [one, two, alone, alone, two, alone]) queue.add(call, 'm');
  const batches = [queue.take(0), queue.take(0), queue.take(0), queue.take(0)];
  expect(batches.map(({ running }) => [...running])).toEqual([[one, two], [alone], [two], [alone]]);
});

test('says which calls run, which are frozen, and how long it may take', () => {
  const queue = new BatchQueue();
  const [long, short, ended] = [callOf({ wallMs: 5_000 }), callOf({ wallMs: 50 }), callOf()];
  ended.fail(new SignetError('E_ABORTED', 'x'));
  for (const call of [short, long, ended]) queue.add(call, `"${call.id}"`);
  const batch = queue.take(7);
  expect(batch.text).toBe(`[7,0,"${short.id}","${long.id}","${ended.id}"]`);
  expect([[...batch.running], batch.frozen]).toEqual([[short, long], [ended]]);
  expect(batch.limitMs).toBeGreaterThan(4_000);
  expect(batch.limitMs).toBeLessThanOrEqual(5_000);
  queue.add(callOf({ cpuMs: 10 }), 'm');
  expect(queue.take(0).limitMs).toBeLessThanOrEqual(40);
});

test('nothing is lost, nothing comes twice, and what is of one call stays in order', () => {
  const step = fc.oneof(
    fc.record({ call: fc.nat(4) }),
    fc.constant('take' as const),
    fc.record({ drop: fc.nat(4) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.infiniteStream(fc.nat(40)), (steps, cpu) => {
      const queue = new BatchQueue();
      const calls = [0, 1, 2, 3, 4].map((index) => callOf({ alone: index === 0 }));
      const waiting: string[][] = calls.map(() => []);
      let count = 0;
      const take = (): void => {
        const { entries, running } = queue.take(0);
        queue.took(cpu.next().value as number);
        expect(running.has(calls[0]!) && running.size > 1).toBe(false);
        for (const { message, call } of entries) expect(waiting[calls.indexOf(call)]?.shift()).toBe(message);
      };
      for (const one of steps) {
        if (one === 'take') {
          if (!queue.isEmpty) take();
        } else if ('call' in one) {
          const message = String(count++);
          waiting[one.call]?.push(message);
          queue.add(calls[one.call]!, message);
        } else {
          queue.drop(calls[one.drop]!);
          waiting[one.drop] = [];
        }
      }
      while (!queue.isEmpty) take();
      expect(waiting.flat()).toEqual([]);
    }),
  );
});

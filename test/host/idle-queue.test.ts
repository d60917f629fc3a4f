// Idle things expire in order, once, by one timer.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { IdleQueue } from '../../host/idle-queue.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function queue(idleMs = 100): { queue: IdleQueue<string>; expired: string[] } {
  const expired: string[] = [];
  return { queue: new IdleQueue(idleMs, (item: string) => expired.push(item)), expired };
}

it('expires what was idle for its time, and nothing sooner', () => {
  const { queue: idle, expired } = queue();
  idle.add('a');
  vi.advanceTimersByTime(60);
  idle.add('b');
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(39);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(expired).toEqual(['a']);
  vi.advanceTimersByTime(60);
  expect(expired).toEqual(['a', 'b']);
  expect(vi.getTimerCount()).toBe(0);
});

it('counts from the last time, and forgets what is used again', () => {
  const { queue: idle, expired } = queue();
  idle.add('a');
  idle.add('b');
  vi.advanceTimersByTime(60);
  idle.delete('a');
  idle.add('b');
  vi.advanceTimersByTime(60);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(40);
  expect(expired).toEqual(['b']);
  idle.add('a');
  vi.advanceTimersByTime(100);
  expect(expired).toEqual(['b', 'a']);
});

it('never expires anything after it was cleared, or where there is no limit', () => {
  const [cleared, endless] = [queue(), queue(Number.POSITIVE_INFINITY)];
  cleared.queue.add('a');
  cleared.queue.clear();
  endless.queue.add('a');
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1_000_000);
  expect([cleared.expired, endless.expired]).toEqual([[], []]);
});

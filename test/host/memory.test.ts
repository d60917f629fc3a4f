// Resident memory from /proc.
import { describe, expect, it } from 'vitest';
import { residentBytes } from '../../host/memory.ts';

describe.runIf(process.platform === 'linux')('on Linux', () => {
  it('agrees with what this process says of itself', () => {
    const told = residentBytes(process.pid) as number;
    expect(told / process.memoryUsage.rss()).toBeGreaterThan(0.7);
    expect(told / process.memoryUsage.rss()).toBeLessThan(1.4);
  });
});

it('says nothing of a process that is not there', () => {
  expect(residentBytes(2 ** 30)).toBe(undefined);
});

// What a host does by itself (THREATS.md 27, 31): each round does all of it, what fails is said once and keeps nothing from the next.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RegistryWatch } from '../../host/registry-watch.ts';
import { Tending } from '../../host/tending.ts';
import { SignetError } from '../../src/error.ts';

const HOUR = 3_600_000;
let now: number;
let faults: string[];
let done: string[];
let tending: Tending | undefined;
let failing: SignetError | undefined;
let found: SignetError[];

beforeEach(() => {
  vi.useFakeTimers();
  [now, faults, done, found, failing] = [0, [], [], [], undefined];
});
afterEach(() => {
  tending?.stop();
  vi.useRealTimers();
});

function begin(renew?: () => void): Tending {
  const registries = {
    take: () => [new SignetError('E_REGISTRY', 'at the start')],
    look: () => {
      done.push('look');
      return found;
    },
  } as unknown as RegistryWatch;
  const installed = {
    tend: () => {
      done.push('tend');
      if (failing !== undefined) throw failing;
    },
  };
  const fault = ({ code }: SignetError) => faults.push(code);
  tending = new Tending({
    clock: { now: () => now },
    registries,
    tended: [installed],
    everyMs: 1_000,
    renew,
    fault,
  });
  return tending;
}

test('rounds come by the timer until it is stopped; what the start could not read is left to the first', () => {
  begin();
  expect([done, faults]).toEqual([[], []]);
  vi.advanceTimersByTime(2_000);
  expect(done).toEqual(['look', 'tend', 'look', 'tend']);
  tending?.stop();
  vi.advanceTimersByTime(5_000);
  expect(done.length).toBe(4);
});

test('what fails is said once as long as it is the same, and again once it was well', () => {
  begin();
  failing = new SignetError('E_LOCKFILE', 'damaged');
  for (let i = 0; i < 3; i++) tending?.round();
  expect(faults).toEqual(['E_LOCKFILE']);
  failing = undefined;
  tending?.round();
  failing = new SignetError('E_LOCKFILE', 'damaged');
  tending?.round();
  expect(faults).toEqual(['E_LOCKFILE', 'E_LOCKFILE']);
  found = [new SignetError('E_SIGNATURE', 'a registry')];
  failing = undefined;
  tending?.round();
  expect(faults.at(-1)).toBe('E_SIGNATURE');
  expect(done.filter((step) => step === 'tend').length).toBe(6);
});

test('the status of an own registry is renewed twice a day; that it fails is a fault', () => {
  let renewals = 0;
  begin(() => {
    if (++renewals === 2) throw new SignetError('E_NOT_FOUND', 'no key');
  });
  tending?.round();
  expect(renewals).toBe(0);
  now = 12 * HOUR;
  tending?.round();
  tending?.round();
  expect([renewals, faults]).toEqual([1, []]);
  now = 24 * HOUR;
  tending?.round();
  expect([renewals, faults]).toEqual([2, ['E_NOT_FOUND']]);
});

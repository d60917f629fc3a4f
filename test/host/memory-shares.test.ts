// Who is to blame for a worker that holds too much: never who was only there.
import { expect, test } from 'vitest';
import { MemoryShares } from '../../host/memory-shares.ts';

const MEGA = 1024 * 1024;

/** Looks in a row: the isolates at work since the one before, and the megabytes held. */
function after(
  looks: readonly (readonly [readonly number[], number])[],
  gone: readonly number[] = [],
): number {
  const shares = new MemoryShares();
  for (const [isolates, mega] of looks) {
    for (const isolate of isolates) shares.worked(isolate);
    shares.measured(mega * MEGA);
  }
  for (const isolate of gone) shares.forget(isolate);
  return shares.largest;
}

// what was seen | who is to blame
test.each<[string, readonly (readonly [readonly number[], number])[], number]>([
  ['nothing', [], 0],
  ['a first look, at whatever is held', [[[1], 500]], 0],
  [
    'one that grows',
    [
      [[], 50],
      [[1], 300],
    ],
    1,
  ],
  [
    'one that grew, another that was at work when it was too much',
    [
      [[], 50],
      [[1], 300],
      [[2], 301],
    ],
    1,
  ],
  [
    'one that grows little by little',
    [
      [[], 50],
      [[1], 60],
      [[2], 60],
      [[1], 70],
      [[1], 85],
    ],
    1,
  ],
  [
    'two at work at once',
    [
      [[], 50],
      [[1, 2], 300],
    ],
    0,
  ],
  [
    'two that grew alike',
    [
      [[], 50],
      [[1], 150],
      [[2], 250],
    ],
    0,
  ],
  [
    'one that grew and shrank, and another that grew',
    [
      [[], 50],
      [[1], 250],
      [[1], 60],
      [[2], 260],
    ],
    2,
  ],
  [
    'growth that is no one’s fault',
    [
      [[], 50],
      [[1], 60],
    ],
    0,
  ],
])('%s', (_, looks, culprit) => expect(after(looks)).toBe(culprit));

test('an isolate that is gone holds nothing any more', () => {
  const looks = [
    [[], 50],
    [[1], 300],
  ] as const;
  expect(after(looks)).toBe(1);
  expect(after(looks, [1])).toBe(0);
});

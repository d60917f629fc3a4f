// Floods of effects (THREATS.md H14): few at once, none while answers pile up or after the end, and the event loop goes on.
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../host/call.ts';
import { EffectQueue, type EffectQueueLimits } from '../../host/effect-queue.ts';

const effect = (id: number, args = '{}', capability = 'x'): Effect => ({ id: `a.${id}`, capability, args });
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A queue whose effects end when they are told to. */
function queueOf(limits: Partial<EffectQueueLimits>, mayBegin = () => true) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const queue = new EffectQueue({
    mayBegin,
    limits: { turnMs: Number.POSITIVE_INFINITY, ...limits },
    perform: ({ id }) => {
      begun.push(id);
      return new Promise((resolve) => ends.push(resolve));
    },
  });
  const endAll = async () => {
    for (const end of ends.splice(0)) end();
    await turn();
  };
  return { queue, begun, ends, endAll };
}

describe('how many', () => {
  test('so many at once, in order, and all of them in the end', async () => {
    const { queue, begun, ends, endAll } = queueOf({ running: 3 });
    for (let id = 1; id <= 8; id++) expect(queue.push(effect(id))).toBe(true);
    expect(begun).toEqual(['a.1', 'a.2', 'a.3']);
    ends.shift()?.();
    await turn();
    expect(begun).toHaveLength(4);
    while (ends.length > 0) await endAll();
    expect(begun).toEqual(Array.from({ length: 8 }, (_, index) => `a.${index + 1}`));
  });

  test('timers and console lines take no place and wait for none; none after the end', async () => {
    let open = true;
    const { queue, begun, ends } = queueOf({ running: 1, argsUnits: 10 }, () => open);
    for (let id = 1; id <= 3; id++) queue.push(effect(id));
    for (let id = 4; id <= 6; id++) queue.push(effect(id, '{}', id === 5 ? 'log.lines' : 'clock.wait'));
    expect(begun).toEqual(['a.1', 'a.4', 'a.5', 'a.6']);
    ends.at(-1)?.();
    await turn();
    expect(begun).toHaveLength(4);
    ends[0]?.();
    await turn();
    expect(begun).toEqual(['a.1', 'a.4', 'a.5', 'a.6', 'a.2']);
    expect(queue.push(effect(7, 'x'.repeat(11), 'log.lines'))).toBe(false);
    open = false;
    expect(queue.push(effect(8, '{}', 'clock.wait'))).toBe(true);
    expect(begun).toHaveLength(5);
  });

  test('none while more answers wait than may, until the isolate took them', async () => {
    const { queue, begun, endAll } = queueOf({ running: 1, answerUnits: 100 });
    for (let id = 1; id <= 3; id++) queue.push(effect(id));
    queue.answered(100);
    await endAll();
    expect(begun).toHaveLength(2);
    queue.answered(1);
    await endAll();
    expect(begun).toHaveLength(2);
    queue.taken(101);
    expect(begun).toHaveLength(3);
  });

  test('no more arguments wait than may; what is begun waits no longer', async () => {
    const { queue, begun, endAll } = queueOf({ running: 1, argsUnits: 10 });
    expect(queue.push(effect(1, 'x'.repeat(11)))).toBe(false);
    expect(queue.push(effect(2, 'x'.repeat(10)))).toBe(true);
    expect(queue.push(effect(3, 'x'.repeat(10)))).toBe(true);
    expect(queue.push(effect(4, 'x'))).toBe(false);
    await endAll();
    expect(queue.push(effect(5, 'x'.repeat(10)))).toBe(true);
    expect(begun).toEqual(['a.2', 'a.3']);
  });
});

describe('until when', () => {
  test('what may not begin any more is dropped, and asked for before each', async () => {
    let left = 2;
    const { queue, begun, endAll } = queueOf({ running: 1 }, () => left-- > 0);
    for (let id = 1; id <= 5; id++) queue.push(effect(id));
    await endAll();
    await endAll();
    left = 10;
    await endAll();
    expect(begun).toEqual(['a.1', 'a.2']);
  });

  test('what was cleared never begins', async () => {
    const { queue, begun, endAll } = queueOf({ running: 1 });
    queue.push(effect(1));
    queue.push(effect(2));
    queue.clear();
    await endAll();
    expect(begun).toEqual(['a.1']);
  });
});

test('a turn of the event loop that has done its share leaves the rest to the next', async () => {
  const { queue, begun } = queueOf({ running: 100, turnMs: 0 });
  for (let id = 1; id <= 3; id++) queue.push(effect(id));
  expect(begun).toEqual(['a.1']);
  await turn();
  expect(begun).toEqual(['a.1', 'a.2']);
  await turn();
  expect(begun).toEqual(['a.1', 'a.2', 'a.3']);
});

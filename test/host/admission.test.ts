// Backpressure and fair share (DESIGN.md §4): a flood of one bundle fills no one's memory and starves nobody; who waits can be
// called off, and every call settles once.
import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Admission, type Lane, type Ticket } from '../../host/admission.ts';
import { HostPolicy } from '../../src/contracts/config.ts';
import { asSignetError } from '../../src/error.ts';

const QUEUE = HostPolicy.parse({}).queue;
const open = (limits: Partial<HostPolicy['queue']> = {}) => new Admission({ ...QUEUE, ...limits });
const ticket = (more: Partial<Ticket> = {}): Ticket => ({
  bytes: 10,
  concurrent: 100,
  deadline: performance.now() + 60_000,
  nested: false,
  signal: undefined,
  ...more,
});
const NOTHING = { running: 0, waiting: 0, bytes: 0, lanes: 0 };

/** Lets a call in; `began` once it runs, the code of the refusal otherwise. */
function enter(
  lane: Lane,
  given: Ticket = ticket(),
): { state: string; leave: () => void; settled: Promise<void> } {
  const call = { state: 'waits', leave: () => lane.leave(given), settled: Promise.resolve() };
  const refused = (thrown: unknown): void => {
    call.state = asSignetError(thrown).code;
  };
  try {
    const waiting = lane.enter(given);
    if (waiting === undefined) call.state = 'began';
    else
      call.settled = waiting.then(() => {
        call.state = 'began';
      }, refused);
  } catch (thrown) {
    refused(thrown);
  }
  return call;
}
const settle = () => new Promise((done) => setImmediate(done));
const states = (calls: readonly { state: string }[]) => calls.map(({ state }) => state);

afterEach(() => vi.useRealTimers());

test('so many run, the others wait and begin as places come free', async () => {
  const admission = open({ running: 2 });
  const lane = admission.lane();
  const calls = [enter(lane), enter(lane), enter(lane), enter(lane)];
  expect(states(calls)).toEqual(['began', 'began', 'waits', 'waits']);
  calls[0]?.leave();
  await settle();
  expect(states(calls)).toEqual(['began', 'began', 'began', 'waits']);
  for (const call of calls.slice(1, 3)) call.leave();
  await settle();
  calls[3]?.leave();
  expect(admission.load).toEqual(NOTHING);
});

test('a flood of one bundle: the single call of another begins after one place came free', async () => {
  const admission = open({ running: 4 });
  const [flood, single] = [admission.lane(), admission.lane()];
  const flooding = Array.from({ length: 10_000 }, () => enter(flood));
  const call = enter(single);
  let ended = 0;
  while (call.state === 'waits') {
    flooding.find(({ state }) => state === 'began')?.leave();
    ended++;
    await settle();
  }
  expect(call.state).toBe('began');
  expect(ended).toBeLessThanOrEqual(2);
});

describe('where no more can wait', () => {
  test('the longest lane gives way, newest call first; nobody else is refused', async () => {
    const admission = open({ running: 1, waiting: 5 });
    const [flood, single] = [admission.lane(), admission.lane()];
    const flooding = Array.from({ length: 9 }, () => enter(flood));
    expect(states(flooding)).toEqual(['began', ...Array(5).fill('waits'), ...Array(3).fill('E_BUSY')]);
    const [one, two, three] = [enter(single), enter(single), enter(single)];
    await settle();
    expect(states([one, two, three])).toEqual(['waits', 'waits', 'E_BUSY']);
    expect(states(flooding.slice(0, 6))).toEqual(['began', 'waits', 'waits', 'waits', 'E_BUSY', 'E_BUSY']);
    expect(admission.load).toMatchObject({ running: 1, waiting: 5, lanes: 2 });
  });

  test('the refusal names the bound and what was found', () => {
    const lane = open({ running: 1, waiting: 0 }).lane();
    enter(lane);
    expect(() => lane.enter(ticket())).toThrow(
      expect.objectContaining({
        code: 'E_BUSY',
        item: 'host.queue.waiting',
        expected: 'at most 0 calls',
        actual: '0 calls',
      }),
    );
  });

  test('inputs count in bytes, and no bundle has more than half of them', async () => {
    const mega = 1 << 20;
    const admission = open({ running: 2, inputMb: 8 });
    const [flood, single] = [admission.lane(), admission.lane()];
    const flooding = Array.from({ length: 6 }, () => enter(flood, ticket({ bytes: mega })));
    expect(states(flooding)).toEqual(['began', 'began', 'waits', 'waits', 'E_BUSY', 'E_BUSY']);
    expect(enter(single, ticket({ bytes: 4 * mega })).state).toBe('waits');
    // All is taken: what waits gives way to a bundle that has less.
    expect(enter(admission.lane(), ticket({ bytes: mega })).state).toBe('waits');
    await settle();
    expect(admission.load.bytes).toBeLessThanOrEqual(8 * mega);
  });
});

test('calls of one bundle that run at once are bounded, without holding up others', async () => {
  const lane = open().lane();
  const calls = [1, 2, 3].map(() => enter(lane, ticket({ concurrent: 2 })));
  expect(states(calls)).toEqual(['began', 'began', 'waits']);
  calls[0]?.leave();
  await settle();
  expect(calls[2]?.state).toBe('began');
  const admission = open({ running: 2 });
  const [narrow, wide] = [admission.lane(), admission.lane()];
  const [first, second] = [1, 2].map(() => enter(narrow, ticket({ concurrent: 1 })));
  expect(states([first!, second!, enter(wide)])).toEqual(['began', 'waits', 'began']);
});

test('a call that a running call leads to takes no slot: the host never waits for itself', async () => {
  const admission = open({ running: 1 });
  const [outer, inner] = [admission.lane(), admission.lane()];
  const caller = enter(outer);
  const nested = { nested: true, concurrent: 1 };
  const [one, two] = [enter(inner, ticket(nested)), enter(inner, ticket(nested))];
  expect(states([caller, one, two])).toEqual(['began', 'began', 'waits']);
  one.leave();
  await settle();
  expect(two.state).toBe('began');
  two.leave();
  caller.leave();
  expect(admission.load).toEqual(NOTHING);
});

describe('who waits can be called off', () => {
  test('aborted before: nothing is taken; aborted while it waits: its place is free; no listener is left', async () => {
    const admission = open({ running: 1 });
    const lane = admission.lane();
    expect(enter(lane, ticket({ signal: AbortSignal.abort() })).state).toBe('E_ABORTED');
    const running = enter(lane);
    const controller = new AbortController();
    const { signal } = controller;
    const [waits, stays] = [enter(lane, ticket({ signal })), enter(lane)];
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    await settle();
    expect(states([waits, stays])).toEqual(['E_ABORTED', 'waits']);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    running.leave();
    await settle();
    expect(stays.state).toBe('began');
    const later = new AbortController();
    const begins = enter(lane, ticket({ signal: later.signal }));
    stays.leave();
    await settle();
    expect(begins.state).toBe('began');
    expect(getEventListeners(later.signal, 'abort')).toHaveLength(0);
    begins.leave();
    expect(admission.load).toEqual(NOTHING);
  });

  test('its deadline counts the waiting', async () => {
    vi.useFakeTimers();
    const admission = open({ running: 1 });
    const lane = admission.lane();
    const running = enter(lane);
    const call = enter(lane, ticket({ deadline: performance.now() + 500 }));
    await vi.advanceTimersByTimeAsync(499);
    expect(call.state).toBe('waits');
    await vi.advanceTimersByTimeAsync(1);
    expect(call.state).toBe('E_TIMEOUT');
    running.leave();
    expect(admission.load).toEqual(NOTHING);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('all of a bundle at once', async () => {
    const admission = open({ running: 1 });
    const [lane, other] = [admission.lane(), admission.lane()];
    const calls = [enter(lane), enter(lane), enter(other), enter(lane)];
    lane.expel(asSignetError(new Error('gone')));
    await settle();
    expect(states(calls)).toEqual(['began', 'E_INTERNAL', 'waits', 'E_INTERNAL']);
  });
});

test('new bounds hold from now on', async () => {
  const admission = open({ running: 1 });
  const lane = admission.lane();
  const calls = [enter(lane), enter(lane), enter(lane)];
  admission.limits = { ...QUEUE, running: 3 };
  await settle();
  expect(states(calls)).toEqual(['began', 'began', 'began']);
});

test('whatever comes, each call settles once, the bounds hold, and nothing is left', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ lane: fc.nat(3), bytes: fc.nat(3), nested: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ end: fc.nat() }) },
    fc.record({ abort: fc.nat() }),
    fc.record({ expel: fc.nat(3) }),
  );
  const bounds = fc.record({ running: fc.integer({ min: 1, max: 4 }), waiting: fc.nat(6) });
  await fc.assert(
    fc.asyncProperty(
      bounds,
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 80 }),
      async (limits, concurrent, steps) => {
        const admission = open({ ...limits, inputMb: 8 });
        const lanes = [0, 1, 2, 3].map(() => admission.lane());
        const calls: (ReturnType<typeof enter> & {
          controller: AbortController;
          nested: boolean;
          lane: number;
        })[] = [];
        for (const one of steps) {
          if ('lane' in one) {
            const controller = new AbortController();
            const { nested, lane, bytes } = one;
            const given = ticket({ bytes: bytes << 20, concurrent, nested, signal: controller.signal });
            calls.push(Object.assign(enter(lanes[lane]!, given), { controller, nested, lane }));
          } else if ('end' in one) {
            const running = calls.filter(({ state }) => state === 'began');
            const call = running[one.end % (running.length || 1)];
            if (call !== undefined) {
              call.state = 'ended';
              call.leave();
            }
          } else if ('abort' in one) calls[one.abort % (calls.length || 1)]?.controller.abort();
          else lanes[one.expel]?.expel(asSignetError(new Error('gone')));
          await Promise.resolve();
          await Promise.resolve();
          const running = calls.filter(({ state }) => state === 'began');
          const waiting = calls.filter(({ state }) => state === 'waits');
          expect(running.filter(({ nested }) => !nested).length).toBeLessThanOrEqual(limits.running);
          for (const lane of lanes.keys())
            expect(running.filter((call) => call.lane === lane).length).toBeLessThanOrEqual(concurrent);
          expect(waiting.length).toBeLessThanOrEqual(limits.waiting);
          expect(admission.load.bytes).toBeLessThanOrEqual(8 << 20);
          // Nobody waits for nothing.
          const isFree = running.filter(({ nested }) => !nested).length < limits.running;
          for (const call of waiting) {
            const isNarrow = running.filter(({ lane }) => lane === call.lane).length >= concurrent;
            expect(isNarrow || (!call.nested && !isFree)).toBe(true);
          }
        }
        for (;;) {
          const call = calls.find(({ state }) => state === 'began');
          if (call === undefined) break;
          call.state = 'ended';
          call.leave();
          await settle();
        }
        expect(calls.filter(({ state }) => state === 'waits')).toEqual([]);
        expect(
          calls.every(({ controller }) => getEventListeners(controller.signal, 'abort').length === 0),
        ).toBe(true);
        expect(admission.load).toEqual(NOTHING);
      },
    ),
    { numRuns: 60 },
  );
});

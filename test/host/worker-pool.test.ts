// Who runs where, and what runs at all: a domain's workers, the one spare, and their ends (DESIGN.md §4, THREATS.md H3, H20).
import { afterEach, expect, it } from 'vitest';
import { workerKit } from '../../host/worker-kit.ts';
import { type Place, WorkerPool, type WorkerPoolOptions } from '../../host/worker-pool.ts';
import type { WorkerProcess } from '../../host/worker-process.ts';
import { isRunning } from './guest-fixture.ts';

const pools = new Set<WorkerPool>();
afterEach(async () => {
  await Promise.all([...pools].map((pool) => pool.close()));
  pools.clear();
});

const kit = await workerKit('auto');

function createPool(options: Partial<WorkerPoolOptions> = {}) {
  const lost: string[] = [];
  const pool = new WorkerPool({
    memoryMb: 256,
    graceMs: 300,
    idleMs: Number.POSITIVE_INFINITY,
    spareAfterMs: Number.POSITIVE_INFINITY,
    perDomain: () => 1,
    preludeCache: () => new Uint8Array(),
    onLost: (domain) => lost.push(domain),
    ...options,
  });
  pools.add(pool);
  return { pool, lost, place: (domain: string): Place => pool.place(kit, domain, 8) };
}

const pidOf = ({ channel }: Place): number => (channel as WorkerProcess).pid as number;
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise(setImmediate);
};

it('starts nothing until something is needed', () => {
  const { pool } = createPool({ spareAfterMs: 0 });
  expect([pool.size, pool.pids]).toEqual([0, []]);
});

it('gives a domain one worker, or as many as it may have, each place in the least loaded', () => {
  const one = createPool();
  expect(pidOf(one.place('a'))).toBe(pidOf(one.place('a')));
  expect(pidOf(one.place('b'))).not.toBe(pidOf(one.place('a')));
  expect(one.pool.size).toBe(2);

  let most = 2;
  const two = createPool({ perDomain: () => most });
  const [first, second, third] = [two.place('a'), two.place('a'), two.place('a')];
  expect(pidOf(second)).not.toBe(pidOf(first));
  expect(pidOf(third)).toBe(pidOf(first));
  expect(pidOf(two.place('a'))).toBe(pidOf(second));
  first.release();
  third.release();
  expect(pidOf(two.place('a'))).toBe(pidOf(first));
  most = 1;
  expect(pidOf(two.place('a'))).toBe(pidOf(first));
  expect(two.pool.size).toBe(2);
});

it('keeps a spare, which goes to the next domain and is replaced', async () => {
  const { pool, place } = createPool({ spareAfterMs: 0 });
  const first = place('a');
  await until(() => pool.pids.length === 2);
  const spare = pool.pids.find((pid) => pid !== pidOf(first));
  expect(pool.size).toBe(1);
  expect(pidOf(place('b'))).toBe(spare);
  expect(pool.size).toBe(2);
  await until(() => pool.pids.length === 3);
});

it('replaces a lost worker by the spare, and a lost spare by nothing', async () => {
  const { pool, lost, place } = createPool({ spareAfterMs: 0 });
  const first = place('a');
  await until(() => pool.pids.length === 2);
  const spare = pool.pids.find((pid) => pid !== pidOf(first)) as number;
  process.kill(pidOf(first), 'SIGKILL');
  await until(() => lost.length === 1);
  expect([lost, pool.size]).toEqual([['a'], 0]);
  expect(pidOf(place('a'))).toBe(spare);
  await until(() => pool.pids.length === 2 && !pool.pids.includes(pidOf(first)));
  const next = pool.pids.find((pid) => pid !== spare) as number;
  process.kill(next, 'SIGKILL');
  await until(() => lost.length === 2);
  expect([lost, pool.size]).toEqual([['a', '(spare)'], 1]);
  expect(pidOf(place('b'))).not.toBe(next);
});

it('ends a worker that is not needed, then the spare: nothing is left of a host at rest', async () => {
  const { pool, lost, place } = createPool({ idleMs: 0, spareAfterMs: 0 });
  const only = place('a');
  await until(() => pool.pids.length === 2);
  const { pids } = pool;
  only.release();
  await until(() => pool.pids.length === 0);
  expect([pids.filter(isRunning), pool.size, lost]).toEqual([[], 0, []]);
  // And it starts again.
  expect(isRunning(pidOf(place('a')))).toBe(true);
});

it('keeps a worker that is needed again', async () => {
  const { pool, place } = createPool({ idleMs: 0 });
  const first = place('a');
  first.release();
  const again = place('a');
  place('b').release();
  await until(() => pool.pids.length === 1);
  expect(pool.pids).toEqual([pidOf(first)]);
  expect(pidOf(again)).toBe(pidOf(first));
});

it('leaves no process, and starts none, once it is closed', async () => {
  const { pool, lost, place } = createPool({ spareAfterMs: 0 });
  place('a');
  place('b');
  pool.fresh(kit);
  await until(() => pool.pids.length === 4);
  const { pids } = pool;
  await pool.close();
  expect(pids.filter(isRunning)).toEqual([]);
  expect(() => place('a')).toThrow(expect.objectContaining({ code: 'E_ABORTED' }));
  expect([pool.pids, lost]).toEqual([[], []]);
});

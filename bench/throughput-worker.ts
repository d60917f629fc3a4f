// `throughput-worker`: calls of 1 KB through a worker process, 512 of them under way at any time, beside the prototype.
import { Host } from '../host/host.ts';
import { installBench } from './bundle.ts';
import { startPrototype } from './floors/prototype.ts';
import { median, payload } from './measure.ts';
import type { Row } from './run.ts';

const WINDOW = 512;
const CALLS = 20_000;
const ROUNDS = 5;
const AIM = 0.8;

export async function throughputWorker(folder: string): Promise<Row[]> {
  const { paths } = await installBench(folder);
  const prototype = await startPrototype();
  const host = await Host.open({ directory: paths.project });
  const value = payload();
  const signets: number[] = [];
  const floors: number[] = [];
  try {
    const signet = () => host.dispatch('skill', 'echo', value);
    const floor = () => prototype.call('echo', value);
    await rate(signet, CALLS / 4);
    await rate(floor, CALLS / 4);
    for (let round = 0; round < ROUNDS; round++) {
      floors.push(await rate(floor, CALLS));
      signets.push(await rate(signet, CALLS));
    }
  } finally {
    prototype.close();
    await host.close();
  }
  const ratio = median(signets.map((calls, i) => calls / (floors[i] ?? Number.NaN)));
  return [
    {
      id: 'throughput-worker',
      what: `dispatch 1 KB, worker process, window ${WINDOW}`,
      unit: 'calls/s',
      signet: median(signets),
      floor: median(floors),
      ratio,
      aim: `>= ${AIM}`,
      met: ratio >= AIM,
    },
  ];
}

/** Calls a second. */
async function rate(call: () => Promise<unknown>, calls: number): Promise<number> {
  let left = calls;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: WINDOW }, async () => {
      while (left-- > 0) await call();
    }),
  );
  return (calls / (performance.now() - start)) * 1_000;
}

// `dispatch-worker`: one call of 1 KB after the other through a worker process, with validation, grants, limits and journal on,
// beside the least that such a call can be.
import { Host } from '../host/host.ts';
import { installBench } from './bundle.ts';
import { startPrototype } from './floors/prototype.ts';
import { payload, timePair } from './measure.ts';
import type { Row } from './run.ts';

const CALLS = 1_500;
const AIM = 1.2;

export async function dispatchWorker(folder: string): Promise<Row[]> {
  const { paths } = await installBench(folder);
  const prototype = await startPrototype();
  const host = await Host.open({ directory: paths.project });
  const value = payload();
  try {
    const { one, other, ratio } = await timePair(
      () => host.dispatch('skill', 'echo', value),
      () => prototype.call('echo', value),
      CALLS,
    );
    return [
      {
        id: 'dispatch-worker',
        what: 'dispatch 1 KB, worker process, sequential',
        unit: 'µs',
        signet: one,
        floor: other,
        ratio,
        aim: `<= ${AIM}`,
        met: ratio <= AIM,
      },
    ];
  } finally {
    prototype.close();
    await host.close();
  }
}

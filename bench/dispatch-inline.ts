// `dispatch-inline`: one call of 1 KB after the other into an isolate of this process, with validation, grants, limits and journal
// on, beside the bare pump; then the same call through a worker beside other people's boundaries, for comparison.
import { Host } from '../host/host.ts';
import { installBench } from './bundle.ts';
import { startPeers } from './floors/peers.ts';
import { startPump } from './floors/pump.ts';
import { payload, timePair } from './measure.ts';
import type { Row } from './run.ts';

const CALLS = 2_000;
const AIM = 1.3;

export async function dispatchInline(folder: string): Promise<Row[]> {
  const { paths, digest } = await installBench(folder);
  const pump = startPump();
  const value = payload();
  const rows: Row[] = [];
  const inline = await Host.open({ directory: paths.project, inline: [digest] });
  try {
    const dispatch = () => inline.dispatch('skill', 'echo', value);
    const { one, other, ratio } = await timePair(dispatch, () => pump(value), CALLS);
    rows.push({
      id: 'dispatch-inline',
      what: 'dispatch 1 KB, isolate of this process, sequential',
      unit: 'µs',
      signet: one,
      floor: other,
      ratio,
      aim: `<= ${AIM}`,
      met: ratio <= AIM,
    });
  } finally {
    await inline.close();
  }
  const worker = await Host.open({ directory: paths.project });
  const peers = await startPeers();
  try {
    for (const peer of peers) {
      const dispatch = () => worker.dispatch('skill', 'echo', value);
      const { one, other, ratio } = await timePair(dispatch, () => peer.call(value), 500, 5);
      rows.push({
        id: `peer-${peer.name}`,
        what: `dispatch 1 KB, worker process, beside an echo by ${peer.name}`,
        unit: 'µs',
        signet: one,
        floor: other,
        ratio,
        aim: 'to compare',
        met: true,
      });
    }
  } finally {
    for (const peer of peers) peer.close();
    await worker.close();
  }
  return rows;
}

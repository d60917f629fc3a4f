// `recover`: from the kill of a worker to the next reply, with a warm spare and without one, beside the start of a worker to ready.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest } from '../host/guest-handle.ts';
import { Supervisor } from '../host/supervisor.ts';
import { workerKit } from '../host/worker-kit.ts';
import { WorkerProcess } from '../host/worker-process.ts';
import { median } from './measure.ts';
import type { Row } from './run.ts';

const ROUNDS = 15;
const AIM = 1.5;
const AIM_MS = 10;
const CODE = "__signet_define([{kind:'skill',name:'echo',run:(x)=>x}]);undefined";

export async function recover(): Promise<Row[]> {
  const starts: number[] = [];
  for (let round = 0; round < ROUNDS; round++) starts.push(await spawnToReady());
  const spare = await recoveries(250);
  const cold = await recoveries(Number.POSITIVE_INFINITY);
  const floor = median(starts);
  const row = (id: string, what: string, signet: number, aim: string, met: boolean): Row => ({
    id,
    what: `killed worker to the next reply, ${what}`,
    unit: 'ms',
    signet,
    floor,
    ratio: signet / floor,
    aim,
    met,
  });
  const [warmMs, coldMs] = [median(spare), median(cold)];
  return [
    row('recover', 'warm spare', warmMs, `< ${AIM_MS} ms`, warmMs < AIM_MS),
    row('recover-cold', 'no spare', coldMs, `<= ${AIM}`, coldMs / floor <= AIM),
  ];
}

async function spawnToReady(): Promise<number> {
  const { scripts, sandbox } = await workerKit('auto');
  const start = performance.now();
  let worker: WorkerProcess | undefined;
  await new Promise<void>((onReady) => {
    const limits = { memoryBytes: () => 1 << 30, graceMs: 1_000 };
    const launched = { script: scripts.worker, command: sandbox.command };
    worker = new WorkerProcess(launched, limits, { onReady, onLost: () => undefined });
  });
  const took = performance.now() - start;
  await worker?.close();
  return took;
}

async function recoveries(spareAfterMs: number): Promise<number[]> {
  const supervisor = new Supervisor({ spareAfterMs });
  const samples: number[] = [];
  try {
    const code = { code: CODE, heapMb: 32, name: 'local/bench', version: '1.0.0', record: 'off' } as const;
    const guest = await supervisor.open({ digest: 'bench', tenant: 't', domain: 'd', ...code });
    for (let round = 0; round < ROUNDS; round++) {
      await reply(guest);
      // Long enough for the last one to be gone, and for a spare to be ready and calm.
      await sleep(Number.isFinite(spareAfterMs) ? 1_500 : 100);
      // The oldest: a spare is younger.
      const [worker] = supervisor.pids;
      const start = performance.now();
      // All of it: a wrapper alone would let the engine answer once more.
      process.kill(-(worker as number), 'SIGKILL');
      await reply(guest);
      samples.push(performance.now() - start);
    }
  } finally {
    await supervisor.close();
  }
  return samples;
}

let calls = 0;

/** The reply of a call; one that was lost with the worker is made again. */
async function reply(guest: Guest): Promise<void> {
  for (;;) {
    try {
      await guest.call('skill/echo', '1', {
        callId: `bench-${++calls}`,
        wallMs: 10_000,
        cpuMs: 10_000,
        outputBytes: 1_000,
        effects: 0,
        dryRun: true,
        alone: false,
        perform: async () => ({ ok: false, code: 'E_CAPABILITY_DENIED', message: 'no' }),
      });
      return;
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'E_WORKER_LOST') throw thrown;
    }
  }
}

// The layers are named, each once, on or off, as they are: what the kernel says of a running worker outranks what was found to work.
import { expect, it } from 'vitest';
import { describeLayers, type LayerFacts, type Layers } from '../../host/layers.ts';
import type { Sandbox } from '../../host/worker/sandbox.ts';
import { workerKit } from '../../host/worker-kit.ts';
import { HostStatus } from '../../src/contracts/api.ts';
import { callOptions, closeAfterEach, HONEST, openGuest, supervise } from './guest-fixture.ts';

closeAfterEach();

const BWRAP: Sandbox = {
  name: 'bwrap',
  barriers: new Set(['network', 'processes', 'files', 'end']),
  command: ['bwrap'],
  refused: new Map(),
};
const NOTHING: Sandbox = {
  name: 'none',
  barriers: new Set(),
  command: [],
  refused: new Map([['bwrap', 'bwrap is not installed']]),
};

const facts = (more: Partial<LayerFacts> = {}): LayerFacts => ({
  nodeMajor: 26,
  platform: 'linux',
  sandbox: BWRAP,
  prlimit: '/usr/bin/prlimit',
  inline: 0,
  engines: [],
  ...more,
});

/** `by` of a layer that is on, `off: ` and why of one that is not. */
function layer(layers: Layers, name: string): string | undefined {
  const off = layers.off.find((row) => row.layer === name);
  return off === undefined ? layers.on.find((row) => row.layer === name)?.by : `off: ${off.why}`;
}

it('names each layer once, in the shape of the status', () => {
  for (const sandbox of [BWRAP, NOTHING]) {
    const layers = describeLayers(facts({ sandbox }));
    const names = [...layers.on, ...layers.off].map((row) => row.layer);
    expect(new Set(names).size).toBe(names.length);
    expect(HostStatus.shape.layers.safeParse(layers).success).toBe(true);
  }
});

it.each([
  ['no network', { nodeMajor: 24 }, 'bwrap'],
  [
    'no network',
    { nodeMajor: 24, sandbox: NOTHING },
    'off: Node 24 does not deny sockets; bwrap: bwrap is not installed',
  ],
  ['no network', { sandbox: NOTHING }, "Node's permission model"],
  ['no network', {}, "bwrap and Node's permission model"],
  ['own process ids', { sandbox: NOTHING }, 'off: bwrap: bwrap is not installed'],
  ['own process ids', {}, 'bwrap'],
  ['no further native module', { nodeMajor: 24 }, 'off: Node 24 cannot give the right up'],
  ['process per trust domain', {}, 'worker processes'],
  ['process per trust domain', { inline: 2 }, 'worker processes, but for 2 inline by the embedder'],
  ['memory watchdog', { platform: 'darwin' }, 'off: darwin has no /proc to look at'],
  ['memory limit of the kernel', { prlimit: undefined }, 'off: prlimit is not installed'],
  ['memory limit of the kernel', {}, 'prlimit'],
  ['memory limit of the kernel', { engines: [{ pid: process.pid, unlimited: 'refused' }] }, 'off: refused'],
] as const)('%s, of %o', (name, given, expected) => {
  expect(layer(describeLayers(facts(given)), name)).toBe(expected);
});

it.runIf(process.platform === 'linux')('believes the kernel, not the wrapper', () => {
  const engines = [{ pid: process.pid, unlimited: undefined }];
  const layers = describeLayers(facts({ nodeMajor: 24, engines }));
  const without = `worker ${process.pid} runs without it`;
  expect(layer(layers, 'own process ids')).toBe(`off: ${without}`);
  expect(layer(layers, 'no files, behind the engine too')).toBe(`off: ${without}`);
  expect(layer(layers, 'no network')).toBe(`off: Node 24 does not deny sockets; ${without}`);
  expect(layer(layers, 'memory limit of the kernel')).toBe('prlimit, once 1 of 1 workers are calm');
});

it('says of running workers what they have', async () => {
  const { sandbox } = await workerKit('auto');
  const supervisor = supervise();
  const before = await supervisor.layers();
  const guest = await openGuest(supervisor, HONEST);
  await guest.call('skill/echo', '1', callOptions());
  const names = ({ on }: Layers) => on.map((row) => row.layer);
  expect(names(await supervisor.layers())).toEqual(names(before));
  expect(layer(before, 'own process ids')?.startsWith('off: ')).toBe(!sandbox.barriers.has('processes'));
  const off = await supervise({ policy: () => ({ pool: 1, sandbox: 'off' }) }).layers();
  expect(layer(off, 'own process ids')).toContain('off: bwrap: the policy says sandbox: off');
});

// Which layers stand between a bundle and this machine, said plainly (DESIGN.md §4 "Workers hold no authority of ours"): what was
// found to work here, held against what the kernel says of the workers that run now.
import { existsSync, readlinkSync } from 'node:fs';
import type { HostStatus } from '../src/contracts/api.ts';
import { dataLimitOf } from './data-limit.ts';
import type { Barrier, Sandbox } from './worker/sandbox.ts';

export type Layers = HostStatus['layers'];

export interface LayerFacts {
  /** Of this process, whose engine is the workers' too. */
  readonly nodeMajor: number;
  readonly platform: NodeJS.Platform;
  readonly sandbox: Sandbox;
  readonly prlimit: string | undefined;
  /** Bundles that the embedder lets run in its own process. */
  readonly inline: number;
  /** The engines that run: process id, and why one has no data limit. */
  readonly engines: readonly { readonly pid: number; readonly unlimited: string | undefined }[];
}

/** What a layer is by, or why there is none. */
type Finding = { readonly by: string } | { readonly why: string };

const always = (by: string) => (): Finding => ({ by });

const LAYERS: Record<string, (facts: LayerFacts) => Finding> = {
  'isolate per bundle and tenant': always('V8'),
  'process per trust domain': ({ inline }) => ({
    by: inline === 0 ? 'worker processes' : `worker processes, but for ${inline} inline by the embedder`,
  }),
  'scrubbed environment': always('two constants'),
  'no files, no programs': always("Node's permission model"),
  'no files, behind the engine too': (facts) => barrier(facts, 'files'),
  'no network': noNetwork,
  'own process ids': (facts) => barrier(facts, 'processes'),
  // Node 24 cannot give a permission up once it is used.
  'no further native module': ({ nodeMajor }) =>
    nodeMajor >= 26
      ? { by: "Node's permission model" }
      : { why: `Node ${nodeMajor} cannot give the right up` },
  'ends with the host': (facts) => barrier(facts, 'end'),
  'wall clock watchdog': always('SIGKILL'),
  'memory watchdog': ({ platform }) =>
    platform === 'linux' ? { by: 'SIGKILL' } : { why: `${platform} has no /proc to look at` },
  'memory limit of the kernel': dataLimit,
};

/** Every layer, on or off. */
export function describeLayers(facts: LayerFacts): Layers {
  const layers: Layers = { on: [], off: [] };
  for (const [layer, find] of Object.entries(LAYERS)) {
    const finding = find(facts);
    if ('by' in finding) layers.on.push({ layer, by: finding.by });
    else layers.off.push({ layer, why: finding.why });
  }
  return layers;
}

function noNetwork(facts: LayerFacts): Finding {
  const namespace = barrier(facts, 'network');
  if (facts.nodeMajor < 25) {
    if ('by' in namespace) return namespace;
    return { why: `Node ${facts.nodeMajor} does not deny sockets; ${namespace.why}` };
  }
  const model = "Node's permission model";
  return { by: 'by' in namespace ? `${namespace.by} and ${model}` : model };
}

/** A barrier of the wrapper, unless a worker runs without it. */
function barrier({ sandbox, engines }: LayerFacts, wanted: Barrier): Finding {
  if (!sandbox.barriers.has(wanted)) {
    const refused = [...sandbox.refused].map(([name, why]) => `${name}: ${why}`).join('; ');
    return { why: refused === '' ? `${sandbox.name} does not give it` : refused };
  }
  const bare = engines.find(({ pid }) => isWithout(pid, wanted));
  return bare === undefined ? { by: sandbox.name } : { why: `worker ${bare.pid} runs without it` };
}

/** True where the kernel says that the process does not have the barrier. */
function isWithout(pid: number, wanted: Barrier): boolean {
  switch (wanted) {
    case 'network':
      return sharesNamespace(pid, 'net');
    case 'processes':
      return sharesNamespace(pid, 'pid');
    case 'files':
      return sharesNamespace(pid, 'mnt') || existsSync(`/proc/${pid}/root/etc/passwd`);
    case 'end':
      // Nothing tells it.
      return false;
  }
}

function sharesNamespace(pid: number, namespace: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/${namespace}`) === readlinkSync(`/proc/self/ns/${namespace}`);
  } catch {
    // It is gone, or not ours to look at: no worker that shares it is hidden from its host.
    return false;
  }
}

function dataLimit({ platform, prlimit, engines }: LayerFacts): Finding {
  if (platform !== 'linux') return { why: 'this is not Linux' };
  if (prlimit === undefined) return { why: 'prlimit is not installed' };
  const failure = engines.find(({ unlimited }) => unlimited !== undefined)?.unlimited;
  if (failure !== undefined) return { why: failure };
  const waiting = engines.filter(({ pid }) => dataLimitOf(pid) === undefined).length;
  return { by: waiting === 0 ? 'prlimit' : `prlimit, once ${waiting} of ${engines.length} workers are calm` };
}

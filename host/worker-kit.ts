// What every worker of this process is started with: its scripts, what it is started inside of, what limits it.
import { type BundledScripts, bundledScripts } from './bundled.ts';
import { findProgram } from './resolve-command.ts';
import { type Sandbox, Sandboxes, type SandboxMode } from './worker/sandbox.ts';

/** What there is on this machine to hold a worker. */
export interface Enclosure {
  readonly sandbox: Sandbox;
  /** Absolute path of `prlimit`, where there is one. */
  readonly prlimit: string | undefined;
}

export interface WorkerKit extends Enclosure {
  readonly scripts: BundledScripts;
}

const path = process.env['PATH'] ?? '';
const sandboxes = new Sandboxes(path);

/** All of it, found or made once a process. E_SANDBOX where the mode requires what there is not. */
export async function workerKit(mode: SandboxMode): Promise<WorkerKit> {
  const [scripts, enclosure] = await Promise.all([bundledScripts(), findEnclosure(mode)]);
  return { scripts, ...enclosure };
}

/** What there is; without scripts, as whoever only asks starts no worker. E_SANDBOX. */
export async function findEnclosure(mode: SandboxMode): Promise<Enclosure> {
  const prlimit = process.platform === 'linux' ? findProgram('prlimit', path) : undefined;
  return { sandbox: await sandboxes.find(mode), prlimit };
}

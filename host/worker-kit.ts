// What every worker of this process is started with: its scripts, and what it is started inside of.
import { type BundledScripts, bundledScripts } from './bundled.ts';
import { type Sandbox, Sandboxes, type SandboxMode } from './worker/sandbox.ts';

export interface WorkerKit {
  readonly scripts: BundledScripts;
  readonly sandbox: Sandbox;
}

const sandboxes = new Sandboxes(process.env['PATH'] ?? '');

/** Both, found or made once a process. E_SANDBOX where the mode requires what there is not. */
export async function workerKit(mode: SandboxMode): Promise<WorkerKit> {
  const [scripts, sandbox] = await Promise.all([bundledScripts(), sandboxes.find(mode)]);
  return { scripts, sandbox };
}

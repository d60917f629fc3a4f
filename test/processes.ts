// Processes as Linux tells of them: what runs, and who started it.
import { readdirSync, readFileSync } from 'node:fs';

/** State and parent of a process; undefined where it is gone. */
function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** False also for a process that has ended and that nobody has waited for yet. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

/** Ids of the running processes that one has started. */
export function children(parent: number = process.pid): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isRunning(pid) && statOf(pid)?.parent === parent);
}

/** The same, with what those have started. */
export function descendants(root: number): number[] {
  return children(root).flatMap((child) => [child, ...descendants(child)]);
}

// Processes below a process, as Linux tells (FLOORS.md "Proved for the worker"): a wrapper is not what it wraps.
import { readFileSync } from 'node:fs';

/**
 * The process at the end of a chain of only children: of a wrapper the program that it runs; of any other process itself. Undefined
 * where the process is gone, or /proc does not tell.
 */
export function innermost(pid: number): number | undefined {
  let at = pid;
  for (;;) {
    let children: string;
    try {
      children = readFileSync(`/proc/${at}/task/${at}/children`, 'latin1');
    } catch {
      // Not Linux, or it is gone: its exit is noticed elsewhere.
      return undefined;
    }
    const [child, ...others] = children.trim().split(' ').filter(Boolean);
    if (child === undefined || others.length > 0) return at;
    at = Number(child);
  }
}

// The outside memory watch (FLOORS.md "Proved for the worker"): what an isolate's own limit does not stop.
import { readFileSync } from 'node:fs';

let pageBytes: number | undefined;

/** Resident bytes of a process, or undefined where /proc does not tell. */
export function residentBytes(pid: number): number | undefined {
  const pages = residentPages(pid);
  if (pages === undefined) return undefined;
  pageBytes ??= measurePage();
  return pages * pageBytes;
}

function residentPages(pid: number | 'self'): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  } catch {
    // Not Linux, or the process is gone: its exit is noticed elsewhere.
    return undefined;
  }
}

/** statm counts pages, and Node does not say how long one is: a power of two, told by this process's own size. */
function measurePage(): number {
  const pages = residentPages('self') ?? 1;
  return 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages));
}

// Descriptors that whoever started this process left open: Node closes only the lowest of them in its own children, so a
// program run for a bundle would get the rest (DESIGN.md §4 "`exec`": clean environment). Linux; elsewhere there is no list.
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** From Linux' fcntl.h, as /proc shows it: closed when a program is started. */
const O_CLOEXEC = 0o2000000;

let known: readonly number[] | undefined;

/** Those from 3 on that a child would inherit; looked up once, as everything that Node opens itself is not inherited. */
function inherited(): readonly number[] {
  known ??= readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((fd) => fd > 2 && isInheritable(fd));
  return known;
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    // The descriptor by which the folder itself was listed: closed by now.
    return false;
  }
}

/**
 * Calls `start` with the rest of a child's `stdio`, from 3 on, in which each inherited descriptor is /dev/null instead.
 * `start` must have started the child when it returns.
 */
export function withoutInherited<T>(start: (rest: ('ignore' | number)[]) => T): T {
  const descriptors = process.platform === 'linux' ? inherited() : [];
  if (descriptors.length === 0) return start([]);
  const nothing = openSync('/dev/null', 'r+');
  try {
    const rest = Array.from({ length: Math.max(...descriptors) - 2 }, (_, index) =>
      descriptors.includes(index + 3) ? nothing : ('ignore' as const),
    );
    return start(rest);
  } finally {
    closeSync(nothing);
  }
}

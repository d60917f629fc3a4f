// Paths that say where they lead without being resolved (THREATS.md H10): what grants and protected folders are compared by.
import { resolve, sep } from 'node:path';

/** Absolute, with no empty, `.` or `..` component and no NUL. */
export function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && resolve(path) === path;
}

/** `path` is `root` or lies below it. Both plain. */
export function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

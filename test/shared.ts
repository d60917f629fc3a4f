// Data and vectors that no one here wrote lie beside the clone, in `../shared`. Where they are absent, what needs them is
// skipped, and counted as skipped.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a shared file or folder, or undefined where it is absent. */
export function sharedPath(path: string): string | undefined {
  const full = fileURLToPath(new URL(`../../shared/${path}`, import.meta.url));
  return existsSync(full) ? full : undefined;
}

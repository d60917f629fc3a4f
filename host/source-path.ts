// Where the source of a spec really is: `--root` for relative ones, the operator's home for `~/` and `$HOME/`, links resolved
// (a bundle opens without following any; which file is meant is the operator's decision).
import { realpathSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

/** The absolute path of a `source`, or of a `file:` URL, of a spec. It need not exist. */
export function resolveSource(location: string, root: string, home: string): string {
  const path = location
    .replace(/^file:(?:\/\/(?=\/))?/, '')
    .replace(/^(?:~|\$HOME|\$\{HOME\})(?=\/|$)/, home);
  const absolute = isAbsolute(path) ? resolve(path) : resolve(root, path);
  try {
    return realpathSync(absolute);
  } catch {
    // Not there: the bundle's own attempt to read it says so, with its code.
    return absolute;
  }
}

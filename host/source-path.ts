// Where the source of a spec really is: `--root` for relative ones, the operator's home for `~/` and `$HOME/`, links resolved
// (a bundle opens without following any; which file is meant is the operator's decision).
import { realpathSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { SignetError } from '../src/error.ts';

/** The absolute path of a `source`, or of a `file:` URL, of a spec. It need not exist. A URL of another machine: E_SPEC. */
export function resolveSource(location: string, root: string, home: string): string {
  const host = /^file:\/\/([^/]+)/.exec(location)?.[1] ?? 'localhost';
  if (host !== 'localhost') {
    throw new SignetError('E_SPEC', 'a file: URL names a file of this machine', {
      item: location.slice(0, 200),
      expected: 'file:PATH or file:///PATH',
      actual: `host ${host.slice(0, 200)}`,
    });
  }
  const path = location
    .replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/, '')
    .replace(/^(?:~|\$HOME|\$\{HOME\})(?=\/|$)/, () => home);
  const absolute = isAbsolute(path) ? resolve(path) : resolve(root, path);
  try {
    return realpathSync(absolute);
  } catch {
    // Not there: the bundle's own attempt to read it says so, with its code.
    return absolute;
  }
}

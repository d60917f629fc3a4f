// A file that the operator edits while the host runs (DESIGN.md §6): read again when it changed, and only then.
import { statSync } from 'node:fs';
import { ioError } from './files.ts';

/** What `load` makes of the file, anew whenever it changed; what `load` throws is thrown until it succeeds. E_IO. */
export function readOnChange<T>(file: string, load: (file: string) => T): () => T {
  let current: { readonly stamp: string; readonly value: T } | undefined;
  return () => {
    const stamp = stampOf(file);
    if (current?.stamp !== stamp) {
      current = undefined;
      current = { stamp, value: load(file) };
    }
    return current.value;
  };
}

/** Changes with the file's content; files are replaced or rewritten, so inode, size and times tell. */
export function stampOf(file: string): string {
  try {
    const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? 'absent' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
  } catch (cause) {
    throw ioError(file, cause);
  }
}

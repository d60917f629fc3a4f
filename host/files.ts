// Files: writing one so that a crash leaves the old one or the new one, never something between; what failed, and where a
// path leads.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SignetError } from '../src/error.ts';

/** The `code` of a failed system call, such as `ENOENT`; undefined for anything else that was thrown. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}

/** What a failed system call on a path becomes: E_IO with the cause. */
export function ioError(path: string, cause: unknown): SignetError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SignetError('E_IO', `${path}: ${why}`, { item: path, cause });
}

/** What a path that leads nowhere, or where this process may not go, fails with. */
export const UNREACHABLE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/** The real path of a file that may not exist yet: that of its nearest existing folder, and the rest as it is. E_IO. */
export function realpathOfPlanned(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!UNREACHABLE.has(errnoOf(error)) || dirname(path) === path) throw ioError(path, error);
    return join(realpathOfPlanned(dirname(path)), basename(path));
  }
}

/** A new file beside `path`, under a name nobody else has, with its bytes on disk. Returns its path. Fails with E_IO. */
export function writeBeside(path: string, text: string, mode: number): string {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  try {
    const fd = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw ioError(path, cause);
  }
  return temporary;
}

/** Creates or replaces the file, atomically and durably. Fails with E_IO. */
export function writeAtomic(path: string, text: string, mode: number): void {
  const temporary = writeBeside(path, text, mode);
  try {
    renameSync(temporary, path);
    const folder = openSync(dirname(path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw ioError(path, cause);
  }
}

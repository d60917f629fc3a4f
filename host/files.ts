// Writing a file so that a crash leaves the old one or the new one, never something between.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

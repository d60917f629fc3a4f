// Files that trust rests on: read without following a link, never a pipe or device, never beyond a limit; written whole or
// not at all (DESIGN.md §4 "fs", THREATS.md 6, 21, 37).

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SignetError } from '../src/error.ts';

/** A regular file's bytes and what `fstat` said of the descriptor they were read from. */
export interface ReadFile {
  readonly bytes: Uint8Array;
  readonly stats: Stats;
}

/**
 * Reads a regular file, or answers undefined where none exists. A link, pipe or device at `path`, and anything the system
 * refuses: E_IO. More than `maxBytes`: E_LIMIT, before anything is read.
 */
export function readRegularFile(path: string, maxBytes: number, item = path): ReadFile | undefined {
  return withRegularFile(path, item, (fd, stats) => {
    if (stats.size > maxBytes) {
      throw new SignetError('E_LIMIT', `${item} is too large`, {
        item,
        expected: `at most ${maxBytes} bytes`,
        actual: String(stats.size),
      });
    }
    const bytes = new Uint8Array(stats.size);
    readExactly(fd, bytes, item);
    return { bytes, stats };
  });
}

/** As `readRegularFile`, into bytes that are as many as the file has: E_IO where it has more or fewer. */
export function readRegularFileInto(path: string, bytes: Uint8Array, item = path): Stats | undefined {
  return withRegularFile(path, item, (fd, stats) => {
    if (stats.size !== bytes.length)
      throw new SignetError('E_IO', `${item} changed its size while it was read`, { item });
    readExactly(fd, bytes, item);
    return stats;
  });
}

function withRegularFile<T>(
  path: string,
  item: string,
  read: (fd: number, stats: Stats) => T,
): T | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const what = code === 'ELOOP' ? 'is a symbolic link' : `cannot be opened (${code})`;
    throw new SignetError('E_IO', `${item} ${what}`, {
      item,
      expected: 'a file that can be read',
      actual: what,
      cause,
    });
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile())
      throw new SignetError('E_IO', `${item} is no regular file`, {
        item,
        expected: 'a regular file',
        actual: stats.isDirectory() ? 'a folder' : 'a pipe or a device',
      });
    return read(fd, stats);
  } finally {
    closeSync(fd);
  }
}

/** As many bytes as the file had when it was looked at: one that grows meanwhile cannot make us read on. */
function readExactly(fd: number, bytes: Uint8Array, item: string): void {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(fd, bytes, done, bytes.length - done, done);
    if (count === 0) throw new SignetError('E_IO', `${item} became shorter while it was read`, { item });
    done += count;
  }
}

/** Creates or replaces the file so that a reader, and a crash, sees the old or the new bytes. */
export function writeFileAtomic(path: string, bytes: Uint8Array, mode = 0o644): void {
  const temporary = writeTemporary(path, bytes, mode);
  try {
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new SignetError('E_IO', `${path} cannot be written`, { item: path, cause });
  }
  syncDirectory(dirname(path));
}

/** Creates the file whole; false, and nothing done, where something exists already. */
export function createFileExclusive(path: string, bytes: Uint8Array, mode: number): boolean {
  const temporary = writeTemporary(path, bytes, mode);
  try {
    linkSync(temporary, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new SignetError('E_IO', `${path} cannot be created`, { item: path, cause });
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}

/** Writes the bytes to a new file of exactly that mode, durably. The file must not exist. */
export function writeNewFile(path: string, bytes: Uint8Array, mode: number): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes what was renamed or created in the folder durable. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeTemporary(path: string, bytes: Uint8Array, mode: number): string {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  let made = false;
  try {
    mkdirSync(dirname(path), { recursive: true });
    made = true;
    writeNewFile(temporary, bytes, mode);
    return temporary;
  } catch (cause) {
    if (made) rmSync(temporary, { force: true });
    throw new SignetError('E_IO', `${path} cannot be written`, { item: path, cause });
  }
}

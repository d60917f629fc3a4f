// A TileStore over a folder (src/ports.ts; DESIGN.md §3 "Transports": a directory, served as it is by any web server).
// Writes are atomic and durable; nothing outside the folder is ever read or written, whatever the folder holds.
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRegularFile, syncDirectory, writeFileAtomic } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';
import type { TileStore } from '../src/ports.ts';

/** 256 entries of 65,535 bytes with their lengths: the largest file a log can have. */
const MAX_FILE_BYTES = 256 * (2 + 65_535);
const PATH =
  /^(?:checkpoint|tile\/(?:[0-9]|[1-5][0-9]|6[0-3]|entries)\/(?:x[0-9]{3}\/)*[0-9]{3}(?:\.p(?:\/[1-9][0-9]{0,2})?)?)$/;

export class TileDir implements TileStore {
  readonly #folder: string;

  /** The folder is made by the first write; reading one that is missing finds nothing. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The file's bytes, undefined where there is none. A path that is no log file's: E_USAGE. What leads out of the folder
   * or is no regular file: E_IO. Larger than any bundle can be: E_LIMIT.
   */
  read(path: string): Uint8Array | undefined {
    const full = this.#locate(path);
    if (full === undefined) return undefined;
    return readRegularFile(full, MAX_FILE_BYTES, path)?.bytes;
  }

  /** Creates or replaces the file: a reader, and a crash, sees the old bytes or the new. A failure is E_IO. */
  write(path: string, bytes: Uint8Array): void {
    requirePath(path);
    try {
      makeFolder(dirname(join(this.#folder, path)));
    } catch (cause) {
      throw new SignetError('E_IO', `the folder of ${path} cannot be made`, { item: path, cause });
    }
    const full = this.#locate(path);
    if (full === undefined) throw new SignetError('E_IO', `the folder of ${path} has gone`, { item: path });
    writeFileAtomic(full, bytes, 0o644);
  }

  /** Removes the folder of partial tiles and everything in it; one that is missing is no error. */
  prune(folder: string): void {
    if (!folder.endsWith('.p')) throw new SignetError('E_USAGE', `${folder} holds no partial tiles`);
    const full = this.#locate(folder);
    if (full === undefined) return;
    try {
      rmSync(full, { recursive: true, force: true });
    } catch (cause) {
      throw new SignetError('E_IO', `${folder} cannot be removed`, { item: folder, cause });
    }
  }

  /** The path on disk, its folder resolved and inside ours; undefined where that folder does not exist. */
  #locate(path: string): string | undefined {
    requirePath(path);
    const full = join(this.#folder, path);
    let root: string;
    let parent: string;
    try {
      root = realpathSync(this.#folder);
      parent = realpathSync(dirname(full));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new SignetError('E_IO', `${path} cannot be reached`, { item: path, cause });
    }
    if (parent === dirname(join(root, path))) return full;
    throw new SignetError('E_IO', `${path} leads through a link`, { item: path, actual: parent });
  }
}

function requirePath(path: string): void {
  if (!PATH.test(path)) throw new SignetError('E_USAGE', `${path} is no file of a tiled log`, { item: path });
}

/** Makes the folder and makes each new name in it durable. */
function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true });
  if (made === undefined) return;
  for (let path = folder; path.length >= made.length; path = dirname(path)) syncDirectory(dirname(path));
}

// Reading, listing and writing below granted roots (DESIGN.md §4 "`fs` opens without following links, checks what it opened,
// refuses non-regular files, inside named roots", THREATS.md H10, H14, H15), at most a few files at once.
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, opendir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { SignetError } from '../src/error.ts';
import { errnoOf } from './files.ts';
import { closing, fdPath, openError, openPlain, refusal } from './open-plain.ts';
import { isInside } from './plain-path.ts';
import { plain } from './plain-text.ts';
import { ProtectedFiles, type ProtectedFilesOptions } from './protected-files.ts';
import { replaceFile, type WriteMode } from './replace-file.ts';
import { Slots } from './slots.ts';

/** Of one file, read or written. */
export const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_ENTRIES = 10_000;
const { O_DIRECTORY, O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/** An entry of a folder; a link, a FIFO or a device is `other`. */
export interface FolderEntry {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'other';
}

/**
 * Files for bundles. Of every method, `path` is `root` or lies below it, both absolute and plain (`isPlainPath`).
 * E_CAPABILITY_DENIED: a link anywhere below `/`, something protected, of another type, or not of a disk. E_NOT_FOUND, E_IO.
 */
export class GrantedFiles {
  readonly #protected: ProtectedFiles;
  /** No more than libuv has threads for: each holds a whole file. */
  readonly #slots = new Slots(4);

  constructor(options: ProtectedFilesOptions) {
    this.#protected = new ProtectedFiles(options);
  }

  /** True for a path in the built-in read root, which needs no grant. */
  isBuiltIn(path: string): boolean {
    return this.#protected.isBuiltIn(path);
  }

  /** True where writing to the path could only be refused: told before it is tried, and in a dry run. */
  refusesToWrite(path: string): boolean {
    return this.#protected.refusesToWrite(path);
  }

  /** The bytes of a regular file. E_LIMIT beyond 8 MiB. */
  readBytes(path: string, root: string): Promise<Buffer> {
    const item = plain(path);
    return this.#slots.run(async () => {
      requireInside(path, root);
      return closing(openPlain(path, this.#protected.forReading(path)), async (opened) => {
        const stat = await opened.stat({ bigint: true });
        if (!stat.isFile()) throw refusal(item, 'is not a regular file');
        if (await this.#protected.isOtherNameOf(opened.fd, stat)) throw otherName(item);
        // The very file that was looked at, by its descriptor: no name is looked up again.
        const reading = reopen(opened, O_RDONLY | O_NONBLOCK | O_NOCTTY, path);
        return closing(reading, (handle) => readOpened(handle, item));
      });
    });
  }

  /** The text of a regular file. E_LIMIT beyond 8 MiB; E_FORMAT where it is not UTF-8. */
  async readText(path: string, root: string): Promise<string> {
    const bytes = await this.readBytes(path, root);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      const item = plain(path);
      throw new SignetError('E_FORMAT', `${item} is not UTF-8`, { item, cause, fix: 'Read a text file.' });
    }
  }

  /** What a folder holds, by name. E_LIMIT beyond 10,000 entries. */
  list(path: string, root: string): Promise<FolderEntry[]> {
    const item = plain(path);
    return this.#slots.run(async () => {
      requireInside(path, root);
      return closing(openPlain(path, this.#protected.forReading(path)), async (folder) => {
        await this.#requireFolder(folder, item);
        return closing(reopen(folder, O_RDONLY | O_DIRECTORY, path), (handle) => entriesOf(handle, item));
      });
    });
  }

  /**
   * Writes a whole file, atomically and durably; the folder it is for exists. E_LIMIT beyond 8 MiB; E_EXISTS where `create`
   * finds something; E_IO leaves what was there.
   */
  write(path: string, root: string, bytes: Uint8Array, mode: WriteMode): Promise<void> {
    const item = plain(path);
    const at = dirname(path);
    const name = basename(path);
    return this.#slots.run(async () => {
      requireInside(path, root);
      if (bytes.length > MAX_FILE_BYTES) throw tooLarge(item);
      if (name === '') throw refusal(item, 'is not a regular file');
      const guard = this.#protected.forWriting();
      await closing(openPlain(at, guard), async (folder) => {
        const stat = await this.#requireFolder(folder, item);
        if (guard.paths.has(path) || this.#protected.isReservedName(stat, name))
          throw refusal(item, 'is never within reach of a bundle');
        await replaceFile(folder, at, name, bytes, mode, guard);
      });
    });
  }

  async #requireFolder(folder: FileHandle, item: string): Promise<BigIntStats> {
    const stat = await folder.stat({ bigint: true });
    if (!stat.isDirectory()) throw refusal(item, 'is not a folder, or not in one', 'Name a folder.');
    if (await this.#protected.isOtherNameOf(folder.fd, stat, true)) throw otherName(item);
    return stat;
  }
}

/** Everything in the file, at most the limit; a file that grows meanwhile is cut off by it, too. E_IO, E_LIMIT. */
export async function readOpened(handle: FileHandle, item: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle
      .read(Buffer.allocUnsafe(256 * 1024), 0, 256 * 1024, null)
      .catch((cause: unknown) => {
        const why = errnoOf(cause) ?? 'unknown';
        throw new SignetError('E_IO', `${item} cannot be read: ${why}`, { item, cause });
      });
    if (bytesRead === 0) return Buffer.concat(chunks);
    size += bytesRead;
    if (size > MAX_FILE_BYTES) throw tooLarge(item);
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

async function entriesOf(handle: FileHandle, item: string): Promise<FolderEntry[]> {
  const entries: FolderEntry[] = [];
  for await (const entry of await opendir(fdPath(handle))) {
    if (entries.length === MAX_ENTRIES) {
      throw new SignetError('E_LIMIT', `${item} holds too much to be listed`, {
        item,
        expected: `at most ${MAX_ENTRIES} entries`,
        fix: 'List a smaller folder.',
      });
    }
    const type = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other';
    entries.push({ name: entry.name, type });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function reopen(opened: FileHandle, flags: number, path: string): Promise<FileHandle> {
  return open(fdPath(opened), flags).catch((cause: unknown) => {
    throw openError(plain(path), path, cause);
  });
}

function requireInside(path: string, root: string): void {
  if (!isInside(path, root)) throw refusal(plain(path), `lies outside ${plain(root)}`);
}

const otherName = (item: string): SignetError =>
  refusal(item, 'is another name of a file that is never within reach of a bundle');

function tooLarge(item: string): SignetError {
  return new SignetError('E_LIMIT', `${item} is too large`, {
    item,
    expected: `at most ${MAX_FILE_BYTES} bytes`,
    fix: 'Read or write less at once.',
  });
}

// Reading a file below a granted root (DESIGN.md §4 "`fs` opens without following links, checks what it opened, refuses
// non-regular files", THREATS.md H10, H14, H15). Linux only: every component is opened by itself, relative to the descriptor
// of its folder (`/proc/self/fd/N/name` is openat), without following a link and without opening what it is (O_PATH), so
// nothing that is swapped meanwhile can lead elsewhere, and a FIFO or device is never touched.
import { type BigIntStats, closeSync, constants, openSync, readdirSync, statSync } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { SignetError } from '../src/error.ts';
import { isKernelFile, mountOf } from './file-system.ts';
import { errnoOf, ioError, realpathOfPlanned, UNREACHABLE } from './files.ts';
import { plain } from './plain-text.ts';
import { Slots } from './slots.ts';

/** From Linux' fcntl.h: a descriptor that names a file without opening it. Node has no constant for it. */
const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_RDONLY } = constants;

const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** How many entries of protected folders are compared with a file that has several names. */
const MAX_SCANNED = 100_000;

/** Which file or folder it is, under whatever name. */
const identity = (stat: { dev: bigint; ino: bigint }): string => `${stat.dev}:${stat.ino}`;

export interface GrantedFilesOptions {
  /** Files and folders that no grant reaches: state directory, policy, grants, lockfile, keys. They need not exist. */
  readonly protectedPaths: readonly string[];
  /** The one folder inside them that every bundle which asks for fs.read may read, without a grant. */
  readonly builtInRoot?: string;
}

/** Reads text for bundles, past no link and nothing protected. */
export class GrantedFiles {
  readonly #protected: readonly string[];
  readonly #builtInRoot: string | undefined;
  /** No more than libuv has threads for: each holds a whole file. */
  readonly #reading = new Slots(4);

  constructor(options: GrantedFilesOptions) {
    this.#protected = options.protectedPaths;
    this.#builtInRoot = options.builtInRoot;
  }

  /** True for a path in the built-in read root, which needs no grant. */
  isBuiltIn(path: string): boolean {
    return this.#builtInRoot !== undefined && isInside(path, this.#builtInRoot);
  }

  /**
   * The text of the regular file `path`, which is `root` or lies below it; both absolute and plain (`isPlainPath`).
   * E_CAPABILITY_DENIED: a link anywhere below `/`, a protected or non-regular file. E_NOT_FOUND, E_IO. E_LIMIT beyond
   * 8 MiB. E_FORMAT where it is not UTF-8.
   */
  readText(path: string, root: string): Promise<string> {
    return this.#reading.run(() => this.#readText(path, root));
  }

  async #readText(path: string, root: string): Promise<string> {
    const item = plain(path);
    if (process.platform !== 'linux')
      throw refusal(item, 'reading files for bundles needs Linux', 'Run the host on Linux.');
    if (!isInside(path, root)) throw refusal(item, `lies outside ${plain(root)}`);
    const handle = await openPlain(path, this.#guard(this.isBuiltIn(path)));
    try {
      const { dev, ino, nlink } = await handle.stat({ bigint: true });
      const hasOtherNames = nlink > 1n || this.#isMountedApart(handle.fd, dev);
      if (hasOtherNames && (await this.#isLinkedFromProtected(identity({ dev, ino }))))
        throw refusal(item, 'is another name of a file that is never readable for a bundle');
      return await readOpened(handle, item);
    } finally {
      await handle.close();
    }
  }

  /** Where the protected files and folders are now, by real path and by identity. */
  #guard(builtIn: boolean): Guard {
    const guard: Guard = { paths: new Set(), identities: new Set() };
    const exempt = builtIn && this.#builtInRoot !== undefined ? this.#builtInRoot : undefined;
    for (const path of this.#protected) {
      // The built-in root lies inside the state directory: what is around it stays protected by its own checks.
      if (exempt !== undefined && isInside(exempt, path)) continue;
      guard.paths.add(realpathOfPlanned(path));
      for (const one of [path, ...childrenOf(path)]) {
        const found = statOrUndefined(one);
        if (found !== undefined) guard.identities.add(identity(found));
      }
    }
    return guard;
  }

  /**
   * True where the file lies on the device of something protected and was reached through another mount: what is mounted there
   * may be a folder from inside a protected one, under any name.
   */
  #isMountedApart(fd: number, dev: bigint): boolean {
    const mount = mountOf(fd);
    const isApart = (path: string): boolean => mount === undefined || mountOfPath(path) !== mount;
    return this.#protected.some((path) => {
      const own = statOrUndefined(path)?.dev;
      if (own === dev) return isApart(path);
      // Another disk that is mounted inside it.
      return childrenOf(path).some((child) => statOrUndefined(child)?.dev === dev && isApart(child));
    });
  }

  /** True where a protected folder holds that file, or a protected file is it. */
  async #isLinkedFromProtected(wanted: string): Promise<boolean> {
    let scanned = 0;
    const inside = async (path: string): Promise<boolean> => {
      if (path === this.#builtInRoot) return false;
      if (++scanned > MAX_SCANNED) return true;
      const found = statOrUndefined(path);
      if (found === undefined) return false;
      if (identity(found) === wanted) return true;
      if (!found.isDirectory()) return false;
      const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
        if (UNREACHABLE.has(errnoOf(error))) return [];
        throw ioError(path, error);
      });
      for (const entry of entries) {
        if (!entry.isSymbolicLink() && (await inside(join(path, entry.name)))) return true;
      }
      return false;
    };
    for (const path of this.#protected) if (await inside(path)) return true;
    return false;
  }
}

/** The first level below a folder, without links; nothing where there is none, or it is a file. */
function childrenOf(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => !entry.isSymbolicLink()).map(({ name }) => join(path, name));
  } catch (error) {
    if (UNREACHABLE.has(errnoOf(error))) return [];
    throw ioError(path, error);
  }
}

function mountOfPath(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_PATH);
  } catch (error) {
    if (UNREACHABLE.has(errnoOf(error))) return undefined;
    throw ioError(path, error);
  }
  try {
    return mountOf(fd);
  } finally {
    closeSync(fd);
  }
}

interface Guard {
  readonly paths: Set<string>;
  readonly identities: Set<string>;
}

/** Absolute, with no empty, `.` or `..` component and no NUL: it says where it leads without being resolved. */
export function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && resolve(path) === path;
}

/** `path` is `root` or lies below it. Both plain. */
export function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** A descriptor of the file, opened component by component. */
async function openPlain(path: string, guard: Guard): Promise<FileHandle> {
  const item = plain(path);
  const names = path.split('/').filter((name) => name !== '');
  let folder = await open('/', O_PATH | O_DIRECTORY);
  try {
    for (const [index, name] of names.entries()) {
      const here = `/${names.slice(0, index + 1).join('/')}`;
      if (guard.paths.has(here)) throw refusal(item, 'is never readable for a bundle');
      const next = await open(`/proc/self/fd/${folder.fd}/${name}`, O_PATH | O_NOFOLLOW).catch(
        (cause: unknown) => Promise.reject(openError(item, here, cause)),
      );
      await folder.close();
      folder = next;
      const found = await next.stat({ bigint: true });
      if (found.isSymbolicLink())
        throw refusal(
          item,
          `leads through the link ${plain(here)}`,
          'Grant and name the path without links.',
        );
      if (guard.identities.has(identity(found))) throw refusal(item, 'is never readable for a bundle');
    }
    const found = await folder.stat();
    if (!found.isFile()) throw refusal(item, 'is not a regular file');
    if (await isKernelFile(folder.fd))
      throw refusal(item, 'is no file but a view of the running system, such as those in /proc and /sys');
    // The very file that was looked at, by its descriptor: no name is looked up again.
    return await open(`/proc/self/fd/${folder.fd}`, O_RDONLY | O_NONBLOCK | O_NOCTTY).catch(
      (cause: unknown) => Promise.reject(openError(item, path, cause)),
    );
  } finally {
    await folder.close();
  }
}

/** Everything in the file, at most the limit; a file that grows meanwhile is cut off by it, too. E_IO, E_LIMIT, E_FORMAT. */
export async function readOpened(handle: FileHandle, item: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { bytesRead, buffer } = await handle
      .read(Buffer.allocUnsafe(256 * 1024), 0, 256 * 1024, null)
      .catch((cause: unknown) => {
        const why = errnoOf(cause) ?? 'unknown';
        throw new SignetError('E_IO', `${item} cannot be read: ${why}`, { item, cause });
      });
    if (bytesRead === 0) break;
    size += bytesRead;
    if (size > MAX_FILE_BYTES) {
      throw new SignetError('E_LIMIT', `${item} is too large`, {
        item,
        expected: `at most ${MAX_FILE_BYTES} bytes`,
        fix: 'Read a smaller file.',
      });
    }
    chunks.push(buffer.subarray(0, bytesRead));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new SignetError('E_FORMAT', `${item} is not UTF-8`, { item, cause, fix: 'Read a text file.' });
  }
}

function refusal(item: string, why: string, fix?: string): SignetError {
  return new SignetError('E_CAPABILITY_DENIED', `${item} ${why}`, {
    item,
    fix: fix ?? 'Grant, and ask for, a regular file elsewhere.',
  });
}

function openError(item: string, here: string, cause: unknown): SignetError {
  const code = errnoOf(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SignetError('E_NOT_FOUND', `${item} does not exist`, { item, cause });
  return new SignetError('E_IO', `${plain(here)} cannot be opened: ${code ?? 'unknown'}`, { item, cause });
}

/** What there is; undefined for what does not exist, or what this process could not open either. */
function statOrUndefined(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    if (UNREACHABLE.has(errnoOf(error))) return undefined;
    throw ioError(path, error);
  }
}

// What no grant reaches, under whatever name (DESIGN.md §4 "State directory, policy, grants, lockfile and keys are never
// grantable", THREATS.md H14): found by path, by identity (hard links, bind mounts, other spellings on a file system that
// ignores case), and by the names under which something protected is yet to be made.
import { type BigIntStats, closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mountOf } from './file-system.ts';
import { errnoOf, ioError, realpathOfPlanned, UNREACHABLE } from './files.ts';
import { isInside } from './plain-path.ts';

/** From Linux' fcntl.h: a descriptor that names a file without opening it. Node has no constant for it. */
export const O_PATH = 0o10000000;

/** How many entries of protected folders are compared with a file that has several names. */
const MAX_SCANNED = 100_000;

/** Which file or folder it is, under whatever name. */
export const identity = (stat: { dev: bigint; ino: bigint }): string => `${stat.dev}:${stat.ino}`;

/** What a path may neither be nor lead through. */
export interface Guard {
  /** Real paths. */
  readonly paths: Set<string>;
  readonly identities: Set<string>;
}

export interface ProtectedFilesOptions {
  /** Files and folders that no grant reaches: state directory, policy, grants, lockfile, keys. They need not exist. */
  readonly protectedPaths: readonly string[];
  /** The one folder inside them that every bundle which asks for fs.read may read, without a grant. */
  readonly builtInRoot?: string;
  /** Folders that may be read where granted, and never written to: the code that the host runs. */
  readonly readOnlyPaths?: readonly string[];
}

export class ProtectedFiles {
  readonly #protected: readonly string[];
  readonly #builtInRoot: string | undefined;
  readonly #readOnly: readonly string[];

  constructor({ protectedPaths, builtInRoot, readOnlyPaths = [] }: ProtectedFilesOptions) {
    this.#protected = protectedPaths;
    this.#builtInRoot = builtInRoot;
    this.#readOnly = readOnlyPaths;
  }

  /** True for a path in the built-in read root, which needs no grant. */
  isBuiltIn(path: string): boolean {
    return this.#builtInRoot !== undefined && isInside(path, this.#builtInRoot);
  }

  /** Where the protected files and folders are now, for reading `path`. */
  forReading(path: string): Guard {
    // The built-in root lies inside the state directory: what is around it stays protected by its own checks.
    const builtIn = this.isBuiltIn(path) ? this.#builtInRoot : undefined;
    return this.#guard(
      this.#protected.filter((one) => builtIn === undefined || !isInside(builtIn, one)),
      [],
    );
  }

  /** The same for writing: nothing inside them is exempt, and what is read-only is among them. */
  forWriting(): Guard {
    return this.#guard(this.#protected, this.#readOnly);
  }

  #guard(whole: readonly string[], tops: readonly string[]): Guard {
    const guard: Guard = { paths: new Set(), identities: new Set() };
    for (const path of [...whole, ...tops]) guard.paths.add(realpathOfPlanned(path));
    for (const path of [...whole.flatMap((one) => [one, ...childrenOf(one)]), ...tops]) {
      const found = statOrUndefined(path);
      if (found !== undefined) guard.identities.add(identity(found));
    }
    return guard;
  }

  /** True where writing to the path could only be refused: told before it is tried, and in a dry run. */
  refusesToWrite(path: string): boolean {
    const real = realpathOfPlanned(path);
    const folder = statOrUndefined(dirname(real));
    if (folder !== undefined && this.isReservedName(folder, basename(real))) return true;
    return [...this.#protected, ...this.#readOnly].some((one) => isInside(real, realpathOfPlanned(one)));
  }

  /**
   * True where `name` in the folder is, or on a file system that ignores case or trailing dots would become, something
   * protected that may not exist yet; also what stands beside it under its name, such as its lock.
   */
  isReservedName(folder: BigIntStats, name: string): boolean {
    const folded = fold(name);
    return this.#protected.some((path) => {
      const real = realpathOfPlanned(path);
      const reserved = fold(basename(real));
      if (folded !== reserved && !folded.startsWith(`${reserved}.`)) return false;
      const parent = statOrUndefined(dirname(real));
      return parent !== undefined && identity(parent) === identity(folder);
    });
  }

  /** True where the open file or folder is one inside something protected, by another name or through another mount. */
  async isOtherNameOf(fd: number, { dev, ino, nlink }: BigIntStats, isFolder = false): Promise<boolean> {
    // A folder has one name, whatever its number of links says.
    if (!(nlink > 1n && !isFolder) && !this.#isMountedApart(fd, dev)) return false;
    return this.#holds(identity({ dev, ino }));
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

  /** True where a protected folder holds that file or folder, or a protected one is it. */
  async #holds(wanted: string): Promise<boolean> {
    let scanned = 0;
    const inside = async (path: string): Promise<boolean> => {
      if (path === this.#builtInRoot) return false;
      if (++scanned > MAX_SCANNED) return true;
      // A protected folder may hold very many files: the host goes on meanwhile.
      const found = await statLater(path);
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

/** One spelling for all those that some file system takes for the same name. */
function fold(name: string): string {
  return name
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[. ]+$/, '');
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

async function statLater(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (UNREACHABLE.has(errnoOf(error))) return undefined;
    throw ioError(path, error);
  }
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

// Writing a whole file into a folder that is already open (DESIGN.md §4 "`fs`", THREATS.md H14, H15): the bytes go to a new
// file beside it, which then takes the name in one step. A link, FIFO or device that is put in its place meanwhile is
// replaced, never followed or opened, and another name of the old file keeps what it has.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, link, open, readlink, rename, rm } from 'node:fs/promises';
import { SignetError } from '../src/error.ts';
import { errnoOf } from './files.ts';
import { closing, fdPath, openEntry, refusal } from './open-plain.ts';
import { plain } from './plain-text.ts';
import { type Guard, identity } from './protected-files.ts';

/** `replace`: what is there may go. `create`: nothing may be there. */
export type WriteMode = 'replace' | 'create';

const PERMISSIONS = 0o777n;

/**
 * Puts the bytes under `name` into the folder at `at`, on disk when it returns; permissions of a file that is replaced are
 * kept. E_CAPABILITY_DENIED: what is there is no regular file, is guarded, or the folder was moved meanwhile. E_EXISTS with
 * `create`. E_IO, such as a full disk or a file that is read-only: what was there stays, and nothing else is left.
 */
export async function replaceFile(
  folder: FileHandle,
  at: string,
  name: string,
  bytes: Uint8Array,
  mode: WriteMode,
  guard: Guard,
): Promise<void> {
  const path = at === '/' ? `/${name}` : `${at}/${name}`;
  const item = plain(path);
  const present = await permissionsOf(folder, name, path, guard);
  if (present !== undefined && mode === 'create') throw exists(item);
  const temporary = `.signet-${randomBytes(8).toString('hex')}`;
  try {
    await writeNew(fdPath(folder, temporary), bytes, present);
    // A folder that was moved would take the file along, to where nothing was granted.
    if ((await readlink(fdPath(folder))) !== at) throw refusal(item, 'was moved while it was written');
    if (mode === 'create') await link(fdPath(folder, temporary), fdPath(folder, name));
    else await rename(fdPath(folder, temporary), fdPath(folder, name));
    if (mode === 'create') await rm(fdPath(folder, temporary));
    await syncFolder(folder);
  } catch (cause) {
    await rm(fdPath(folder, temporary), { force: true });
    if (cause instanceof SignetError) throw cause;
    if (mode === 'create' && errnoOf(cause) === 'EEXIST') throw exists(item, cause);
    throw unwritable(item, cause);
  }
}

/** The permissions of the file that is there; undefined where there is none. */
async function permissionsOf(
  folder: FileHandle,
  name: string,
  path: string,
  guard: Guard,
): Promise<number | undefined> {
  const item = plain(path);
  const opening = openEntry(folder, name, item, path);
  try {
    return await closing(opening, async (entry) => {
      const found = await entry.stat({ bigint: true });
      if (guard.identities.has(identity(found))) throw refusal(item, 'is never within reach of a bundle');
      if (!found.isFile()) throw refusal(item, 'is not a regular file');
      await access(fdPath(entry), constants.W_OK).catch((cause: unknown) => {
        throw unwritable(item, cause);
      });
      return Number(found.mode & PERMISSIONS);
    });
  } catch (error) {
    if (error instanceof SignetError && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}

async function writeNew(path: string, bytes: Uint8Array, permissions: number | undefined): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const opening = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, permissions ?? 0o666);
  await closing(opening, async (file) => {
    await file.writeFile(bytes);
    // The process's umask is for new files only.
    if (permissions !== undefined) await file.chmod(permissions);
    await file.sync();
  });
}

const syncFolder = (folder: FileHandle): Promise<void> =>
  closing(open(fdPath(folder), constants.O_RDONLY | constants.O_DIRECTORY), (readable) => readable.sync());

function exists(item: string, cause?: unknown): SignetError {
  return new SignetError('E_EXISTS', `${item} is there already`, { item, cause });
}

function unwritable(item: string, cause: unknown): SignetError {
  return new SignetError('E_IO', `${item} cannot be written: ${errnoOf(cause) ?? 'unknown'}`, {
    item,
    cause,
  });
}

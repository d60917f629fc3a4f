// Opening a file or folder past no link (DESIGN.md §4 "`fs` opens without following links, checks what it opened", THREATS.md
// H10, H15). Linux only: every component is opened by itself, relative to the descriptor of its folder (`/proc/self/fd/N/name`
// is openat), without following a link and without opening what it is (O_PATH), so nothing that is swapped meanwhile can
// lead elsewhere, and a FIFO or device is never touched.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { SignetError } from '../src/error.ts';
import { isKernelFile } from './file-system.ts';
import { errnoOf } from './files.ts';
import { plain } from './plain-text.ts';
import { type Guard, identity, O_PATH } from './protected-files.ts';

/** The path of what is open, by its descriptor; with a name, of that entry of the open folder: openat, renameat. */
export function fdPath(opened: FileHandle, name?: string): string {
  const path = `/proc/self/fd/${opened.fd}`;
  return name === undefined ? path : `${path}/${name}`;
}

/** What `work` yields or throws, once the handle is closed. */
export async function closing<T>(
  opening: Promise<FileHandle>,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await opening;
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/**
 * A descriptor (O_PATH) of the plain path, opened component by component; the caller closes it. E_CAPABILITY_DENIED: a link
 * anywhere, something guarded, a view of the running system. E_NOT_FOUND, E_IO.
 */
export async function openPlain(path: string, guard: Guard): Promise<FileHandle> {
  const item = plain(path);
  if (process.platform !== 'linux')
    throw refusal(item, 'cannot be opened: files for bundles need Linux', 'Run the host on Linux.');
  const names = path.split('/').filter((name) => name !== '');
  let here = '';
  let opened = await open('/', O_PATH | constants.O_DIRECTORY);
  try {
    for (const name of names) {
      here += `/${name}`;
      if (guard.paths.has(here)) throw refusal(item, 'is never within reach of a bundle');
      const next = await openEntry(opened, name, item, here);
      await opened.close();
      opened = next;
      const found = await opened.stat({ bigint: true });
      if (found.isSymbolicLink())
        throw refusal(
          item,
          `leads through the link ${plain(here)}`,
          'Grant and name the path without links.',
        );
      if (guard.identities.has(identity(found))) throw refusal(item, 'is never within reach of a bundle');
    }
    if (await isKernelFile(opened.fd))
      throw refusal(item, 'is no file but a view of the running system, such as those in /proc and /sys');
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** One entry of an open folder, as what it is: a link is not followed. `item` and `here` name it in E_NOT_FOUND and E_IO. */
export function openEntry(folder: FileHandle, name: string, item: string, here: string): Promise<FileHandle> {
  return open(fdPath(folder, name), O_PATH | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw openError(item, here, cause);
  });
}

/** A refusal of what a path leads to. */
export function refusal(item: string, why: string, fix?: string): SignetError {
  return new SignetError('E_CAPABILITY_DENIED', `${item} ${why}`, {
    item,
    fix: fix ?? 'Grant, and ask for, a regular file elsewhere.',
  });
}

/** What a failed open of `here` says about `item`. */
export function openError(item: string, here: string, cause: unknown): SignetError {
  const code = errnoOf(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SignetError('E_NOT_FOUND', `${item} does not exist`, { item, cause });
  return new SignetError('E_IO', `${plain(here)} cannot be opened: ${code ?? 'unknown'}`, { item, cause });
}

// One writer a registry: two that append to one log at once would sign two histories (THREATS.md 12, 39). The lock is a file
// that names its process; one left by a process that is gone is taken over.
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createFileExclusive } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';

/** The lock file `path`, held by this object until `release`. */
export class WriteLock {
  readonly #path: string;
  readonly #content: string;

  /** Takes the lock; E_REGISTRY_BUSY where a living process holds it. */
  constructor(path: string) {
    this.#path = path;
    this.#content = `${process.pid} ${randomBytes(16).toString('hex')}\n`;
    const take = (): boolean => createFileExclusive(path, Buffer.from(this.#content), 0o644);
    if (!take() && !(removeDead(path) && take())) throw busy(path, read(path));
  }

  /** Throws E_REGISTRY_BUSY where someone took the lock away: to be called before anything is signed. */
  requireHeld(): void {
    const content = read(this.#path);
    if (content !== this.#content) throw busy(this.#path, content);
  }

  release(): void {
    if (read(this.#path) === this.#content) rmSync(this.#path, { force: true });
  }
}

/** Removes the lock of a process that is gone; false where its owner lives. A lock taken meanwhile is put back. */
function removeDead(path: string): boolean {
  if (isAlive(read(path))) return false;
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw new SignetError('E_IO', `${path} cannot be taken over`, { item: path, cause });
  }
  const alive = isAlive(read(aside));
  if (alive) linkSync(aside, path);
  rmSync(aside, { force: true });
  return !alive;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new SignetError('E_IO', `${path} cannot be read`, { item: path, cause });
  }
}

function isAlive(content: string): boolean {
  const pid = Number(content.split(' ')[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function busy(path: string, content: string): SignetError {
  const pid = content.split(' ')[0] || 'unknown';
  return new SignetError('E_REGISTRY_BUSY', `process ${pid} is writing to this registry`, {
    item: path,
    actual: `process ${pid}`,
    fix: `Wait for process ${pid}; if it is no registry command, remove ${path}.`,
  });
}

// One writer at a time: two that append to one log at once would sign two histories, and of two that change one file one would be
// lost (THREATS.md 12, 39). The lock is a file that names its process; one left by a process that is gone is taken over.
import { randomBytes } from 'node:crypto';
import { linkSync, renameSync, rmSync } from 'node:fs';
import { createFileExclusive, readRegularFile } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';

/** How long a change waits for another one, and how long between two looks, in milliseconds. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 20;
const MAX_LOCK = 256;

/**
 * What the body returns, which runs while no other process runs one under the same lock. Waits for whoever does; E_REGISTRY_BUSY
 * where that takes half a minute. The body must not ask for the same lock again.
 */
export function exclusively<T>(path: string, body: () => T): T {
  const lock = waitFor(path);
  try {
    return body();
  } finally {
    lock.release();
  }
}

function waitFor(path: string): WriteLock {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return new WriteLock(path);
    } catch (thrown) {
      const busy = thrown instanceof SignetError && thrown.code === 'E_REGISTRY_BUSY';
      if (!busy || waited >= PATIENCE_MS) throw thrown;
    }
    // What is changed here is changed in one go, without a turn of the event loop in between.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

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

/** A pipe that came with a folder is E_IO, and nobody waits for it. */
function read(path: string): string {
  const file = readRegularFile(path, MAX_LOCK);
  return file === undefined ? '' : Buffer.from(file.bytes).toString('latin1');
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
  return new SignetError('E_REGISTRY_BUSY', `process ${pid} is writing here`, {
    item: path,
    expected: 'no other writer',
    actual: `process ${pid}`,
    fix: `Wait for process ${pid}; if it is no registry command, remove ${path}.`,
  });
}

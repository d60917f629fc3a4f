// One host, one state directory (DESIGN.md §7): a lock file that names its owner. The file appears with its content in one
// step (hard link of a finished file), so a reader never sees half of one. A dead owner's lock is taken over: whoever is
// first to create `take-<nonce of the dead owner>` may replace the lock, so that of two takers exactly one wins, and a
// taker that died on the way is itself an owner to take over from. One machine and one pid namespace are assumed.
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { formatTime } from '../src/contracts/common.ts';
import { HostOwner } from '../src/contracts/host.ts';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import type { Clock } from '../src/ports.ts';
import { parseShape } from '../src/shape.ts';
import { errnoOf, ioError, writeAtomic, writeBeside } from './files.ts';

/** How often a taker looks again when others take and release at the same moment. */
const ATTEMPTS = 100;

/** A lock that this process holds. */
export interface StateLock {
  readonly owner: HostOwner;
  /** Says where the live host answers. E_HOST_BUSY where the lock is no longer ours. */
  publishAddress(address: string, tokenFile: string): void;
  /** Gives the lock up; someone else's is left alone. Again: nothing. */
  release(): void;
}

/** Takes the lock `file`, or throws E_HOST_BUSY that names the living owner. */
export function acquireLock(file: string, clock: Clock): StateLock {
  const owner: HostOwner = {
    type: 'host-owner/1',
    pid: process.pid,
    startTime: startTimeOf(process.pid),
    nonce: randomBytes(16).toString('hex'),
    startedAt: formatTime(clock.now()),
  };
  const mine = writeBeside(file, JSON.stringify(owner), 0o600);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (createExclusively(mine, file) || takeOver(file, mine)) return new HeldLock(file, owner);
    }
    throw new SignetError('E_HOST_BUSY', `${file} changes hands all the time`, { item: file });
  } finally {
    rmSync(mine, { force: true });
  }
}

/** The living owner of the lock, or undefined where nobody holds it. */
export function readOwner(file: string): HostOwner | undefined {
  const owner = readLock(file);
  return owner !== undefined && isAlive(owner) ? owner : undefined;
}

class HeldLock implements StateLock {
  readonly #file: string;
  #owner: HostOwner;
  #released = false;

  constructor(file: string, owner: HostOwner) {
    this.#file = file;
    this.#owner = owner;
  }

  get owner(): HostOwner {
    return this.#owner;
  }

  publishAddress(address: string, tokenFile: string): void {
    const found = this.#released ? undefined : readLock(this.#file);
    if (found?.nonce !== this.#owner.nonce) {
      throw new SignetError('E_HOST_BUSY', `${this.#file} is no longer this host's`, { item: this.#file });
    }
    this.#owner = { ...this.#owner, address, tokenFile };
    writeAtomic(this.#file, JSON.stringify(this.#owner), 0o600);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (readLock(this.#file)?.nonce === this.#owner.nonce) rmSync(this.#file, { force: true });
  }
}

/** True where `mine` is the lock now; false where it is someone else's, or where the situation changed meanwhile. */
function takeOver(file: string, mine: string): boolean {
  const holder = readLock(file);
  if (holder === undefined) return false;
  // The dead holder, then each dead process that claimed the takeover and did not live to finish it.
  const claims: string[] = [];
  let last = holder;
  for (;;) {
    if (isAlive(last)) throw busy(file, last);
    const claim = `${file}.take-${last.nonce}`;
    claims.push(claim);
    if (createExclusively(mine, claim)) break;
    const claimant = readLock(claim);
    if (claimant === undefined) return false;
    last = claimant;
  }
  const ours = claims.at(-1) as string;
  // Between reading the holder and claiming, another takeover may have ended: then the claim was for a lock long gone.
  if (readLock(file)?.nonce !== holder.nonce) {
    rmSync(ours, { force: true });
    return false;
  }
  renameSync(mine, file);
  for (const claim of claims) rmSync(claim, { force: true });
  return true;
}

function createExclusively(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return false;
    throw ioError(to, cause);
  }
}

function readLock(file: string): HostOwner | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw ioError(file, cause);
  }
  return parseShape(HostOwner, parseJson(text, file, { maxBytes: 64 * 1024 }), file);
}

function busy(file: string, owner: HostOwner): SignetError {
  const where = owner.address === undefined ? '' : `, answering at ${owner.address}`;
  return new SignetError(
    'E_HOST_BUSY',
    `${file} is held by process ${owner.pid}, started ${owner.startedAt}${where}`,
    {
      item: file,
      actual: `process ${owner.pid}`,
      fix: `Stop process ${owner.pid}, or use another state directory.`,
    },
  );
}

/** A process of that id runs, and it is the one that took the lock: ids are given out again. In doubt, it is alive. */
function isAlive(owner: HostOwner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    if (errnoOf(error) !== 'EPERM') return false;
  }
  const startTime = startTimeOf(owner.pid);
  if (startTime === 'ended') return false;
  return owner.startTime === null || startTime === null || owner.startTime === startTime;
}

/** `<boot id>:<clock ticks since boot>` of a process; null where the system does not say, `ended` for a zombie. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the program's name, is in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'ended';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot}:${fields[19]}`;
  } catch {
    // No /proc, or one that hides other users' processes: the process id alone must do.
    return null;
  }
}

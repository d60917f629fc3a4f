// What a host keeps in the state directory, opened as one (DESIGN.md §7 "One host, one state directory"): the lock first, then
// journal and key-value store; whatever fails to open closes what is open already.
import { mkdirSync, statSync } from 'node:fs';
import { sha256 } from '../keys/hash.ts';
import { SignetError } from '../src/error.ts';
import { Journal } from '../src/journal.ts';
import type { Clock } from '../src/ports.ts';
import { ioError } from './files.ts';
import { openJournalStore } from './journal-store.ts';
import { KeyValueStore } from './kv.ts';
import { type ProjectPaths, projectPaths } from './paths.ts';
import { acquireLock, type StateLock } from './state-lock.ts';

export interface HostState {
  readonly paths: ProjectPaths;
  readonly lock: StateLock;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly kv: KeyValueStore;
  /** Closes the files and gives the lock up. */
  close(): void;
}

/** Opens the state of the project. E_HOST_BUSY where another host owns it, E_NOT_FOUND without a project folder, E_IO. */
export function openHostState(directory: string, clock: Clock): HostState {
  const paths = projectPaths(directory);
  if (statSync(paths.project, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new SignetError('E_NOT_FOUND', `there is no folder ${paths.project}`, { item: paths.project });
  try {
    mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw ioError(paths.state, cause);
  }
  const opened: { close(): void }[] = [];
  const close = (): void => {
    try {
      opened.pop()?.close();
    } finally {
      if (opened.length > 0) close();
    }
  };
  try {
    const lock = acquireLock(paths.lock, clock);
    opened.push({ close: () => lock.release() });
    const store = openJournalStore(paths.journal);
    const journal = new Journal({ store, sha256 });
    opened.push(journal);
    const kv = new KeyValueStore(paths.database);
    opened.push(kv);
    return { paths, lock, clock, journal, kv, close };
  } catch (error) {
    close();
    throw error;
  }
}

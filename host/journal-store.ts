// The journal's segments on disk (src/ports.ts `JournalStore`): files `<first index>.records` of one folder, 0600 in a folder of 0700.
import { closeSync, constants, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';
import type { JournalFile, JournalStore } from '../src/ports.ts';
import { errnoOf, ioError } from './files.ts';
import { openJournalFile } from './journal-file.ts';

const NAME = /^([0-9]{15})\.records$/;
const nameOf = (first: number): string => `${String(first).padStart(15, '0')}.records`;

/** The segments in a folder, for the one process that writes them; the folder is made. E_IO. */
export function openJournalStore(folder: string): JournalStore {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The folder's own name is durable before the first record is.
    const parent = openSync(join(folder, '..'), constants.O_RDONLY | constants.O_DIRECTORY);
    fsyncSync(parent);
    closeSync(parent);
  } catch (cause) {
    throw ioError(folder, cause);
  }
  return store(folder, 'write');
}

/** The segments in a folder, for reading beside whoever writes them. A folder that is missing has none. */
export function readJournalStore(folder: string): JournalStore {
  return store(folder, 'read');
}

function store(folder: string, use: 'read' | 'write'): JournalStore {
  return {
    segments: () => segmentsIn(folder),
    open: (first): JournalFile => openJournalFile(join(folder, nameOf(first)), use),
    create(first, bytes) {
      if (use === 'read') throw new SignetError('E_IO', 'this journal is only read', { item: folder });
      const path = join(folder, nameOf(first));
      writeFileAtomic(path, bytes, 0o600);
      return openJournalFile(path, use);
    },
  };
}

function segmentsIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw ioError(folder, cause);
  }
}

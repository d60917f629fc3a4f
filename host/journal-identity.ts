// Who signs a journal's checkpoints (DESIGN.md §4 "Journal"): a key of the user's, one for each journal, named by the origin that
// the journal's folder keeps. A checkpoint proves something to others only once it was exported, or a witness has seen it.
import { join } from 'node:path';
import type { KeyPair } from '../keys/ed25519.ts';
import { type Keyring, registryId } from '../keys/keyring.ts';
import { readRegularFile, writeFileAtomic } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';
import type { ProjectPaths } from './paths.ts';

/** A journal's name on its checkpoints, and the key that signs them. */
export interface JournalIdentity {
  readonly origin: string;
  readonly key: KeyPair;
}

const ORIGIN = /^signet\.local\/journal\/([0-9a-f]{16})$/;
const MAX_ORIGIN = 256;

/** The identity of a project's journal; undefined where it never signed. A key that is not here: E_NOT_FOUND; E_FORMAT. */
export function journalIdentity(paths: ProjectPaths, keyring: Keyring): JournalIdentity | undefined {
  const file = readRegularFile(originFile(paths), MAX_ORIGIN);
  if (file === undefined) return undefined;
  const origin = Buffer.from(file.bytes).toString('utf8').trimEnd();
  const id = ORIGIN.exec(origin)?.[1];
  if (id !== undefined) return { origin, key: keyring.journal(id) };
  throw new SignetError('E_FORMAT', `${originFile(paths)} names no journal`, {
    item: originFile(paths),
    expected: 'signet.local/journal/<16 hex digits>',
    actual: origin.slice(0, 80),
  });
}

/** The identity of a project's journal, made where it has none. */
export function ensureJournalIdentity(paths: ProjectPaths, keyring: Keyring): JournalIdentity {
  const known = journalIdentity(paths, keyring);
  if (known !== undefined) return known;
  const key = keyring.createJournalKey();
  const origin = `signet.local/journal/${registryId(key.publicKey)}`;
  writeFileAtomic(originFile(paths), Buffer.from(`${origin}\n`), 0o600);
  return { origin, key };
}

const originFile = ({ journal }: ProjectPaths): string => join(journal, 'origin');

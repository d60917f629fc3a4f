// What a journal's signed checkpoints prove (DESIGN.md §4 "Journal"): to whoever holds the journal, that it still holds the very
// records that were signed; to whoever holds two checkpoints alone, that the later journal continues the earlier one.
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { SignetError } from './error.ts';
import { type IndexedEntry, type JournalSurvey, surveyJournal } from './journal-reader.ts';
import { consistencyProof, leafHash, sameBytes, verifyConsistency } from './merkle.ts';
import { type NoteSigner, type NoteVerifier, signNote, verifyNote } from './note.ts';
import type { JournalStore, Sha256, VerifySignature } from './ports.ts';

/** Whose checkpoints count, and of which journal. */
export interface CheckpointTrust {
  readonly sha256: Sha256;
  readonly verify: VerifySignature;
  readonly verifiers: readonly NoteVerifier[];
  readonly origin: string;
}

/** The signed checkpoint of what a survey found; those records must be durable: what is signed may never be lost again. */
export function signJournal({ size, root }: JournalSurvey, origin: string, signer: NoteSigner): string {
  return signNote(formatCheckpoint({ origin, size, root }), [signer]);
}

/** The checkpoint of a signed note. Codes of verifyNote; of another journal: E_LOG_CORRUPT. */
export function readJournalCheckpoint(note: string | Uint8Array, trust: CheckpointTrust): Checkpoint {
  const { sha256, verify, verifiers, origin } = trust;
  const checkpoint = parseCheckpoint(verifyNote(sha256, verify, note, verifiers, 1));
  if (checkpoint.origin !== origin)
    throw refused('the checkpoint is of another journal', origin, checkpoint.origin);
  return checkpoint;
}

/**
 * Reads the whole journal (see surveyJournal) and holds it against checkpoints: E_LOG_CORRUPT where it is shorter than one of them
 * says, or its first records are not those that were signed.
 */
export function verifyJournal(
  store: JournalStore,
  sha256: Sha256,
  checkpoints: readonly Checkpoint[],
  see?: (entry: IndexedEntry) => void,
): JournalSurvey {
  const survey = surveyJournal(
    store,
    sha256,
    checkpoints.map(({ size }) => size),
    see,
  );
  for (const { size, root } of checkpoints) {
    const found = survey.roots.get(size);
    if (found === undefined)
      throw refused('the journal is shorter than it was', `${size} records`, String(survey.size));
    if (!sameBytes(found, root))
      throw refused(
        'the journal holds other records than were signed',
        `the root of size ${size}`,
        'another',
      );
  }
  return survey;
}

/** The proof that the journal's first `size1` records are the first of its first `size2`: RFC 6962 §2.1.2. */
export function proveJournal(
  store: JournalStore,
  sha256: Sha256,
  size1: number,
  size2: number,
): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  surveyJournal(store, sha256, [], ({ leaf }) => void leaves.push(leafHash(sha256, leaf)));
  if (size2 > leaves.length)
    throw refused('the journal is shorter than it was', `${size2} records`, String(leaves.length));
  return consistencyProof(sha256, leaves, size1, size2);
}

/** Throws E_LOG_PROOF unless the proof shows that the later checkpoint's journal continues the earlier one's. */
export function checkJournalProof(
  sha256: Sha256,
  earlier: Checkpoint,
  later: Checkpoint,
  proof: readonly Uint8Array[],
): void {
  verifyConsistency(sha256, {
    size1: earlier.size,
    size2: later.size,
    root1: earlier.root,
    root2: later.root,
    proof,
  });
}

function refused(sentence: string, expected: string, actual: string): SignetError {
  return new SignetError('E_LOG_CORRUPT', sentence, { item: 'journal', expected, actual });
}

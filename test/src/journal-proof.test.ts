// What a journal's checkpoints prove, to whoever holds the journal and to whoever holds two of them (THREATS.md 12).
import { describe, expect, test } from 'vitest';
import { generateKeyPair, sign, verify } from '../../keys/ed25519.ts';
import { sha256 } from '../../keys/hash.ts';
import { parseCheckpoint } from '../../src/checkpoint.ts';
import {
  type CheckpointTrust,
  checkJournalProof,
  proveJournal,
  readJournalCheckpoint,
  signJournal,
  verifyJournal,
} from '../../src/journal-proof.ts';
import { type JournalSurvey, surveyJournal } from '../../src/journal-reader.ts';
import { createNoteSigner, parseNote } from '../../src/note.ts';
import { expectCode } from './expect-code.ts';
import { closed, EVERY, filled, HEAD, lost, ORIGIN } from './journal-fixture.ts';
import { type MemoryJournal, MemoryJournalStore } from './memory-files.ts';

const pair = generateKeyPair();
const verifier = { name: ORIGIN, publicKey: pair.publicKey };
const signer = createNoteSigner(sha256, { ...verifier, sign: (message) => sign(pair.secretKey, message) });

const TRUST = { sha256, verify, verifiers: [verifier], origin: ORIGIN };
const noteOf = (file: MemoryJournal): string =>
  signJournal(surveyJournal(new MemoryJournalStore(file), sha256), ORIGIN, signer);
/** The whole journal, held against a checkpoint. */
const check = (file: MemoryJournal, note: string, trust: Partial<CheckpointTrust> = {}): JournalSurvey =>
  verifyJournal(new MemoryJournalStore(file), sha256, [readJournalCheckpoint(note, { ...TRUST, ...trust })]);
describe('checkpoints', () => {
  test('say origin, size and root, and hold for the journal as it grows', () => {
    const { file, journal } = filled(EVERY);
    const note = noteOf(file);
    expect(parseCheckpoint(parseNote(note).text)).toEqual({
      origin: ORIGIN,
      size: EVERY.length,
      root: new Uint8Array(journal.root()),
    });
    journal.append(lost('later'));
    expect(check(file, note).size).toBe(EVERY.length + 1);
    expect(check(file, noteOf(file)).size).toBe(EVERY.length + 1);
    expect(check(filled([]).file, noteOf(filled([]).file)).size).toBe(0);
  });

  test('a shorter journal, another record, another origin, another signer are refused', () => {
    const { file } = filled(EVERY);
    const note = noteOf(file);
    expectCode(() => check(filled(EVERY.slice(0, -1)).file, note), 'E_LOG_CORRUPT');
    const changed = [...EVERY.slice(0, -1), lost('another reason'), closed(13)];
    expectCode(() => check(filled(changed).file, note), 'E_LOG_CORRUPT');
    expectCode(() => check(filled(changed.slice(0, -1)).file, note), 'E_LOG_CORRUPT');
    expectCode(() => check(file, note, { origin: 'other' }), 'E_LOG_CORRUPT');
    const stranger = { name: ORIGIN, publicKey: generateKeyPair().publicKey };
    expectCode(() => check(file, note, { verifiers: [stranger] }), 'E_NOTE_UNTRUSTED');
    expect(check(file, note).size).toBe(EVERY.length);
  });

  test('a record changed since it was signed is found', () => {
    const { file } = filled(EVERY);
    const note = noteOf(file);
    file.bytes[HEAD + 20]! ^= 1;
    expectCode(() => check(file, note), 'E_LOG_CORRUPT');
  });

  test('two of them prove that the later journal continues the earlier one, and nothing else', () => {
    const { file, journal } = filled(EVERY);
    const earlier = readJournalCheckpoint(noteOf(file), TRUST);
    for (let i = 0; i < 9; i++) journal.append(closed(i));
    const later = readJournalCheckpoint(noteOf(file), TRUST);
    const proof = proveJournal(new MemoryJournalStore(file), sha256, earlier.size, later.size);
    checkJournalProof(sha256, earlier, later, proof);
    const other = filled([...EVERY.slice(0, -1), lost('another reason')]).file;
    const forged = readJournalCheckpoint(noteOf(other), TRUST);
    expectCode(() => checkJournalProof(sha256, forged, later, proof), 'E_LOG_PROOF');
    expectCode(() => checkJournalProof(sha256, earlier, later, proof.slice(1)), 'E_LOG_PROOF');
    expectCode(() => checkJournalProof(sha256, later, earlier, proof), 'E_LOG_PROOF');
  });
});

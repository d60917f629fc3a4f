// Witnesses (C2SP tlog-cosignature, https://c2sp.org/tlog-cosignature; DESIGN.md §3 "Log"; THREATS.md 4, 7, 12): others than the
// log's keeper sign its checkpoints, each with the time at which it saw them. A quorum of them means that everyone is shown
// the same history. Which keys are witnesses the root says; they are counted by their bytes.
import { fingerprint, type KeyPair, sign } from '../keys/ed25519.ts';
import { sha256 } from '../keys/hash.ts';
import type { Role } from '../keys/root.ts';
import { formatTime } from '../src/contracts/common.ts';
import { SignetError } from '../src/error.ts';
import { formatNote, type NoteSignature, parseNote } from '../src/note.ts';
import type { VerifySignature } from '../src/ports.ts';
import { describeAge } from './status.ts';

/** The signature type of a timestamped Ed25519 cosignature. */
const COSIGNATURE = 0x04;
const TIME_BYTES = 8;
const COSIGNATURE_BYTES = TIME_BYTES + 64;
const DAY = 86_400_000;
/** How far ahead of our clock a witness may be. */
const SKEW = 10 * 60_000;

/** A witness that saw the checkpoint, and when (milliseconds). */
export interface Cosignature {
  readonly name: string;
  readonly key: Uint8Array;
  readonly at: number;
}

/** Adds a cosignature to a checkpoint's note. `name` is the witness's own; `now` in milliseconds. */
export function cosign(note: string, name: string, witness: KeyPair, now: number): string {
  const { text, signatures } = parseNote(note);
  const seconds = Math.floor(now / 1000);
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
  const signature = sign(witness.secretKey, messageOf(text, seconds));
  const keyHash = cosignatureKeyHash(name, witness.publicKey);
  const own = { name, keyHash, signature: new Uint8Array([...time, ...signature]) };
  const others = signatures.filter((line) => line.name !== name || !same(line.keyHash, keyHash));
  return formatNote(text, [...others, own]);
}

/**
 * The witnesses among `keys` that signed the note, one for each key with its newest time. Signatures of others mean
 * nothing; one that names a key of ours and is wrong is E_NOTE_SIGNATURE.
 */
export function readCosignatures(
  note: string,
  keys: readonly Uint8Array[],
  verify: VerifySignature,
): Cosignature[] {
  const { text, signatures } = parseNote(note);
  const seen = new Map<string, Cosignature>();
  for (const line of signatures) {
    const key = keys.find((candidate) => same(cosignatureKeyHash(line.name, candidate), line.keyHash));
    if (key === undefined) continue;
    const seconds = timeOf(line);
    if (
      seconds === undefined ||
      !verify(key, messageOf(text, seconds), line.signature.subarray(TIME_BYTES))
    ) {
      throw new SignetError('E_NOTE_SIGNATURE', 'the cosignature of a witness is wrong', {
        item: line.name,
        expected: `a cosignature by ${fingerprint(key)}`,
        actual: 'it does not match the checkpoint and its time',
      });
    }
    const id = fingerprint(key);
    const at = seconds * 1000;
    const before = seen.get(id);
    if (before === undefined || before.at < at) seen.set(id, { name: line.name, key, at });
  }
  return [...seen.values()];
}

export interface WitnessRule {
  /** The role of the root; undefined where the root names no witness. */
  readonly role: Role | undefined;
  /** What the policy asks for; it counts only where it is more than the root's threshold. */
  readonly quorum: number;
  readonly purpose: 'install' | 'load';
  /** Days since the quorum saw the checkpoint, for installing. */
  readonly maxDays: number;
}

/**
 * Answers `witnesses 2/2, 3 h old (max 7 days)`, or '' where neither root nor policy asks for one. E_WITNESS: too few, or more
 * asked for than there are; E_CHECKPOINT_STALE: the quorum saw it too long ago; E_NOTE_SIGNATURE.
 */
export function checkWitnesses(
  note: string,
  rule: WitnessRule,
  now: number,
  verify: VerifySignature,
): string {
  const { role, purpose, maxDays } = rule;
  const quorum = Math.max(role?.threshold ?? 0, rule.quorum);
  if (quorum === 0) return '';
  const keys = role?.keys ?? [];
  // A witness whose clock runs ahead would make an old checkpoint look fresh.
  const counted = readCosignatures(note, keys, verify).filter(({ at }) => at <= now + SKEW);
  if (counted.length < quorum) {
    throw new SignetError('E_WITNESS', 'too few witnesses cosigned the checkpoint', {
      item: 'checkpoint',
      expected: `${quorum} of ${keys.map(fingerprint).join(', ') || 'no witness: the root names none'}`,
      actual: counted.map(({ name, key }) => `${name} ${fingerprint(key)}`).join(', ') || 'none',
    });
  }
  const newest = counted.map(({ at }) => at).sort((a, b) => b - a);
  const at = newest[quorum - 1]!;
  const age = now - at;
  // What is installed comes with the checkpoint of its installation: for loading, the status says how fresh we are.
  if (purpose === 'install' && age > maxDays * DAY) {
    throw new SignetError('E_CHECKPOINT_STALE', 'the witnesses saw the checkpoint too long ago', {
      item: 'checkpoint',
      expected: `at most ${maxDays} days old`,
      actual: `${describeAge(age)} old: ${formatTime(at)}`,
    });
  }
  return `witnesses ${counted.length}/${quorum}, ${describeAge(age)} old (max ${maxDays} days)`;
}

/** SHA-256 of name, newline, type and key: the first four bytes. */
function cosignatureKeyHash(name: string, key: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(COSIGNATURE), key])).slice(0, 4);
}

const messageOf = (text: string, seconds: number): Uint8Array =>
  Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);

/** The time of a cosignature; undefined where the bytes are none, or hold a time that no clock shows. */
function timeOf({ signature }: NoteSignature): number | undefined {
  if (signature.length !== COSIGNATURE_BYTES) return undefined;
  const view = new DataView(signature.buffer, signature.byteOffset, signature.length);
  const seconds = view.getBigUint64(0);
  return seconds > 0n && seconds <= 253_402_300_799n ? Number(seconds) : undefined;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

// C2SP signed notes, Ed25519 signatures only (https://c2sp.org/signed-note): text, a blank line, signature lines. Strict:
// one byte string for each note, signatures of unknown keys ignored, a bad signature of a known key refuses the whole
// note, the threshold counts distinct key bytes (THREATS.md 6, 7, 17).
import { decodeBase64, encodeBase64 } from './base64.ts';
import { type ErrorCode, SignetError } from './error.ts';
import { sameBytes } from './merkle.ts';
import type { Sha256, VerifySignature } from './ports.ts';

const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;
const KEY_HASH_BYTES = 4;
const ED25519 = 0x01;
const utf8 = new TextEncoder();

/** One signature line. `keyHash` has 4 bytes and is a hint, never an identity. */
export interface NoteSignature {
  readonly name: string;
  readonly keyHash: Uint8Array;
  readonly signature: Uint8Array;
}

/** A key that signs notes; `sign` takes the note's text as UTF-8 and returns a 64-byte Ed25519 signature. */
export interface NoteSigner {
  readonly name: string;
  readonly keyHash: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** A key whose signature counts: its name on the signature line and its 32 raw bytes. */
export interface NoteVerifier {
  readonly name: string;
  readonly publicKey: Uint8Array;
}

/** The first four bytes of SHA-256(name || 0x0A || 0x01 || public key). A name no note may carry: E_NOTE. */
export function keyHash(sha256: Sha256, name: string, publicKey: Uint8Array): Uint8Array {
  if (!isKeyName(name)) throw refusal('E_NOTE', 'the key name is empty or holds a space or a plus', name);
  const prefix = utf8.encode(`${name}\n`);
  const data = new Uint8Array(prefix.length + 1 + publicKey.length);
  data.set(prefix);
  data[prefix.length] = ED25519;
  data.set(publicKey, prefix.length + 1);
  return sha256(data).slice(0, KEY_HASH_BYTES);
}

/** A signer whose key hash is computed from its public key. */
export function createNoteSigner(
  sha256: Sha256,
  key: { name: string; publicKey: Uint8Array; sign: (message: Uint8Array) => Uint8Array },
): NoteSigner {
  return { name: key.name, keyHash: keyHash(sha256, key.name, key.publicKey), sign: key.sign };
}

/** The note of a text that ends in a newline and at least one signature; what no reader would accept is E_NOTE. */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(({ name, keyHash: hash, signature }) => {
    const bytes = new Uint8Array(hash.length + signature.length);
    bytes.set(hash);
    bytes.set(signature, hash.length);
    return `\u2014 ${name} ${encodeBase64(bytes)}\n`;
  });
  const note = `${text}\n${lines.join('')}`;
  const parsed = parseNote(note);
  if (parsed.text !== text || parsed.signatures.length !== signatures.length) {
    throw refusal('E_NOTE', 'the text must end in a newline');
  }
  return note;
}

/** Signs the text with every signer, in their order. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const message = utf8.encode(text);
  return formatNote(
    text,
    signers.map(({ name, keyHash: hash, sign }) => ({ name, keyHash: hash, signature: sign(message) })),
  );
}

/**
 * Takes a note apart without trusting it: text (with its final newline) and signatures. E_LIMIT: over 1,000,000 bytes or
 * 100 signatures. E_NOTE: any other departure from the format.
 */
export function parseNote(note: string | Uint8Array): { text: string; signatures: NoteSignature[] } {
  const source = readText(note);
  const blank = source.lastIndexOf('\n\n');
  if (blank === -1) throw refusal('E_NOTE', 'no blank line between text and signatures');
  const block = source.slice(blank + 2);
  if (block === '' || !block.endsWith('\n')) {
    throw refusal('E_NOTE', 'the last line is not a whole signature line');
  }
  const lines = block.slice(0, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) {
    throw new SignetError('E_LIMIT', 'a note has too many signatures', {
      expected: `at most ${MAX_SIGNATURES}`,
      actual: String(lines.length),
    });
  }
  return { text: source.slice(0, blank + 1), signatures: lines.map(parseSignature) };
}

/**
 * The text, once `threshold` different keys among `verifiers` have signed it. E_NOTE_SIGNATURE: a line names a key we
 * know and its signature is wrong. E_NOTE_UNTRUSTED: too few known keys signed. E_USAGE: a threshold below 1.
 */
export function verifyNote(
  sha256: Sha256,
  verifySignature: VerifySignature,
  note: string | Uint8Array,
  verifiers: readonly NoteVerifier[],
  threshold: number,
): string {
  if (!Number.isSafeInteger(threshold) || threshold < 1) {
    throw new SignetError('E_USAGE', `a threshold of ${threshold} signatures proves nothing`);
  }
  const { text, signatures } = parseNote(note);
  const message = utf8.encode(text);
  const known = verifiers.map((key) => ({ ...key, hash: keyHash(sha256, key.name, key.publicKey) }));
  const signed = new Set<string>();
  for (const line of signatures) {
    const named = known.filter((key) => key.name === line.name && sameBytes(key.hash, line.keyHash));
    if (named.length === 0) continue;
    const key = named.find(({ publicKey }) => verifySignature(publicKey, message, line.signature));
    if (key === undefined) {
      throw refusal('E_NOTE_SIGNATURE', 'the signature of a known key is wrong', line.name);
    }
    signed.add(encodeBase64(key.publicKey));
  }
  if (signed.size < threshold) {
    throw new SignetError('E_NOTE_UNTRUSTED', 'a note lacks signatures of known keys', {
      expected: `${threshold} of ${verifiers.map(({ name }) => name).join(', ') || 'no known key'}`,
      actual: `${signed.size} of ${signatures.length} signatures count`,
    });
  }
  return text;
}

function parseSignature(line: string): NoteSignature {
  const parts = line.split(' ');
  const [dash, name, base64] = parts;
  if (parts.length !== 3 || dash !== '\u2014' || name === undefined || base64 === undefined) {
    throw refusal('E_NOTE', 'a signature line is not "\u2014 name base64"', line);
  }
  if (!isKeyName(name)) throw refusal('E_NOTE', 'a key name holds a space or a plus, or is empty', line);
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64(base64);
  } catch (cause) {
    throw new SignetError('E_NOTE', 'a signature is not canonical base64', {
      expected: 'canonical base64',
      actual: line.slice(0, 120),
      cause,
    });
  }
  if (bytes.length <= KEY_HASH_BYTES) throw refusal('E_NOTE', 'a signature is too short', line);
  return { name, keyHash: bytes.slice(0, KEY_HASH_BYTES), signature: bytes.slice(KEY_HASH_BYTES) };
}

/** The note as well-formed text without control characters other than newline. */
function readText(note: string | Uint8Array): string {
  let text = '';
  let size = note.length;
  if (typeof note === 'string') {
    // A UTF-16 unit is at least one byte of UTF-8: what is too long already is not encoded just to be counted.
    if (size <= MAX_NOTE_BYTES) size = utf8.encode(note).length;
    text = note;
  }
  if (size > MAX_NOTE_BYTES) {
    throw new SignetError('E_LIMIT', 'a note is too large', {
      expected: `at most ${MAX_NOTE_BYTES} bytes`,
      actual: String(size),
    });
  }
  if (typeof note !== 'string') {
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(note);
    } catch (cause) {
      throw new SignetError('E_NOTE', 'a note is not UTF-8', {
        expected: 'UTF-8',
        actual: 'other bytes',
        cause,
      });
    }
  }
  if (!text.isWellFormed()) throw refusal('E_NOTE', 'a note holds a lone surrogate');
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 && unit !== 0x0a) throw refusal('E_NOTE', `a note holds the control character ${unit}`);
  }
  return text;
}

const isKeyName = (name: string): boolean => /^[^\p{White_Space}+]+$/u.test(name);

function refusal(code: ErrorCode, sentence: string, actual = sentence): SignetError {
  return new SignetError(code, sentence, {
    expected: 'a signed note as C2SP writes it',
    actual: actual.slice(0, 120),
  });
}

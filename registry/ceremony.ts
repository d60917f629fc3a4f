// Documents on their way between people (DESIGN.md §3 "Root", "Namespace document"; THREATS.md 7, 30): a draft is an envelope that
// has some of its signatures, or none. Each holder of a key adds theirs to the file; nothing but signed bytes counts in the end.
import { fingerprint, type KeyPair, verify } from '../keys/ed25519.ts';
import { parseEnvelope, preAuthEncoding, signEnvelope } from '../keys/envelope.ts';
import type { Role } from '../keys/root.ts';
import { decodeBase64 } from '../src/base64.ts';
import type { Envelope } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';

const MAX_DRAFT = 12 * 1024 * 1024;

/** How far one requirement on a draft is met. */
export interface Progress {
  /** Whose signatures these are: `root v2`, `publishers of acme v1`. */
  readonly of: string;
  readonly threshold: number;
  /** Fingerprints of the keys that may sign; those in `signed` did, and their signatures verify. */
  readonly keys: readonly string[];
  readonly signed: readonly string[];
}

/** The draft in the bytes of a file: E_JSON, E_LIMIT, E_FORMAT. Verifies nothing. */
export function readDraft(bytes: Uint8Array, item: string): Envelope {
  return parseEnvelope(bytes, item, { maxBytes: MAX_DRAFT });
}

/** The draft with the signature of each of the keys added; one that verifies stays as it is, one that does not is replaced. */
export function addSignatures(draft: Envelope, keys: readonly KeyPair[]): Envelope {
  const before = signersOf(
    draft,
    keys.map(({ publicKey }) => publicKey),
  );
  const missing = keys.filter(({ publicKey }) => !before.includes(fingerprint(publicKey)));
  const again = new Set<string | undefined>(missing.map(({ publicKey }) => fingerprint(publicKey)));
  const kept = draft.signatures.filter(({ keyid }) => !again.has(keyid));
  const { signatures } = signEnvelope(draft.payloadType, decodeBase64(draft.payload), missing);
  return { ...draft, signatures: [...kept, ...signatures] };
}

/** Fingerprints of those of the keys whose signatures on the draft verify. */
export function signersOf(draft: Envelope, keys: readonly Uint8Array[]): string[] {
  const message = preAuthEncoding(draft.payloadType, decodeBase64(draft.payload));
  const signatures = draft.signatures.map(({ sig }) => decodeBase64(sig));
  return keys
    .filter((key) => signatures.some((signature) => verify(key, message, signature)))
    .map(fingerprint);
}

export function progressOf(draft: Envelope, of: string, { keys, threshold }: Role): Progress {
  return { of, threshold, keys: keys.map(fingerprint), signed: signersOf(draft, keys) };
}

export const isMet = ({ signed, threshold }: Progress): boolean => signed.length >= threshold;

/** Refuses with E_THRESHOLD a draft for which a requirement is not met, and says which keys are missing. */
export function requireMet(progress: readonly Progress[], item: string, fix: string): void {
  const open = progress.find((one) => !isMet(one));
  if (open === undefined) return;
  throw new SignetError('E_THRESHOLD', `${item} lacks signatures of ${open.of}`, {
    item,
    expected: `${open.threshold} of ${open.keys.join(', ')}`,
    actual: open.signed.join(', ') || 'none',
    fix,
  });
}

/** Refuses with E_SIGNER a key whose signature would meet no requirement. */
export function requireWanted(progress: readonly Progress[], key: Uint8Array, item: string): void {
  const own = fingerprint(key);
  if (progress.some(({ keys }) => keys.includes(own))) return;
  throw new SignetError('E_SIGNER', `${item} has no use for a signature of this key`, {
    item,
    expected: [...new Set(progress.flatMap(({ keys }) => keys))].join(', '),
    actual: own,
  });
}

// The registry's log as a client and as its keeper see it (DESIGN.md §3 "Log"): C2SP tiles under checkpoints that the root's
// log role signs; an entry is the exact bytes of a LogEntry's JSON (THREATS.md 2, 11-13).

import { formatDocument } from '../keys/document.ts';
import { type KeyPair, sign } from '../keys/ed25519.ts';
import { sha256 } from '../keys/hash.ts';
import type { VerifiedRoot } from '../keys/root.ts';
import { decodeBase64, encodeBase64 } from '../src/base64.ts';
import { formatCheckpoint, parseCheckpoint } from '../src/checkpoint.ts';
import { type InclusionProof, LogEntry } from '../src/contracts/statement.ts';
import type { PinnedRoot } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { leafHash, verifyInclusion } from '../src/merkle.ts';
import { createNoteSigner, signNote, verifyNote } from '../src/note.ts';
import type { VerifySignature } from '../src/ports.ts';
import { parseShape } from '../src/shape.ts';
import type { TileReader, TreeHead } from '../src/tile-reader.ts';

/** A checkpoint whose signatures count: `root` as `sha256:<hex>`, `hash` the same as bytes, `note` its exact text. */
export interface SignedHead {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly hash: Uint8Array;
  readonly note: string;
}

/** The signed note of a tree head. */
export function signHead(origin: string, head: TreeHead, key: KeyPair): string {
  const text = formatCheckpoint({ origin, size: head.size, root: head.root });
  const signer = {
    name: origin,
    publicKey: key.publicKey,
    sign: (message: Uint8Array) => sign(key.secretKey, message),
  };
  return signNote(text, [createNoteSigner(sha256, signer)]);
}

/** The head in a note that the threshold of the root's log keys signed, for exactly that origin. */
export function verifyHead(note: string, log: VerifiedRoot['log'], verify: VerifySignature): SignedHead {
  const verifiers = log.keys.map((publicKey) => ({ name: log.origin, publicKey }));
  const { origin, size, root } = parseCheckpoint(verifyNote(sha256, verify, note, verifiers, log.threshold));
  if (origin !== log.origin) {
    throw new SignetError('E_STATUS_MISMATCH', 'the checkpoint is of another log', {
      item: 'checkpoint',
      expected: log.origin,
      actual: origin,
    });
  }
  return { origin, size, root: `sha256:${Buffer.from(root).toString('hex')}`, hash: root, note };
}

/**
 * Holds a head against the highest one seen: another root at the same size is E_EQUIVOCATION. A smaller size is
 * E_ROLLBACK, save at load, where the proof is as old as the installation.
 */
export function compareHeads(
  head: SignedHead,
  seen: PinnedRoot['checkpoint'],
  purpose: 'install' | 'load',
): void {
  if (seen === null) return;
  if (head.size === seen.size && head.root !== seen.root) throw equivocation(head, seen);
  if (head.size < seen.size && purpose === 'install') {
    throw new SignetError('E_ROLLBACK', 'the checkpoint is older than one that was seen before', {
      item: 'checkpoint',
      expected: `size ${seen.size} or more`,
      actual: `size ${head.size}`,
    });
  }
}

/**
 * Holds a larger head against the highest one seen, with the tiles below it: E_EQUIVOCATION where the old tree is proved
 * not to be a prefix of the new one, E_LOG_CORRUPT where the tiles prove nothing.
 */
export function checkGrowth(reader: TileReader, head: SignedHead, seen: PinnedRoot['checkpoint']): void {
  compareHeads(head, seen, 'install');
  if (seen === null || seen.size === head.size) return;
  if (`sha256:${Buffer.from(reader.rootAt(seen.size)).toString('hex')}` !== seen.root)
    throw equivocation(head, seen);
}

/** The bytes that are logged for an entry. */
export function formatEntry(entry: LogEntry): Uint8Array {
  return formatDocument(LogEntry.parse(entry));
}

/** The proof that an entry is under the reader's head. */
export function proveEntry(reader: TileReader, index: number): InclusionProof {
  return {
    index,
    entry: encodeBase64(reader.entry(index)),
    hashes: reader.proveInclusion(index).map(encodeBase64),
  };
}

/** The entry, once it is proved to stand at its index under the head: E_LOG_PROOF, E_JSON, E_FORMAT. */
export function verifyEntry(proof: InclusionProof, head: SignedHead, item: string): LogEntry {
  const bytes = decodeBase64(proof.entry);
  verifyInclusion(sha256, {
    index: proof.index,
    size: head.size,
    leaf: leafHash(sha256, bytes),
    proof: proof.hashes.map(decodeBase64),
    root: head.hash,
  });
  return parseShape(LogEntry, parseJson(bytes, item), item);
}

/** Refuses with E_LOG_ENTRY an entry that differs from the expected one in any field. */
export function matchEntry(entry: LogEntry, expected: LogEntry, item: string): void {
  const found = new Map<string, unknown>(Object.entries(entry));
  for (const [field, value] of Object.entries(expected)) {
    if (found.get(field) === value) continue;
    throw new SignetError('E_LOG_ENTRY', `the log entry of ${item} has another ${field}`, {
      item,
      expected: String(value),
      actual: String(found.get(field)),
    });
  }
}

function equivocation(head: SignedHead, seen: NonNullable<PinnedRoot['checkpoint']>): SignetError {
  return new SignetError('E_EQUIVOCATION', 'the registry signed two histories that contradict each other', {
    item: head.origin,
    expected: `size ${seen.size} ${seen.root}`,
    actual: `size ${head.size} ${head.root}`,
  });
}

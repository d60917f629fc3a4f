// Signing a release (DESIGN.md §3): the release statement and the provenance of an archive, each in its envelope. What is signed is
// made from the archive's own manifest, so that it can be made where the keys are and published elsewhere.
import { formatDocument } from '../keys/document.ts';
import type { KeyPair } from '../keys/ed25519.ts';
import { signEnvelope } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import type { Manifest } from '../src/contracts/manifest.ts';
import { IN_TOTO_PAYLOAD } from '../src/contracts/statement.ts';
import { digestOf } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import { archiveDigest, readArchive } from './archive.ts';
import { readManifest } from './manifest.ts';
import { type ProvenanceInput, provenanceStatement, releaseStatement } from './statement.ts';

/** The envelopes of a release, as the bytes of their files. */
export interface SignedRelease {
  readonly release: Uint8Array;
  readonly provenance: Uint8Array | null;
}

/** What an archive says of itself. */
export interface ArchiveFacts {
  readonly manifest: Manifest;
  readonly digest: string;
  /** The bytes of its release statement: there is one only. */
  readonly statement: Uint8Array;
}

/** The facts of an archive; the codes of readArchive and readManifest. */
export function archiveFacts(archive: Uint8Array): ArchiveFacts {
  const files = readArchive(archive);
  const manifest = readManifest(files.get('plugin.json')?.bytes ?? new Uint8Array());
  const digest = archiveDigest(archive);
  const filesDigest = digestOf(sha256, files.get('FILES.json')?.bytes ?? new Uint8Array());
  return { manifest, digest, statement: formatDocument(releaseStatement(manifest, digest, filesDigest)) };
}

/** Signs with every key, in order; without one E_UNSIGNED. `provenance` null signs none; `now` in milliseconds. */
export function signRelease(
  { manifest, digest, statement }: ArchiveFacts,
  provenance: ProvenanceInput | null,
  publishers: readonly KeyPair[],
  now: number,
): SignedRelease {
  if (publishers.length === 0)
    throw new SignetError('E_UNSIGNED', 'a release needs a signature', { expected: 'at least one key' });
  const sign = (payload: Uint8Array): Uint8Array =>
    formatDocument(signEnvelope(IN_TOTO_PAYLOAD, payload, publishers));
  const build = provenance === null ? null : provenanceStatement(manifest, digest, provenance, now);
  return { release: sign(statement), provenance: build === null ? null : sign(formatDocument(build)) };
}

// Signing a release (DESIGN.md §3): the release statement and the provenance of an archive, each in its envelope. What is signed is
// made from the archive's own manifest, so that it can be made where the keys are and published elsewhere; where several must sign
// (THREATS.md 7), each adds to what the others signed.
import { formatDocument } from '../keys/document.ts';
import type { KeyPair } from '../keys/ed25519.ts';
import { unverifiedPayload } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import { encodeBase64 } from '../src/base64.ts';
import { fullName, type Manifest } from '../src/contracts/manifest.ts';
import { type Envelope, IN_TOTO_PAYLOAD, LOCAL_BUILDER } from '../src/contracts/statement.ts';
import { digestOf } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import { canonicalJson } from '../src/json.ts';
import { archiveDigest, readArchive } from './archive.ts';
import { addSignatures, readDraft } from './ceremony.ts';
import { readManifest } from './manifest.ts';
import {
  type ProvenanceInput,
  parseProvenance,
  provenanceStatement,
  releaseStatement,
  subjectName,
} from './statement.ts';

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

/**
 * Signs with every key, in order; without one E_UNSIGNED. `before` are the envelopes that others signed: their very statements are
 * signed again, beside their signatures. One about anything else is E_STATEMENT_MISMATCH, and so is a provenance that contradicts
 * `provenance`. `provenance` null makes none; another builder's stays as it is. `now` in milliseconds.
 */
export function signRelease(
  facts: ArchiveFacts,
  provenance: ProvenanceInput | null,
  publishers: readonly KeyPair[],
  now: number,
  before?: SignedRelease,
): SignedRelease {
  if (publishers.length === 0)
    throw new SignetError('E_UNSIGNED', 'a release needs a signature', {
      expected: 'at least one key',
      actual: 'none',
    });
  const { manifest, digest, statement } = facts;
  const sign = (draft: Envelope): Uint8Array => formatDocument(addSignatures(draft, publishers));
  const release = before && readSame(before.release, statement);
  if (before?.provenance) {
    const draft = readDraft(before.provenance, 'provenance');
    const own = requireSameBuild(draft, facts, provenance);
    return { release: sign(release!), provenance: own ? sign(draft) : before.provenance };
  }
  const build = provenance && formatDocument(provenanceStatement(manifest, digest, provenance, now));
  return { release: sign(release ?? draftOf(statement)), provenance: build && sign(draftOf(build)) };
}

const draftOf = (payload: Uint8Array): Envelope => ({
  payloadType: IN_TOTO_PAYLOAD,
  payload: encodeBase64(payload),
  signatures: [],
});

function readSame(bytes: Uint8Array, statement: Uint8Array): Envelope {
  const draft = readDraft(bytes, 'release statement');
  const stated = unverifiedPayload(draft, IN_TOTO_PAYLOAD, 'release statement');
  if (Buffer.compare(stated, statement) === 0) return draft;
  throw mismatch('release statement', digestOf(sha256, statement), digestOf(sha256, stated));
}

/** Whether the publisher signs it: a build of the publisher's own, which must be what `source` says where there is one. */
function requireSameBuild(
  draft: Envelope,
  { manifest, digest }: ArchiveFacts,
  source: ProvenanceInput | null,
): boolean {
  const stated = parseProvenance(unverifiedPayload(draft, IN_TOTO_PAYLOAD, 'provenance'));
  const [subject] = stated.subject;
  const own = source && provenanceStatement(manifest, digest, source, 0).predicate.buildDefinition;
  const { externalParameters, internalParameters, resolvedDependencies } = stated.predicate.buildDefinition;
  const rows: [field: string, expected: unknown, actual: unknown][] = [
    [
      'subject',
      `${subjectName(fullName(manifest), manifest.version)} ${digest}`,
      `${subject?.name} sha256:${subject?.digest.sha256}`,
    ],
    ...(own === null
      ? []
      : ([
          ['source', own.externalParameters, externalParameters],
          ['commit', own.resolvedDependencies, resolvedDependencies],
          ['esbuild', own.internalParameters.esbuild, internalParameters.esbuild],
          ['signet', own.internalParameters.signet, internalParameters.signet],
        ] as [string, unknown, unknown][])),
  ];
  for (const [field, expected, actual] of rows) {
    const [ours, theirs] = [canonicalJson(expected), canonicalJson(actual)];
    if (ours !== theirs) throw mismatch(`provenance: ${field}`, ours, theirs);
  }
  return stated.predicate.runDetails.builder.id === LOCAL_BUILDER;
}

const mismatch = (item: string, expected: string, actual: string): SignetError =>
  new SignetError('E_STATEMENT_MISMATCH', `what others signed is not what you would sign: ${item}`, {
    item,
    expected: expected.slice(0, 400),
    actual: actual.slice(0, 400),
    fix: 'Ask who signed it what they built; to sign anew, remove the envelopes beside the archive.',
  });

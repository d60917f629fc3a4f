// What is signed: DSSE envelopes over in-toto statements and over Signet's own documents (DESIGN.md §3, registry/FORMAT.md).
import * as z from 'zod';
import {
  BundleName,
  Count,
  Digest,
  Fingerprint,
  NamePart,
  PublicKeyText,
  Time,
  Version,
  VersionRange,
} from './common.ts';
import { CapabilityRequest, Provided } from './manifest.ts';

export const IN_TOTO_PAYLOAD = 'application/vnd.in-toto+json';
export const ROOT_PAYLOAD = 'application/vnd.signet.root+json';
export const NAMESPACE_PAYLOAD = 'application/vnd.signet.namespace+json';
export const STATUS_PAYLOAD = 'application/vnd.signet.status+json';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const RELEASE_PREDICATE = 'urn:signet:skill-release/v1';
export const PROVENANCE_PREDICATE = 'https://slsa.dev/provenance/v1';
export const BUILD_TYPE = 'urn:signet:build:esbuild/v1';
export const LOCAL_BUILDER = 'urn:signet:builder:local';

const signature = z.strictObject({ keyid: z.string().max(256).optional(), sig: z.string().max(128) });

/**
 * A DSSE envelope. `keyid` is a hint: keys are tried by their bytes, never trusted by their id. On its way from one signer to the
 * next it may have no signature yet; then it verifies nowhere.
 */
export const Envelope = z.strictObject({
  payloadType: z.string().min(1).max(256),
  payload: z.string().max(8 * 1024 * 1024),
  signatures: z.array(signature).max(16),
});
export type Envelope = z.infer<typeof Envelope>;

const subject = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(256),
      digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    }),
  )
  .length(1);

/** The publisher's release: subject = the archive; predicate = what the archive's manifest says. */
export const ReleaseStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject,
  predicateType: z.literal(RELEASE_PREDICATE),
  predicate: z.strictObject({
    namespace: NamePart,
    name: NamePart,
    version: Version,
    host: VersionRange,
    /** Digest of the bytes of FILES.json. */
    files: Digest,
    provides: z.array(Provided),
    requires: z.record(z.string(), VersionRange),
    capabilities: z.array(CapabilityRequest),
  }),
});
export type ReleaseStatement = z.infer<typeof ReleaseStatement>;

/** SLSA provenance v1, the part Signet writes and reads. */
export const ProvenanceStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject,
  predicateType: z.literal(PROVENANCE_PREDICATE),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal(BUILD_TYPE),
      externalParameters: z.strictObject({
        /** URL of the source repository, or `file:` where there is none. */
        repository: z.string().min(1).max(1024),
        /** Folder of the bundle inside the repository, `.` for its root. */
        path: z.string().min(1).max(1024),
      }),
      internalParameters: z.strictObject({ esbuild: Version, node: z.string().max(64), signet: Version }),
      resolvedDependencies: z
        .array(
          z.strictObject({
            uri: z.string().max(1024),
            digest: z.strictObject({ gitCommit: z.string().regex(/^[0-9a-f]{40,64}$/) }),
            annotations: z.strictObject({ clean: z.boolean() }),
          }),
        )
        .max(1),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({ id: z.string().min(1).max(1024) }),
      metadata: z.strictObject({ finishedOn: Time }),
    }),
  }),
});
export type ProvenanceStatement = z.infer<typeof ProvenanceStatement>;

const signers = z.strictObject({
  keys: z.array(Fingerprint).min(1).max(16),
  threshold: z.number().int().min(1).max(16),
});

/** Payload of a root document. Keys are counted by their bytes; a threshold above their number is refused. */
export const RootDocument = z.strictObject({
  type: z.literal('root/1'),
  version: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  expires: Time,
  keys: z.array(PublicKeyText).min(1).max(64),
  roles: z.strictObject({
    root: signers,
    registrar: signers,
    log: signers.extend({
      origin: z
        .string()
        .min(1)
        .max(128)
        .regex(/^[!-~]+$/),
    }),
    status: signers,
    witness: signers.optional(),
  }),
});
export type RootDocument = z.infer<typeof RootDocument>;

/** Payload of a namespace document: which keys, over which range of log indexes, may release `namespace/*`. */
export const NamespaceDocument = z.strictObject({
  type: z.literal('namespace/1'),
  namespace: NamePart,
  version: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  expires: Time,
  threshold: z.number().int().min(1).max(16),
  keys: z
    .array(z.strictObject({ key: PublicKeyText, fromIndex: Count, untilIndex: Count.optional() }))
    .min(1)
    .max(64),
  recovery: z.boolean().default(false),
});
export type NamespaceDocument = z.infer<typeof NamespaceDocument>;

/** The newest document of each namespace of a log, sorted by name, each once. */
export const NewestDocuments = z
  .array(
    z.strictObject({
      namespace: NamePart,
      version: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
      document: Digest,
    }),
  )
  .max(10_000)
  .refine(
    (list) =>
      list.every(({ namespace }, i) => i === 0 || (list[i - 1] as (typeof list)[0])!.namespace < namespace),
    'namespaces must be sorted, each once',
  );
export type NewestDocuments = z.infer<typeof NewestDocuments>;

/** Payload of a status document: the log's head, and everything revoked so far. */
export const StatusDocument = z.strictObject({
  type: z.literal('status/1'),
  origin: z.string().min(1).max(128),
  size: Count,
  root: Digest,
  issued: Time,
  expires: Time,
  /** Version of the registry's newest root. */
  rootVersion: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** The last logged document of every namespace, sorted by name, each once. */
  namespaces: NewestDocuments,
  revoked: z.strictObject({
    digests: z
      .array(z.strictObject({ digest: Digest, reason: z.string().max(1024), index: Count }))
      .max(100_000),
    keys: z
      .array(
        z.strictObject({ key: Fingerprint, fromIndex: Count, reason: z.string().max(1024), index: Count }),
      )
      .max(100_000),
  }),
});
export type StatusDocument = z.infer<typeof StatusDocument>;

/** One entry of the registry's log; its leaf is the exact bytes of this JSON. */
export const LogEntry = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('publish'),
    name: BundleName,
    version: Version,
    archive: Digest,
    release: Digest,
    provenance: Digest.nullable(),
  }),
  z.strictObject({
    type: z.literal('yank'),
    name: BundleName,
    version: Version,
    reason: z.string().max(1024),
  }),
  z.strictObject({ type: z.literal('revoke'), digest: Digest, reason: z.string().max(1024) }),
  z.strictObject({
    type: z.literal('revoke-key'),
    key: Fingerprint,
    fromIndex: Count,
    reason: z.string().max(1024),
  }),
  z.strictObject({
    type: z.literal('namespace'),
    namespace: NamePart,
    version: z.number().int().min(1),
    document: Digest,
  }),
]);
export type LogEntry = z.infer<typeof LogEntry>;

/** A log entry with its place: base64 of the leaf's bytes and of the hashes up to the checkpoint's root. */
export const InclusionProof = z.strictObject({
  index: Count,
  entry: z.string().max(100_000),
  hashes: z.array(z.string().max(64)).max(64),
});
export type InclusionProof = z.infer<typeof InclusionProof>;

/**
 * Everything needed to verify one archive with a pinned root and no network. The inclusion proofs of the release and of
 * every namespace document end in the one checkpoint.
 */
export const ProofBundle = z.strictObject({
  type: z.literal('proof/1'),
  root: z.array(Envelope).min(1).max(64),
  /** Versions 1, 2, … of the namespace document up to the newest. */
  namespace: z
    .array(z.strictObject({ envelope: Envelope, inclusion: InclusionProof }))
    .min(1)
    .max(64),
  release: z.strictObject({ envelope: Envelope, inclusion: InclusionProof }),
  provenance: Envelope.nullable(),
  checkpoint: z.string().max(64 * 1024),
  status: Envelope,
});
export type ProofBundle = z.infer<typeof ProofBundle>;

/** FILES.json at the root of an archive: every other file, sorted by path. */
export const FilesDocument = z.strictObject({
  type: z.literal('files/1'),
  files: z
    .array(
      z.strictObject({
        path: z.string().min(1).max(256),
        size: Count,
        mode: z.enum(['0644', '0755']),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(10_000),
});
export type FilesDocument = z.infer<typeof FilesDocument>;

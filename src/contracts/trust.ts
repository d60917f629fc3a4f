// What trust leaves on disk beside signed documents: key files, the operator's trust state, the registry's hints, the list
// of first-party digests (DESIGN.md §3, §7; registry/FORMAT.md).
import * as z from 'zod';
import {
  BundleName,
  Count,
  Digest,
  Fingerprint,
  NamePart,
  PublicKeyText,
  SecretName,
  SecretValue,
  Time,
  Version,
} from './common.ts';
import { NewestDocuments } from './statement.ts';

const positive = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** A seed under a passphrase: AES-256-GCM with a key of scrypt. Cost is bounded here: a file must not exhaust its reader. */
export const SealedSeed = z.strictObject({
  encoding: z.literal('scrypt-aes-256-gcm'),
  /** scrypt's N is 2 to this power. */
  log2N: z.number().int().min(14).max(20),
  r: z.literal(8),
  p: z.literal(1),
  /** base64 of 16, 12 and 48 bytes: the seed's ciphertext, then the tag. */
  salt: z.string().length(24),
  nonce: z.string().length(16),
  sealed: z.string().length(64),
});
export type SealedSeed = z.infer<typeof SealedSeed>;

/** A signing key in the user's configuration directory, a 0600 file. `plain`: the 32-byte seed as base64. */
export const KeyFile = z.strictObject({
  type: z.literal('key/1'),
  publicKey: PublicKeyText,
  secret: z.discriminatedUnion('encoding', [
    z.strictObject({ encoding: z.literal('plain'), seed: z.string().length(44) }),
    SealedSeed,
  ]),
});
export type KeyFile = z.infer<typeof KeyFile>;

/** A secret that bundles may be granted the use of, in the user's configuration directory, a 0600 file. */
export const SecretFile = z.strictObject({
  type: z.literal('secret/1'),
  name: SecretName,
  secret: z.discriminatedUnion('encoding', [
    z.strictObject({ encoding: z.literal('plain'), value: SecretValue }),
    SealedSeed.extend({ sealed: z.string().max(8192) }),
  ]),
});
export type SecretFile = z.infer<typeof SecretFile>;

/** Fingerprints of the role's keys that signed what is remembered; without them it is never set aside. */
const by = z.array(Fingerprint).max(64).optional();

const revocations = z.strictObject({
  digests: z.array(z.strictObject({ digest: Digest, reason: z.string().max(1024), index: Count, by })),
  keys: z.array(
    z.strictObject({ key: Fingerprint, fromIndex: Count, reason: z.string().max(1024), index: Count, by }),
  ),
});
export type Revocations = z.infer<typeof revocations>;

/** base64 of an HMAC-SHA256. */
const Mac = z.string().length(44);

/** A pinned root, and everything seen under it that must never go back. */
export const PinnedRoot = z.strictObject({
  fingerprint: Fingerprint,
  /** HMAC over fingerprint and `local` with a key of the user who pinned it; without a right one it is no pin of theirs. */
  mac: Mac.optional(),
  /** True for the root that this machine made: it may speak for `local` and for pinned `signet` bundles only. */
  local: z.boolean(),
  /** Highest root version seen. */
  root: z.strictObject({ version: positive, fingerprint: Fingerprint }).nullable(),
  /** Highest checkpoint seen, with the signed note as evidence. */
  checkpoint: z
    .strictObject({ origin: z.string(), size: positive, root: Digest, note: z.string().max(64 * 1024) })
    .nullable(),
  /** Newest status seen. */
  status: z.strictObject({ issued: Time, expires: Time, size: Count }).nullable(),
  /** Highest document seen of each namespace. */
  namespaces: z.array(z.strictObject({ namespace: NamePart, version: positive, document: Digest, by })),
  /** What the newest status seen under the newest root says of namespaces, and its size. */
  stated: z.strictObject({ size: Count, namespaces: NewestDocuments }).optional(),
  /** Every revocation ever seen. */
  revoked: revocations,
});
export type PinnedRoot = z.infer<typeof PinnedRoot>;

/** `.signet/trust/trust.json`. */
export const TrustFile = z.strictObject({
  type: z.literal('trust/1'),
  roots: z.array(PinnedRoot).max(1024),
  /** What was seen under roots that are no longer pinned: it counts again once they are. */
  unpinned: z.array(PinnedRoot).max(1024).default([]),
  /** The recovery documents of namespaces that the operator confirmed, each sealed as a pin is. */
  recoveries: z
    .array(z.strictObject({ document: Digest, mac: Mac }))
    .max(1024)
    .default([]),
});
export type TrustFile = z.infer<typeof TrustFile>;

/** `.signet/trust/evidence/….json`: two signed checkpoints that cannot both be true. */
export const Evidence = z.strictObject({
  type: z.literal('equivocation/1'),
  origin: z.string(),
  foundAt: Time,
  checkpoints: z.array(z.string()).length(2),
});
export type Evidence = z.infer<typeof Evidence>;

/** `index/<namespace>/<name>.json` of a registry: an untrusted hint where to look. */
export const ReleaseIndex = z.strictObject({
  type: z.literal('index/1'),
  versions: z.array(z.strictObject({ version: Version, digest: Digest, index: Count })).max(100_000),
});
export type ReleaseIndex = z.infer<typeof ReleaseIndex>;

/** `index/<namespace>.json` of a registry: where the namespace's documents stand in the log; a hint as well. */
export const NamespaceIndex = z.strictObject({
  type: z.literal('namespace-index/1'),
  versions: z.array(z.strictObject({ version: positive, document: Digest, index: Count })).max(64),
});
export type NamespaceIndex = z.infer<typeof NamespaceIndex>;

/** skills/first-party.lock.json: the only digests that a local root may release under `signet`. */
export const FirstPartyLock = z.strictObject({
  type: z.literal('first-party/1'),
  bundles: z.array(z.strictObject({ name: BundleName, version: Version, digest: Digest })).max(1024),
});
export type FirstPartyLock = z.infer<typeof FirstPartyLock>;

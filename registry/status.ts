// The status document (DESIGN.md §3 "Status", "Revocation"; THREATS.md 4, 5, 27, 31): a signed, expiring word on the log's head
// and on everything revoked so far.
//
// How it must agree with a checkpoint, precisely: same origin, same size, same root hash. A status of another size is
// refused even where both are genuine (mix and match): without a consistency proof nothing ties the two together, and a
// registry writes both at every change.

import { formatDocument, parseDocument } from '../keys/document.ts';
import { fingerprint, type KeyPair } from '../keys/ed25519.ts';
import { signEnvelope, verifyEnvelope } from '../keys/envelope.ts';
import type { Role, VerifiedRoot } from '../keys/root.ts';
import { formatTime } from '../src/contracts/common.ts';
import {
  type Envelope,
  type NewestDocuments,
  STATUS_PAYLOAD,
  StatusDocument,
} from '../src/contracts/statement.ts';
import type { PinnedRoot, Revocations } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import type { VerifySignature } from '../src/ports.ts';
import type { SignedHead } from './log.ts';
import { laterStatus, mergeRevocations, SKEW } from './memory.ts';
import type { NamespaceVersion } from './namespace.ts';

const DAY = 86_400_000;
/** How long after its issue a status that Signet makes expires. */
const STATUS_LIFETIME = 7 * DAY;

/** What a status says of a registry besides its log's head. */
export type Stated = Pick<StatusDocument, 'rootVersion' | 'namespaces'> & { readonly revoked: Revocations };

/** Signs the status of a log's head. `now` in milliseconds. */
export function signStatus(head: SignedHead, stated: Stated, signer: KeyPair, now: number): Envelope {
  const { rootVersion, namespaces, revoked } = stated;
  const document = StatusDocument.parse({
    type: 'status/1',
    origin: head.origin,
    size: head.size,
    root: head.root,
    issued: formatTime(now),
    expires: formatTime(now + STATUS_LIFETIME),
    rootVersion,
    namespaces,
    revoked,
  } satisfies StatusDocument);
  return signEnvelope(STATUS_PAYLOAD, formatDocument(document), [signer]);
}

/** A genuine status, with the fingerprints of the status keys that signed it. */
export interface VerifiedStatus extends StatusDocument {
  readonly signers: readonly string[];
}

/** The status, signed by the status role and in agreement with the head: E_STATUS_MISMATCH, codes of `verifyEnvelope`. */
export function verifyStatus(
  envelope: Envelope,
  role: Role,
  head: Pick<SignedHead, 'origin' | 'size' | 'root'>,
  verify: VerifySignature,
): VerifiedStatus {
  const item = 'status';
  const { payload, signers } = verifyEnvelope(envelope, {
    item,
    payloadType: STATUS_PAYLOAD,
    ...role,
    verify,
  });
  const status = parseDocument(StatusDocument, payload, 'status/1', item, { maxBytes: 8 << 20 });
  for (const field of ['origin', 'size', 'root'] as const) {
    if (status[field] === head[field]) continue;
    throw new SignetError('E_STATUS_MISMATCH', `status and checkpoint name another ${field}`, {
      item,
      expected: String(head[field]),
      actual: String(status[field]),
    });
  }
  return { ...status, signers: signers.map(fingerprint) };
}

/**
 * Judges the age of a status; answers a warning where it is only worth one. Install: stale once expired or older than
 * `installDays`. Load: the newest status ever seen counts, save one from the future, expiry and `installDays` warn, `loadDays` refuses. E_STATUS_STALE.
 */
export function checkFreshness(
  status: Pick<StatusDocument, 'issued' | 'expires'>,
  seen: PinnedRoot['status'],
  purpose: 'install' | 'load',
  freshness: { readonly installDays: number; readonly loadDays: number },
  now: number,
): string | undefined {
  const newest = purpose === 'load' && seen !== null ? laterStatus<typeof status>(status, seen, now) : status;
  const age = now - Date.parse(newest.issued);
  const days = purpose === 'install' ? freshness.installDays : freshness.loadDays;
  const refuse = (what: string, expected: string, actual: string): never => {
    throw new SignetError('E_STATUS_STALE', `the status ${what}`, { item: 'status', expected, actual });
  };
  if (age < -SKEW) refuse('was issued in the future', `not after ${formatTime(now)}`, newest.issued);
  if (age > days * DAY) refuse(`is too old to ${purpose}`, `at most ${days} days old`, describeAge(age));
  const expired = Date.parse(newest.expires) <= now;
  if (expired && purpose === 'install')
    refuse('has expired', `later than ${formatTime(now)}`, newest.expires);
  if (expired || age > freshness.installDays * DAY) {
    return `the status is ${describeAge(age)} old; load is refused after ${freshness.loadDays} days`;
  }
  return undefined;
}

/**
 * Refuses with E_STATUS_OMITS a status that leaves out, or weakens, a revocation which was logged before its size and
 * which this operator has seen; unless all who signed it have lost their role since (`by` is empty: memory.ts).
 */
export function checkNothingForgotten(status: StatusDocument, seen: Revocations): void {
  const digests = new Set(status.revoked.digests.map(({ digest }) => digest));
  const stated = mergeRevocations(status.revoked, { digests: [], keys: [] });
  const keys = new Map(stated.keys.map(({ key, fromIndex }) => [key, fromIndex]));
  const counts = ({ index, by }: { index: number; by?: string[] | undefined }): boolean =>
    index < status.size && by?.length !== 0;
  const lost =
    seen.digests.find((entry) => counts(entry) && !digests.has(entry.digest))?.digest ??
    seen.keys.find((entry) => counts(entry) && (keys.get(entry.key) ?? Infinity) > entry.fromIndex)?.key;
  if (lost === undefined) return;
  throw new SignetError('E_STATUS_OMITS', 'the status leaves out a revocation that was seen before', {
    item: 'status',
    expected: `${lost} revoked`,
    actual: 'not revoked',
  });
}

/**
 * Refuses what is older than the status says there is: a root below its newest, E_ROLLBACK. And a status that goes back on
 * namespace documents which were seen in a log no larger than its own: E_STATUS_OMITS.
 */
export function checkNewest(
  status: StatusDocument,
  root: Pick<VerifiedRoot, 'version'>,
  pin: PinnedRoot,
): void {
  if (root.version < status.rootVersion) {
    throw new SignetError('E_ROLLBACK', 'the status knows a newer root than the one that is offered', {
      item: 'the root',
      expected: `v${status.rootVersion}`,
      actual: `v${root.version}`,
    });
  }
  const seen = [
    ...(status.size >= (pin.stated?.size ?? Infinity)
      ? (pin.stated as { namespaces: NewestDocuments }).namespaces
      : []),
    ...(status.size >= (pin.checkpoint?.size ?? Infinity) ? pin.namespaces : []),
  ];
  const listed = new Map(status.namespaces.map((entry) => [entry.namespace, entry]));
  for (const { namespace, version, document } of seen) {
    const now = listed.get(namespace);
    if (
      now !== undefined &&
      (now.version > version || (now.version === version && now.document === document))
    )
      continue;
    throw new SignetError('E_STATUS_OMITS', `the status goes back on the documents of ${namespace}`, {
      item: 'status',
      expected: `v${version} ${document}, or a newer one`,
      actual: now === undefined ? 'none' : `v${now.version} ${now.document}`,
    });
  }
}

/**
 * The chain must end in the document of its namespace that the status names: a shorter one is E_ROLLBACK, another one, or
 * one that the status does not know, E_STATUS_MISMATCH, for both are of one log.
 */
export function checkNewestDocument(status: StatusDocument, latest: NamespaceVersion): void {
  const { namespace, version } = latest.document;
  const newest = status.namespaces.find((entry) => entry.namespace === namespace);
  if (newest?.version === version && newest.document === latest.digest) return;
  const older = newest !== undefined && newest.version > version;
  throw new SignetError(
    older ? 'E_ROLLBACK' : 'E_STATUS_MISMATCH',
    older
      ? `the status knows a newer document of ${namespace} than the one that is offered`
      : `status and proof do not name one newest document of ${namespace}`,
    {
      item: `namespace ${namespace}`,
      expected: newest === undefined ? 'no document' : `v${newest.version} ${newest.document}`,
      actual: `v${version} ${latest.digest}`,
    },
  );
}

/** `3 h` or `12 days`. */
export function describeAge(ms: number): string {
  const hours = Math.max(0, Math.floor(ms / 3_600_000));
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

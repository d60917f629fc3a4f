// Namespace documents (DESIGN.md §3 "Namespace document", THREATS.md 8, 26, 29, 30): which keys may release `acme/*`, each over a
// range of log indexes. The registrar signs every version; version N+1 also needs the publishers' threshold of N, or is
// marked `recovery` and confirmed by the operator.

import { formatDocument, parseDocument } from '../keys/document.ts';
import { checkPublicKey, formatPublicKey, type KeyPair, parsePublicKey } from '../keys/ed25519.ts';
import { signEnvelope, unverifiedPayload, verifyEnvelope } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import type { Role } from '../keys/root.ts';
import { formatTime } from '../src/contracts/common.ts';
import { type Envelope, NAMESPACE_PAYLOAD, NamespaceDocument } from '../src/contracts/statement.ts';
import type { FirstPartyLock } from '../src/contracts/trust.ts';
import { digestOf } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import type { VerifySignature } from '../src/ports.ts';

/** The namespaces that a local root may speak for. */
export const LOCAL_NAMESPACES: readonly string[] = ['local', 'signet'];

/** A document that was read; whether it is genuine `verifyNamespaceChain` says. */
export interface NamespaceVersion {
  readonly envelope: Envelope;
  readonly document: NamespaceDocument;
  /** Digest of the signed bytes. */
  readonly digest: string;
  readonly keys: readonly NamespaceKey[];
}

interface NamespaceKey {
  readonly key: Uint8Array;
  readonly fromIndex: number;
  /** First index for which the key is no longer valid. */
  readonly untilIndex: number;
}

/** Signs a document as registrar, and from version 2 on as publishers of the version before. Keys are checked: E_KEY. */
export function signNamespace(document: NamespaceDocument, signers: readonly KeyPair[]): Envelope {
  for (const { key } of document.keys) checkPublicKey(parsePublicKey(key));
  return signEnvelope(NAMESPACE_PAYLOAD, formatDocument(NamespaceDocument.parse(document)), signers);
}

/** Version 1 of a namespace in which each key is valid from the log's beginning. */
export function firstNamespace(
  namespace: string,
  keys: readonly Uint8Array[],
  threshold: number,
  expires: number,
): NamespaceDocument {
  return {
    type: 'namespace/1',
    namespace,
    version: 1,
    expires: formatTime(expires),
    threshold,
    keys: keys.map((key) => ({ key: formatPublicKey(key), fromIndex: 0 })),
    recovery: false,
  };
}

/** Reads a document and refuses what contradicts itself: a key twice or a threshold above the keys (E_NAMESPACE). */
export function readNamespace(envelope: Envelope): NamespaceVersion {
  const payload = unverifiedPayload(envelope, NAMESPACE_PAYLOAD, 'namespace document');
  const document = parseDocument(NamespaceDocument, payload, 'namespace/1', 'namespace document');
  const item = `namespace ${document.namespace} v${document.version}`;
  if (new Set(document.keys.map(({ key }) => key)).size !== document.keys.length) {
    throw new SignetError('E_NAMESPACE', `${item} lists a key twice`, {
      item,
      expected: 'each key once',
      actual: document.keys.map(({ key }) => key).join(', '),
    });
  }
  if (document.threshold > document.keys.length) {
    throw new SignetError('E_NAMESPACE', `${item} asks for more signatures than it has keys`, {
      item,
      expected: `at most ${document.keys.length}`,
      actual: String(document.threshold),
    });
  }
  const keys = document.keys.map(({ key, fromIndex, untilIndex = Number.MAX_SAFE_INTEGER }) => ({
    key: parsePublicKey(key),
    fromIndex,
    untilIndex,
  }));
  return { envelope, document, digest: digestOf(sha256, payload), keys };
}

/** The newest document of a genuine chain, and the registrar's keys that signed it. */
export interface VerifiedNamespace {
  readonly latest: NamespaceVersion;
  readonly registrars: readonly Uint8Array[];
}

/**
 * Passes where the documents are versions 1, 2, … of exactly this namespace, each signed by the registrar and each from
 * the second on by the publishers' threshold of the one before. E_NAMESPACE, E_NAMESPACE_RECOVERY, the codes of
 * `verifyEnvelope`; E_EXPIRED where the last is past its expiry at `now` (milliseconds).
 */
export function verifyNamespaceChain(
  chain: readonly NamespaceVersion[],
  required: {
    readonly namespace: string;
    readonly registrar: Role;
    readonly now: number;
    readonly recoveries: ReadonlySet<string>;
    readonly verify: VerifySignature;
  },
): VerifiedNamespace {
  const { namespace, registrar, verify } = required;
  let registrars: readonly Uint8Array[] = [];
  for (const [i, version] of chain.entries()) {
    const { document, envelope } = version;
    const item = `namespace ${namespace} v${i + 1}`;
    if (document.namespace !== namespace || document.version !== i + 1) {
      throw new SignetError('E_NAMESPACE', 'a namespace document stands where another one belongs', {
        item,
        expected: `${namespace} v${i + 1}`,
        actual: `${document.namespace} v${document.version}`,
      });
    }
    registrars = verifyEnvelope(envelope, {
      item,
      payloadType: NAMESPACE_PAYLOAD,
      ...registrar,
      verify,
    }).signers;
    const before = chain[i - 1];
    if (before === undefined) continue;
    if (document.recovery) requireConfirmed(version, required.recoveries);
    else verifySuccession(before, version, verify);
  }
  const last = chain.at(-1)!;
  if (Date.parse(last.document.expires) <= required.now) {
    const item = `namespace ${namespace} v${last.document.version}`;
    throw new SignetError('E_EXPIRED', `${item} has expired`, {
      item,
      expected: `later than ${formatTime(required.now)}`,
      actual: last.document.expires,
    });
  }
  return { latest: last, registrars };
}

/** Whether the document lists the key for a release at that log index. */
export function covers(version: NamespaceVersion, key: Uint8Array, index: number): boolean {
  return version.keys.some(
    (entry) => Buffer.compare(entry.key, key) === 0 && entry.fromIndex <= index && index < entry.untilIndex,
  );
}

/** Refuses with E_LOCAL_ROOT a namespace for which a local root cannot speak. */
export function checkLocalNamespace(namespace: string, item = namespace): void {
  if (LOCAL_NAMESPACES.includes(namespace)) return;
  throw new SignetError('E_LOCAL_ROOT', `a local root cannot speak for ${namespace}/…`, {
    item,
    expected: LOCAL_NAMESPACES.join(' or '),
    actual: namespace,
  });
}

/**
 * What a local root may release (DESIGN.md §3 "Local root"): anything under `local`, under `signet` only the digests that
 * this package pins, and nothing else. E_LOCAL_ROOT, E_FIRST_PARTY.
 */
export function checkLocalRelease(
  name: string,
  version: string,
  digest: string,
  pinned: FirstPartyLock,
): void {
  const namespace = name.slice(0, name.indexOf('/'));
  checkLocalNamespace(namespace, name);
  if (namespace === 'local') return;
  const entry = pinned.bundles.find((bundle) => bundle.name === name && bundle.version === version);
  if (entry?.digest === digest) return;
  throw new SignetError('E_FIRST_PARTY', `${name} ${version} is not the bundle that this package pins`, {
    item: name,
    expected: entry?.digest ?? 'a pinned first-party bundle',
    actual: digest,
  });
}

/** Who signs the next document: the publishers' threshold, of keys whose range has no end. An ended key decides nothing more. */
export function successorRole({ keys, document }: NamespaceVersion): Role {
  const open = keys.filter(({ untilIndex }) => untilIndex === Number.MAX_SAFE_INTEGER);
  return { keys: open.map(({ key }) => key), threshold: document.threshold };
}

/** A recovery counts by the operator's word alone, whoever else signed it. */
function requireConfirmed({ document, digest }: NamespaceVersion, confirmed: ReadonlySet<string>): void {
  if (confirmed.has(digest)) return;
  const item = `namespace ${document.namespace} v${document.version}`;
  throw new SignetError('E_NAMESPACE_RECOVERY', `${item} is a recovery that was not confirmed here`, {
    item,
    expected: `a recovery that the operator confirmed: ${digest}`,
    actual: 'not confirmed',
    fix: `Ask its owner by another way whether they made it; only then: registry namespace confirm ${digest}`,
  });
}

function verifySuccession(before: NamespaceVersion, next: NamespaceVersion, verify: VerifySignature): void {
  const { namespace, version } = next.document;
  const item = `namespace ${namespace} v${version}`;
  try {
    verifyEnvelope(next.envelope, {
      item,
      payloadType: NAMESPACE_PAYLOAD,
      ...successorRole(before),
      verify,
    });
  } catch (cause) {
    throw new SignetError('E_NAMESPACE_RECOVERY', `${item} is not signed by the keys of v${version - 1}`, {
      item,
      expected: `${before.document.threshold} of the keys of v${version - 1}`,
      actual: 'other signatures',
      cause,
    });
  }
}

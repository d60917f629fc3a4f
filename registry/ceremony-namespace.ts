// Granting and rotating a namespace (DESIGN.md §3 "Namespace document"; THREATS.md 8, 26, 29, 30; keys/README.md): publishers draw up
// a document and sign it, with every key that it names; the registrar looks at it, signs the same bytes, and logs them.
import { formatDocument } from '../keys/document.ts';
import { checkPublicKey, fingerprint, formatPublicKey, parsePublicKey } from '../keys/ed25519.ts';
import type { Role } from '../keys/root.ts';
import { encodeBase64 } from '../src/base64.ts';
import { formatTime } from '../src/contracts/common.ts';
import { type Envelope, NAMESPACE_PAYLOAD, NamespaceDocument } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { isMet, type Progress, progressOf, requireMet } from './ceremony.ts';
import { type NamespaceVersion, readNamespace, successorRole } from './namespace.ts';

/** The unsigned document. A key that must not be enrolled: E_KEY; one that contradicts itself: E_NAMESPACE. */
export function draftNamespace(document: NamespaceDocument): Envelope {
  for (const { key } of document.keys) checkPublicKey(parsePublicKey(key));
  const payload = formatDocument(
    parseShape(NamespaceDocument, document, 'the namespace document', 'E_NAMESPACE'),
  );
  const draft = { payloadType: NAMESPACE_PAYLOAD, payload: encodeBase64(payload), signatures: [] };
  readNamespace(draft);
  return draft;
}

/** What a rotation changes. Keys that are not named stay as they are. */
export interface NamespaceChanges {
  /** Keys to add; they are valid from `size` on. */
  readonly add: readonly Uint8Array[];
  /** Fingerprints of keys whose range ends at `size`: what they released before stays good. */
  readonly end: readonly string[];
  readonly threshold?: number;
  readonly expires: number;
  /** Marks a document that the old keys cannot sign any more: every operator has to confirm it. */
  readonly recovery: boolean;
  /** Entries in the log now: the index of the next one. */
  readonly size: number;
}

/** The unsigned successor of a document. E_NOT_FOUND for a key to end that it does not list; E_NAMESPACE, E_KEY. */
export function rotateNamespace({ document }: NamespaceVersion, changes: NamespaceChanges): Envelope {
  const { add, end, size, expires, recovery } = changes;
  const known = new Map(document.keys.map((entry) => [fingerprint(parsePublicKey(entry.key)), entry]));
  for (const key of end) {
    if (known.has(key)) continue;
    throw new SignetError('E_NOT_FOUND', `the namespace ${document.namespace} has no such key`, {
      item: key,
      expected: [...known.keys()].join(', '),
    });
  }
  const kept = [...known].map(([key, entry]) =>
    end.includes(key) ? { ...entry, untilIndex: Math.min(size, entry.untilIndex ?? size) } : entry,
  );
  const open = kept.filter(({ untilIndex }) => untilIndex === undefined).length + add.length;
  const threshold = changes.threshold ?? document.threshold;
  if (open < threshold) {
    throw new SignetError('E_NAMESPACE', 'too few keys would be left to meet the threshold', {
      item: `namespace ${document.namespace}`,
      expected: `at least ${threshold} keys without an end`,
      actual: String(open),
    });
  }
  const added = add.map((key) => ({ key: formatPublicKey(key), fromIndex: size }));
  return draftNamespace({
    ...document,
    version: document.version + 1,
    expires: formatTime(expires),
    threshold,
    keys: [...kept, ...added],
    recovery,
  });
}

/**
 * Who has to sign: every key that the version before did not list, to show that someone holds it; and the publishers of the
 * version before, without keys that were `revoked` (fingerprints), unless the document is marked as a recovery.
 */
export function namespaceProgress(
  draft: Envelope,
  before: NamespaceVersion | undefined,
  revoked: ReadonlySet<string> = new Set(),
): Progress[] {
  const { document, keys } = readNamespace(draft);
  const { namespace, version, recovery } = document;
  if (
    version !== (before?.document.version ?? 0) + 1 ||
    (before && before.document.namespace !== namespace)
  ) {
    throw new SignetError('E_NAMESPACE', 'the document is not the next version of its namespace', {
      item: `namespace ${namespace}`,
      expected: before === undefined ? 'v1' : `${before.document.namespace} v${before.document.version + 1}`,
      actual: `${namespace} v${version}`,
    });
  }
  const old = new Set(before?.keys.map(({ key }) => fingerprint(key)));
  const fresh = keys.map(({ key }) => key).filter((key) => !old.has(fingerprint(key)));
  const holders = progressOf(draft, `the new keys of ${namespace} v${version}`, {
    keys: fresh,
    threshold: fresh.length,
  });
  if (before === undefined || recovery) return fresh.length === 0 ? [] : [holders];
  const { keys: open, threshold } = successorRole(before);
  const publishers = progressOf(draft, `the publishers of ${namespace} v${version - 1}`, {
    keys: open.filter((key) => !revoked.has(fingerprint(key))),
    threshold,
  });
  return fresh.length === 0 ? [publishers] : [publishers, holders];
}

/** Refuses a document that a registrar must not sign: E_THRESHOLD with who is missing, E_NAMESPACE, E_EXPIRED. */
export function requireGrantable(
  draft: Envelope,
  before: NamespaceVersion | undefined,
  revoked: ReadonlySet<string>,
  now: number,
): NamespaceVersion {
  const version = readNamespace(draft);
  const { namespace, version: number, expires } = version.document;
  const item = `namespace ${namespace} v${number}`;
  requireMet(
    namespaceProgress(draft, before, revoked),
    item,
    'registry namespace sign FILE --key NAME, by those who are missing',
  );
  if (Date.parse(expires) > now) return version;
  throw new SignetError('E_EXPIRED', `${item} has expired already`, {
    item,
    expected: `later than ${formatTime(now)}`,
    actual: expires,
  });
}

/** Whether the registrar's own threshold has signed the draft. */
export const isGranted = (draft: Envelope, registrar: Role): boolean =>
  isMet(progressOf(draft, 'the registrar', registrar));

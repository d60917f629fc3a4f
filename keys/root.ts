// The threshold root (DESIGN.md §3 "Root", THREATS.md 2, 7, 29): a chain of root documents counts from the one that the
// operator pinned on; version N+1 must carry the thresholds of both N and N+1.
import { formatTime } from '../src/contracts/common.ts';
import { type Envelope, ROOT_PAYLOAD, RootDocument } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import type { VerifySignature } from '../src/ports.ts';
import { formatDocument, parseDocument } from './document.ts';
import {
  checkPublicKey,
  fingerprint,
  formatPublicKey,
  type KeyPair,
  parsePublicKey,
  verify,
} from './ed25519.ts';
import { signEnvelope, unverifiedPayload, verifyEnvelope } from './envelope.ts';

/** The keys of one role, as bytes. */
export interface Role {
  readonly keys: readonly Uint8Array[];
  readonly threshold: number;
}

/** The last document of a verified chain: its fingerprint, its version, and who may do what. */
export interface VerifiedRoot {
  readonly fingerprint: string;
  readonly version: number;
  readonly expires: string;
  readonly registrar: Role;
  readonly log: Role & { readonly origin: string };
  readonly status: Role;
  /** Who cosigns checkpoints, and how many of them must; undefined where the root names none. */
  readonly witness: Role | undefined;
}

/** `SHA256:<hex>` of the payload's bytes: what an operator compares and pins. Verifies nothing. */
export function rootFingerprint(envelope: Pick<Envelope, 'payloadType' | 'payload'>): string {
  return fingerprint(unverifiedPayload(envelope, ROOT_PAYLOAD, 'root document'));
}

/** The first root of a registry: version 1, one key a role, threshold 1, signed by its root key. */
export function createRoot(options: {
  readonly root: KeyPair;
  readonly registrar: Uint8Array;
  readonly log: Uint8Array;
  readonly status: Uint8Array;
  readonly origin: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}): Envelope {
  const keys = [options.root.publicKey, options.registrar, options.log, options.status];
  for (const key of keys) checkPublicKey(key);
  const one = (key: Uint8Array) => ({ keys: [fingerprint(key)], threshold: 1 });
  const document = RootDocument.parse({
    type: 'root/1',
    version: 1,
    expires: formatTime(options.expires),
    keys: keys.map(formatPublicKey),
    roles: {
      root: one(options.root.publicKey),
      registrar: one(options.registrar),
      log: { ...one(options.log), origin: options.origin },
      status: one(options.status),
    },
  } satisfies RootDocument);
  return signEnvelope(ROOT_PAYLOAD, formatDocument(document), [options.root]);
}

/**
 * The newest root of the chain, which must contain the pinned one: what stands before it is not looked at, what follows
 * must be its successors. Refused: E_ROOT_UNTRUSTED, E_ROOT_ROTATION, E_ROOT, the codes of `verifyEnvelope`, and E_EXPIRED
 * where the newest is past its expiry at `now` (milliseconds).
 */
export function verifyRoot(
  chain: readonly Envelope[],
  pinned: string,
  now: number,
  check: VerifySignature = verify,
): VerifiedRoot {
  const start = chain.findIndex((envelope) => rootFingerprint(envelope) === pinned);
  if (start < 0) {
    throw new SignetError(
      'E_ROOT_UNTRUSTED',
      'the chain of root documents does not contain the pinned root',
      {
        item: 'root',
        expected: pinned,
        actual: chain.map(rootFingerprint).join(', '),
      },
    );
  }
  let current = openRoot(chain[start]!, check);
  for (const envelope of chain.slice(start + 1)) {
    const next = openRoot(envelope, check);
    const [expected, actual] = [current.document.version + 1, next.document.version];
    if (actual !== expected) {
      throw new SignetError('E_ROOT_ROTATION', 'the chain of root documents skips or repeats a version', {
        item: `root v${actual}`,
        expected: `v${expected}`,
        actual: `v${actual}`,
      });
    }
    try {
      verifyEnvelope(envelope, rootRequirement(current, actual, check));
    } catch (cause) {
      throw new SignetError(
        'E_ROOT_ROTATION',
        `root v${actual} is not signed by the threshold of v${actual - 1}`,
        {
          item: `root v${actual}`,
          expected: `${current.document.roles.root.threshold} of ${current.document.roles.root.keys.join(', ')}`,
          actual: envelope.signatures.map(({ keyid }) => keyid ?? '(no key id)').join(', '),
          cause,
        },
      );
    }
    current = next;
  }
  const { document, keys } = current;
  if (Date.parse(document.expires) <= now) {
    throw new SignetError('E_EXPIRED', `root v${document.version} has expired`, {
      item: `root v${document.version}`,
      expected: `later than ${formatTime(now)}`,
      actual: document.expires,
    });
  }
  return {
    fingerprint: rootFingerprint(chain.at(-1)!),
    version: document.version,
    expires: document.expires,
    registrar: roleOf(document.roles.registrar, keys),
    log: { ...roleOf(document.roles.log, keys), origin: document.roles.log.origin },
    status: roleOf(document.roles.status, keys),
    witness: document.roles.witness && roleOf(document.roles.witness, keys),
  };
}

/** A root document that was read; who signed it is another question. `keys` by fingerprint. */
export interface RootContents {
  readonly document: RootDocument;
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

/** One document: its shape, its inner consistency, and that its own root threshold signed it. */
function openRoot(envelope: Envelope, check: VerifySignature): RootContents {
  const opened = readRoot(envelope);
  verifyEnvelope(envelope, rootRequirement(opened, opened.document.version, check));
  return opened;
}

/** The document of an envelope, its shape and inner consistency (E_FORMAT, E_KEY, E_ROOT). Verifies no signature. */
export function readRoot(envelope: Pick<Envelope, 'payloadType' | 'payload'>): RootContents {
  const payload = unverifiedPayload(envelope, ROOT_PAYLOAD, 'root document');
  const document = parseDocument(RootDocument, payload, 'root/1', 'root document');
  const keys = new Map(document.keys.map(parsePublicKey).map((key) => [fingerprint(key), key]));
  const refuse = (what: string, actual: string): never => {
    throw new SignetError('E_ROOT', `root v${document.version} ${what}`, {
      item: `root v${document.version}`,
      expected: 'a root that does not contradict itself',
      actual,
    });
  };
  if (keys.size !== document.keys.length) refuse('lists a key twice', document.keys.join(', '));
  for (const [name, role] of Object.entries(document.roles)) {
    if (role === undefined) continue;
    if (new Set(role.keys).size !== role.keys.length)
      refuse(`lists a key of role ${name} twice`, role.keys.join(', '));
    for (const id of role.keys) if (!keys.has(id)) refuse(`names an unknown key in role ${name}`, id);
    if (role.threshold > role.keys.length)
      refuse(
        `asks for more signatures than role ${name} has keys`,
        `${role.threshold} of ${role.keys.length}`,
      );
  }
  return { document, keys };
}

/** Who must sign the document, and its successor. */
export const rootRole = ({ document, keys }: RootContents): Role => roleOf(document.roles.root, keys);

const rootRequirement = (contents: RootContents, version: number, check: VerifySignature) => ({
  item: `root v${version}`,
  payloadType: ROOT_PAYLOAD,
  ...rootRole(contents),
  verify: check,
});

function roleOf(role: { keys: string[]; threshold: number }, keys: ReadonlyMap<string, Uint8Array>): Role {
  return { keys: role.keys.map((id) => keys.get(id)!), threshold: role.threshold };
}

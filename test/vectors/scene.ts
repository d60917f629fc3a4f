// Releases made in memory, with fixed keys at a fixed time, from which a test takes one part and makes it wrong. Everything else in
// them is genuine: what is wrong before it is signed is signed and logged like the rest, so that one check alone can refuse it.
import { formatDocument } from '../../keys/document.ts';
import { type KeyPair, keyPairFromSeed } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { sha256 } from '../../keys/hash.ts';
import { createRoot, rootFingerprint } from '../../keys/root.ts';
import { archiveDigest, readArchive } from '../../registry/archive.ts';
import { formatEntry, type SignedHead, signHead } from '../../registry/log.ts';
import { firstNamespace } from '../../registry/namespace.ts';
import { provenanceStatement, releaseStatement } from '../../registry/statement.ts';
import { signStatus } from '../../registry/status.ts';
import type { TrustState } from '../../registry/trust.ts';
import { encodeBase64 } from '../../src/base64.ts';
import { Manifest } from '../../src/contracts/manifest.ts';
import {
  type Envelope,
  IN_TOTO_PAYLOAD,
  type LogEntry,
  NAMESPACE_PAYLOAD,
  type NamespaceDocument,
  type ProofBundle,
  ROOT_PAYLOAD,
  STATUS_PAYLOAD,
  type StatusDocument,
} from '../../src/contracts/statement.ts';
import type { PinnedRoot, Revocations } from '../../src/contracts/trust.ts';
import { digestOf } from '../../src/digest.ts';
import { inclusionProof, leafHash, rootOf } from '../../src/merkle.ts';
import {
  archiveOf,
  type BundleInput,
  DAY,
  manifestOf,
  NO_FIRST_PARTY,
  PROVENANCE,
  PUBLISHER,
  REGISTRY_KEYS,
  START,
} from '../registry/fixture.ts';

export const ORIGIN = 'signet.local/b62e867fa2f33afe';
/** A second publisher, and a second key of each role, for thresholds and rotations. */
export const SECOND = keyPairFromSeed(new Uint8Array(32).fill(7));
export const NEXT_ROOT = keyPairFromSeed(new Uint8Array(32).fill(8));
export const NO_REVOCATIONS: Revocations = { digests: [], keys: [] };

/** What JSON.parse yields: a document as it is changed before it is signed, into what no type allows. */
export type Loose = ReturnType<typeof JSON.parse>;

/** A document to be signed: an object, or bytes that are no document at all. */
export type Payload = object | Uint8Array;
const bytesOf = (payload: Payload): Uint8Array =>
  payload instanceof Uint8Array ? payload : formatDocument(payload);

/** The publish entry's place, a namespace version's place by its index in `namespaces`, or any other entry. */
export type LogItem = 'release' | number | LogEntry | Uint8Array;

export interface Granted {
  readonly document: Payload;
  readonly signers: readonly KeyPair[];
  readonly payloadType?: string;
}

/** One release and what surrounds it; whatever is not given is as it should be. */
export interface Blueprint {
  readonly bundle?: BundleInput;
  readonly archive?: Uint8Array;
  /** Digest of FILES.json, where the archive is not one that can be read. */
  readonly files?: string;
  readonly statement?: (statement: Loose) => Payload;
  readonly releaseType?: string;
  readonly publishers?: readonly KeyPair[];
  readonly provenance?: null | {
    readonly change?: (statement: Loose) => Payload;
    readonly signers?: readonly KeyPair[];
  };
  readonly roots?: readonly Envelope[];
  readonly namespaces?: readonly Granted[];
  readonly log?: readonly LogItem[];
  /** Another entry in the release's place. */
  readonly relog?: (entry: Loose) => Payload;
  readonly note?: (head: { size: number; root: Uint8Array }) => string;
  readonly revoked?: Revocations;
  readonly issued?: number;
  readonly status?: (document: Loose) => Payload;
  readonly statusSigner?: KeyPair;
  readonly statusType?: string;
  /** The last word: the finished bundle, changed after everything is signed. */
  readonly finish?: (proof: Loose) => void;
}

/** The first root: one key a role. */
export const ROOT = createRoot({
  root: REGISTRY_KEYS.root,
  registrar: REGISTRY_KEYS.registrar.publicKey,
  log: REGISTRY_KEYS.log.publicKey,
  status: REGISTRY_KEYS.status.publicKey,
  origin: ORIGIN,
  expires: START + 365 * DAY,
});
export const ROOT_DOCUMENT: Loose = JSON.parse(Buffer.from(ROOT.payload, 'base64').toString());
export const PIN = rootFingerprint(ROOT);

export const signRoot = (document: Payload, signers: readonly KeyPair[] = [REGISTRY_KEYS.root]): Envelope =>
  signEnvelope(ROOT_PAYLOAD, bytesOf(document), signers);

/** Version 1 of `local`, with changes; later versions are `{...FIRST, version: 2, …}`. */
export const FIRST: NamespaceDocument = firstNamespace('local', [PUBLISHER.publicKey], 1, START + 300 * DAY);
export const granted = (
  change: object = {},
  signers: readonly KeyPair[] = [REGISTRY_KEYS.registrar],
): Granted => ({ document: { ...FIRST, ...change }, signers });

export interface Made {
  readonly archive: Uint8Array;
  readonly proof: ProofBundle;
}

/** The archive and the proof bundle of a blueprint. */
export function make(plan: Blueprint = {}): Made {
  const archive = plan.archive ?? archiveOf(plan.bundle);
  const digest = archiveDigest(archive);
  const manifest = Manifest.parse(JSON.parse(JSON.stringify(manifestOf(plan.bundle))));
  const list = plan.files ?? digestOf(sha256, readArchive(archive).get('FILES.json')!.bytes);
  const same = (statement: object): Payload => statement;

  const release = bytesOf((plan.statement ?? same)(releaseStatement(manifest, digest, list)));
  const publishers = plan.publishers ?? [PUBLISHER];
  const releaseEnvelope = signEnvelope(plan.releaseType ?? IN_TOTO_PAYLOAD, release, publishers);
  let provenance: Envelope | null = null;
  if (plan.provenance !== null) {
    const { change = same, signers = publishers } = plan.provenance ?? {};
    const statement = bytesOf(change(provenanceStatement(manifest, digest, PROVENANCE, START)));
    provenance = signEnvelope(IN_TOTO_PAYLOAD, statement, signers);
  }

  const namespaces = (plan.namespaces ?? [granted()]).map(({ document, signers, payloadType }) => {
    const payload = bytesOf(document);
    return { document, payload, envelope: signEnvelope(payloadType ?? NAMESPACE_PAYLOAD, payload, signers) };
  });
  const items = plan.log ?? [...namespaces.keys(), 'release' as const];
  const entryOf = (item: LogItem): Uint8Array => {
    if (item instanceof Uint8Array) return item;
    if (item === 'release') {
      const [subject, version] = [
        `${manifest.extensions['dev.signet'].namespace}/${manifest.name}`,
        manifest.version,
      ];
      const entry = {
        type: 'publish',
        name: subject,
        version,
        archive: digest,
        release: digestOf(sha256, release),
        provenance: provenance && digestOf(sha256, Buffer.from(provenance.payload, 'base64')),
      };
      return bytesOf((plan.relog ?? same)(entry));
    }
    if (typeof item !== 'number') return formatEntry(item);
    const { document, payload } = namespaces[item]!;
    const { namespace, version } = {
      ...FIRST,
      version: item + 1,
      ...(document as Partial<NamespaceDocument>),
    };
    return formatEntry({ type: 'namespace', namespace, version, document: digestOf(sha256, payload) });
  };
  const entries = items.map(entryOf);
  const leaves = entries.map((entry) => leafHash(sha256, entry));
  const head = { size: leaves.length, root: rootOf(sha256, leaves) };
  const prove = (item: LogItem) => {
    const index = items.indexOf(item);
    const hashes = inclusionProof(sha256, leaves, index, leaves.length).map(encodeBase64);
    return { index, entry: encodeBase64(entries[index]!), hashes };
  };

  const note = (plan.note ?? ((at) => signHead(ORIGIN, at, REGISTRY_KEYS.log)))(head);
  const signed = {
    origin: ORIGIN,
    size: head.size,
    root: `sha256:${Buffer.from(head.root).toString('hex')}`,
  };
  const status = signStatus(
    { ...signed, hash: head.root, note } satisfies SignedHead,
    {
      rootVersion: newestRoot(plan.roots ?? [ROOT]),
      namespaces: newestDocuments(entries),
      revoked: plan.revoked ?? NO_REVOCATIONS,
    },
    REGISTRY_KEYS.status,
    plan.issued ?? START,
  );
  const document = JSON.parse(Buffer.from(status.payload, 'base64').toString());
  const proof: ProofBundle = {
    type: 'proof/1',
    root: [...(plan.roots ?? [ROOT])],
    namespace: namespaces.map(({ envelope }, i) => ({ envelope, inclusion: prove(i) })),
    release: { envelope: releaseEnvelope, inclusion: prove('release') },
    provenance,
    checkpoint: note,
    status: signEnvelope(plan.statusType ?? STATUS_PAYLOAD, bytesOf((plan.status ?? same)(document)), [
      plan.statusSigner ?? REGISTRY_KEYS.status,
    ]),
  };
  // A copy, since many blueprints share their envelopes.
  const own = structuredClone(proof);
  plan.finish?.(own);
  return { archive, proof: own };
}

/** Whatever the payload is JSON of; an empty document where it is none. */
function looseJson(bytes: Uint8Array): Loose {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) ?? {};
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return {};
    throw thrown;
  }
}

/** The version of the newest root, where the chain is one. */
function newestRoot(roots: readonly Envelope[]): number {
  const versions = roots.map(({ payload }) => looseJson(Buffer.from(payload, 'base64')).version);
  return Math.max(1, ...versions.filter((version) => Number.isSafeInteger(version)));
}

/** The last logged document of each namespace, as a registry's writer lists them. */
function newestDocuments(entries: readonly Uint8Array[]): StatusDocument['namespaces'] {
  const newest = new Map<string, StatusDocument['namespaces'][number]>();
  for (const { type, namespace, version, document } of entries.map(looseJson))
    if (type === 'namespace') newest.set(namespace, { namespace, version, document });
  return [...newest.values()].sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

/** What an operator trusts who pinned ROOT and has seen nothing yet; with changes to the trust and to the pin's memory. */
export function trustOf(changes: Partial<TrustState> = {}, pin: Partial<PinnedRoot> = {}): TrustState {
  const pinned: PinnedRoot = {
    fingerprint: PIN,
    local: true,
    root: null,
    checkpoint: null,
    status: null,
    namespaces: [],
    revoked: NO_REVOCATIONS,
    ...pin,
  };
  return {
    purpose: 'install',
    registries: [{ name: 'home', root: pinned.fingerprint, namespaces: ['local'], pin: pinned }],
    freshness: { installDays: 7, loadDays: 30 },
    provenanceRequired: true,
    firstParty: NO_FIRST_PARTY,
    host: '1.0.0',
    provided: new Map(),
    recoveries: new Set(),
    ...changes,
  };
}

// What the operator trusts and has seen (DESIGN.md §3 "Root", "Revocation"; THREATS.md 2, 12, 27, 29): pinned roots, and under
// each the highest root, checkpoint, namespace documents and every revocation. It only ever grows; it is never inside `sdk`,
// transport or bundle, and verification gets it as plain data.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatDocument, parseDocument } from '../keys/document.ts';
import { createFileExclusive, readRegularFile, writeFileAtomic } from '../keys/safe-file.ts';
import { formatTime } from '../src/contracts/common.ts';
import type { Policy } from '../src/contracts/config.ts';
import {
  type Evidence,
  type FirstPartyLock,
  type PinnedRoot,
  type Revocations,
  TrustFile,
} from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';

/** A registry of the policy, and what is remembered under its root; without `pin` its root does not count. */
export interface TrustedRegistry {
  readonly name: string;
  readonly root: string;
  readonly namespaces: readonly string[];
  readonly pin: PinnedRoot | undefined;
}

/** Everything that verification may rest on besides the bytes and the time. */
export interface TrustState {
  /** `install`: both verifiers, strict freshness, nothing older than what was seen. `load`: what is installed already. */
  readonly purpose: 'install' | 'load';
  readonly registries: readonly TrustedRegistry[];
  readonly freshness: Policy['freshness'];
  readonly provenanceRequired: boolean;
  readonly firstParty: FirstPartyLock;
  /** Version of the host API. */
  readonly host: string;
  /** `kind/name` of every installed function, with the versions of the bundles that provide it. */
  readonly provided: ReadonlyMap<string, readonly string[]>;
  /** Digests of recovery namespace documents that the operator confirmed. */
  readonly recoveries: ReadonlySet<string>;
}

/** What one verified release, or one refreshed registry, adds to the memory of its root. */
export interface Observation {
  readonly root: { readonly version: number; readonly fingerprint: string };
  readonly checkpoint: NonNullable<PinnedRoot['checkpoint']>;
  readonly status: NonNullable<PinnedRoot['status']>;
  readonly revoked: Revocations;
  readonly namespace?: PinnedRoot['namespaces'][number];
}

const MAX_TRUST = 64 * 1024 * 1024;

/** `.signet/trust`: trust.json and evidence. Reads are strict (E_TRUST_STATE), writes atomic. */
export class TrustStore {
  readonly directory: string;
  readonly #path: string;

  constructor(directory: string) {
    this.directory = directory;
    this.#path = join(directory, 'trust.json');
  }

  /** Every pinned root with its memory; none where nothing was pinned yet. */
  roots(): readonly PinnedRoot[] {
    const file = readRegularFile(this.#path, MAX_TRUST);
    if (file === undefined) return [];
    try {
      const { roots } = parseDocument(TrustFile, file.bytes, 'trust/1', this.#path, { maxBytes: MAX_TRUST });
      if (new Set(roots.map((root) => root.fingerprint)).size === roots.length) return roots;
    } catch (cause) {
      if (cause instanceof SignetError && cause.code === 'E_FORMAT_VERSION') throw cause;
      throw new SignetError('E_TRUST_STATE', `${this.#path} is damaged`, { item: this.#path, cause });
    }
    throw new SignetError('E_TRUST_STATE', `${this.#path} pins one root twice`, { item: this.#path });
  }

  pin(fingerprint: string): PinnedRoot | undefined {
    return this.roots().find((root) => root.fingerprint === fingerprint);
  }

  /** Pins a root. Pinning it again changes nothing; whether it is local cannot change (E_ROOT). */
  pinRoot(fingerprint: string, local: boolean): void {
    const existing = this.pin(fingerprint);
    if (existing !== undefined && existing.local !== local) {
      throw new SignetError(
        'E_ROOT',
        'the root is pinned already, with another word on whether it is local',
        {
          item: fingerprint,
          expected: String(existing.local),
          actual: String(local),
        },
      );
    }
    if (existing !== undefined) return;
    const fresh: PinnedRoot = {
      fingerprint,
      local,
      root: null,
      checkpoint: null,
      status: null,
      namespaces: [],
      revoked: { digests: [], keys: [] },
    };
    this.#write([...this.roots(), fresh]);
  }

  /** Adds what was verified to the memory of the pinned root; nothing in it ever goes back or is forgotten. */
  observe(fingerprint: string, seen: Observation): void {
    const roots = this.roots();
    const known = roots.find((root) => root.fingerprint === fingerprint);
    if (known === undefined)
      throw new SignetError('E_ROOT_UNPINNED', 'the root is not pinned', { item: fingerprint });
    const grown = remember(known, seen);
    if (JSON.stringify(grown) === JSON.stringify(known)) return;
    this.#write(roots.map((root) => (root === known ? grown : root)));
  }

  /** Keeps two signed checkpoints that contradict each other, once; returns the file's path. */
  keepEvidence(origin: string, first: string, second: string, now: number): string {
    const evidence: Evidence = {
      type: 'equivocation/1',
      origin,
      foundAt: formatTime(now),
      checkpoints: [first, second],
    };
    const id = createHash('sha256').update(JSON.stringify(evidence.checkpoints)).digest('hex').slice(0, 32);
    const path = join(this.directory, 'evidence', `${id}.json`);
    createFileExclusive(path, formatDocument(evidence), 0o644);
    return path;
  }

  #write(roots: readonly PinnedRoot[]): void {
    writeFileAtomic(this.#path, formatDocument({ type: 'trust/1', roots }));
  }
}

/** The registries of the policy with what is remembered under their roots. */
export function trustedRegistries(policy: Policy, roots: readonly PinnedRoot[]): TrustedRegistry[] {
  return policy.registries.map(({ name, root, namespaces }) => ({
    name,
    root,
    namespaces,
    pin: roots.find((pinned) => pinned.fingerprint === root),
  }));
}

/** The union of two lists of revocations; of several for one key the one that reaches furthest back. */
export function mergeRevocations(a: Revocations, b: Revocations): Revocations {
  const digests = new Map<string, Revocations['digests'][number]>();
  for (const entry of [...a.digests, ...b.digests]) {
    if (!digests.has(entry.digest)) digests.set(entry.digest, entry);
  }
  const keys = new Map<string, Revocations['keys'][number]>();
  for (const entry of [...a.keys, ...b.keys]) {
    const known = keys.get(entry.key);
    if (known === undefined || entry.fromIndex < known.fromIndex) keys.set(entry.key, entry);
  }
  return { digests: [...digests.values()], keys: [...keys.values()] };
}

function remember(known: PinnedRoot, seen: Observation): PinnedRoot {
  const { namespace } = seen;
  const older = namespace && known.namespaces.find((entry) => entry.namespace === namespace.namespace);
  const others = known.namespaces.filter((entry) => entry !== older);
  return {
    ...known,
    root: known.root === null || seen.root.version > known.root.version ? seen.root : known.root,
    checkpoint:
      known.checkpoint === null || seen.checkpoint.size > known.checkpoint.size
        ? seen.checkpoint
        : known.checkpoint,
    status: known.status === null || seen.status.issued > known.status.issued ? seen.status : known.status,
    namespaces:
      namespace === undefined || (older !== undefined && older.version >= namespace.version)
        ? known.namespaces
        : [...others, namespace],
    revoked: mergeRevocations(known.revoked, seen.revoked),
  };
}

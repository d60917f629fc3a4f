// Check `namespace`: the one registry of this namespace, its pinned root, and the namespace documents which that root's
// registrar signed; never older than what was seen (THREATS.md 2, 8, 29, 30).

import { parseDocument } from '../../keys/document.ts';
import { fingerprint } from '../../keys/ed25519.ts';
import { unverifiedPayload } from '../../keys/envelope.ts';
import { type VerifiedRoot, verifyRoot } from '../../keys/root.ts';
import { type ProofBundle, STATUS_PAYLOAD, StatusDocument } from '../../src/contracts/statement.ts';
import type { PinnedRoot } from '../../src/contracts/trust.ts';
import { SignetError } from '../../src/error.ts';
import type { VerifySignature } from '../../src/ports.ts';
import { BatchMemo, partsOf } from '../batch-memo.ts';
import { bindingMemory } from '../memory.ts';
import { checkLocalRelease, type NamespaceVersion, verifyNamespaceChain } from '../namespace.ts';
import type { TrustedRegistry, TrustState } from '../trust.ts';
import type { Described } from './archive.ts';
import type { SignedRelease } from './envelope.ts';
import type { Passed } from './run.ts';

/** Who speaks for the namespace, as far as the operator pinned it. */
export interface Authority {
  readonly registry: TrustedRegistry;
  /** What is remembered of the root and still binds. */
  readonly pin: PinnedRoot;
  readonly root: VerifiedRoot;
  readonly latest: NamespaceVersion;
  /** Fingerprints of the registrar's keys that signed it. */
  readonly registrars: readonly string[];
}

export function checkNamespace(
  release: SignedRelease,
  described: Described,
  digest: string,
  trust: TrustState,
  now: number,
  verify: VerifySignature,
): Passed<Authority> {
  const { name, manifest } = described;
  const namespace = name.slice(0, name.indexOf('/'));
  const { registry, pin: remembered } = pinnedRegistry(trust, namespace);
  const at = judgementTime(release.proof, trust, now);
  const { memo = new BatchMemo() } = trust;
  const rootParts = [remembered.fingerprint, at, ...partsOf(release.proof.root)];
  const root = memo.once('root', rootParts, () =>
    verifyRoot(release.proof.root, remembered.fingerprint, at, verify),
  );
  refuseOlder('E_ROOT', trust.purpose, root, remembered.root);
  const pin = bindingMemory(remembered, root, verify);
  if (pin.local) checkLocalRelease(name, manifest.version, digest, trust.firstParty);
  const chainParts = [...rootParts, namespace, ...partsOf(release.chain.map(({ envelope }) => envelope))];
  const { latest, registrars } = memo.once('namespace', chainParts, () =>
    verifyNamespaceChain(release.chain, {
      namespace,
      registrar: root.registrar,
      now: at,
      recoveries: trust.recoveries,
      verify,
    }),
  );
  const seen = pin.namespaces.find((entry) => entry.namespace === namespace);
  if (seen !== undefined) {
    // The document that was seen must be in the chain, as it was; a shorter chain is older.
    const same = release.chain[seen.version - 1] ?? latest;
    const found = { version: same.document.version, fingerprint: same.digest };
    refuseOlder('E_NAMESPACE', trust.purpose, found, {
      version: seen.version,
      fingerprint: seen.document,
    });
  }
  const { version, expires } = latest.document;
  const expired = Date.parse(expires) <= now || Date.parse(root.expires) <= now;
  return {
    value: { registry, pin, root, latest, registrars: registrars.map(fingerprint) },
    detail: `${namespace} (namespace document v${version}, root v${root.version}, registry ${registry.name})`,
    warning: expired ? 'the namespace document or the root has expired since the installation' : undefined,
  };
}

/** What makes a root count: FILE is a root document, or a proof bundle that carries it. */
export const pinCommand = (fingerprint: string, file = 'FILE'): string =>
  `registry root pin ${/^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`} --fingerprint ${fingerprint}`;

/** E_ROOT_UNPINNED: the root that policy.yaml names was not pinned by this user. */
export function unpinnedRoot({
  name,
  root,
  unpinned,
}: Pick<TrustedRegistry, 'name' | 'root' | 'unpinned'>): SignetError {
  return new SignetError('E_ROOT_UNPINNED', `the root of registry ${name} is not pinned`, {
    item: name,
    expected: root,
    actual: 'no pin',
    fix: unpinned ?? pinCommand(root),
  });
}

/** The registry that policy.yaml gives the namespace to, and the pin without which its root does not count. */
function pinnedRegistry(
  trust: TrustState,
  namespace: string,
): { registry: TrustedRegistry; pin: PinnedRoot } {
  const registries = trust.registries.filter(({ namespaces }) => namespaces.includes(namespace));
  const [registry] = registries;
  if (registry === undefined || registries.length !== 1) {
    throw new SignetError(
      'E_REGISTRY_UNMAPPED',
      `the policy maps ${namespace} to ${registries.length} registries`,
      {
        item: namespace,
        expected: 'exactly one registry',
        actual: registries.map(({ name }) => name).join(', ') || 'none',
      },
    );
  }
  if (registry.pin === undefined) throw unpinnedRoot(registry);
  return { registry, pin: registry.pin };
}

/**
 * When expiry is judged: now for an installation; at load, when the proof was made, for how fresh that is check `status`
 * judges apart, and an expired document must not stop a running host whose registry is alive.
 */
function judgementTime(proof: ProofBundle, trust: TrustState, now: number): number {
  if (trust.purpose === 'install') return now;
  const issued = (trust.memo ?? new BatchMemo()).once('issued', partsOf([proof.status]), () => {
    const payload = unverifiedPayload(proof.status, STATUS_PAYLOAD, 'status');
    return Date.parse(parseDocument(StatusDocument, payload, 'status/1', 'status').issued);
  });
  return Math.min(now, issued);
}

interface Seen {
  readonly version: number;
  readonly fingerprint: string;
}

/** E_ROLLBACK below the version seen (save at load), `code` where one version is two documents. */
export function refuseOlder(
  code: 'E_ROOT' | 'E_NAMESPACE',
  purpose: 'install' | 'load',
  found: Seen,
  seen: Seen | null,
): void {
  if (seen === null || found.version > seen.version) return;
  if (found.version === seen.version && found.fingerprint === seen.fingerprint) return;
  const older = found.version < seen.version;
  if (older && purpose === 'load') return;
  const what = code === 'E_ROOT' ? 'the root' : 'the namespace document';
  throw new SignetError(
    older ? 'E_ROLLBACK' : code,
    older ? `${what} is older than one that was seen before` : `${what} v${found.version} exists twice`,
    {
      item: what,
      expected: `v${seen.version} ${seen.fingerprint}`,
      actual: `v${found.version} ${found.fingerprint}`,
    },
  );
}

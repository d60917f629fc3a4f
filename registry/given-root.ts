// Trust without a project (DESIGN.md §3 "Proof bundle", "Root"): one root whose fingerprint the operator gives by hand, for a machine
// that never saw the registry, and for programs that verify by themselves. Nothing is remembered, so nothing seen before binds.
import { parseEnvelope } from '../keys/envelope.ts';
import { rootFingerprint } from '../keys/root.ts';
import { Fingerprint } from '../src/contracts/common.ts';
import { LOCAL_BUILDER } from '../src/contracts/statement.ts';
import type { PinnedRoot } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { readNamespace } from './namespace.ts';
import { parseProof } from './proof.ts';
import { DEFAULT_RULES } from './rules.ts';
import type { TrustState } from './trust.ts';

export interface GivenRoot {
  /** `SHA256:<hex>` of the root document, from a source that the operator trusts. */
  readonly fingerprint: string;
  /** Namespaces for which it may speak; without them, every one that its registrar granted. */
  readonly namespaces?: readonly string[];
  /** Version of the host API. */
  readonly host: string;
}

/** The fingerprint, once the root document in the file has it: E_ROOT_UNTRUSTED; without one E_ROOT_UNPINNED says what it is. */
export function confirmRoot(bytes: Uint8Array, fingerprint: string | undefined, item: string): string {
  const actual = rootFingerprint(parseEnvelope(bytes, item));
  if (fingerprint === undefined) {
    throw new SignetError('E_ROOT_UNPINNED', `nothing says that ${item} is the root that you trust`, {
      item,
      expected: '--fingerprint SHA256:…, from a source that you trust',
      actual: `the file has ${actual}`,
      fix: `Compare ${actual} with what the operator of the registry publishes, then add: --fingerprint ${actual}`,
    });
  }
  if (actual === fingerprint) return fingerprint;
  throw new SignetError('E_ROOT_UNTRUSTED', `${item} is another root than the one that you trust`, {
    item,
    expected: fingerprint,
    actual,
  });
}

/**
 * Trust in one root for one proof bundle: as strict as for installing. Builds by the publisher itself count, since there is no
 * policy to name another builder; what is installed is not known, so `requires` is skipped and says so. E_USAGE: no fingerprint.
 */
export function givenTrust(root: GivenRoot, proof: Uint8Array | undefined): TrustState {
  const { fingerprint, host } = root;
  if (!Fingerprint.safeParse(fingerprint).success) {
    throw new SignetError('E_USAGE', 'that is no fingerprint of a root', {
      expected: 'SHA256:<64 hex digits>',
      actual: fingerprint.slice(0, 100),
    });
  }
  const pin: PinnedRoot = {
    fingerprint,
    local: false,
    root: null,
    checkpoint: null,
    status: null,
    namespaces: [],
    revoked: { digests: [], keys: [] },
  };
  const namespaces = root.namespaces ?? namespaceIn(proof);
  const builder = { id: LOCAL_BUILDER, namespaces: ['*'], keys: 'publisher' as const, sources: ['*'] };
  return {
    purpose: 'install',
    registries: [{ name: 'given', root: fingerprint, namespaces, pin }],
    freshness: { installDays: 7, loadDays: 30 },
    provenanceRequired: true,
    rules: { ...DEFAULT_RULES, provenance: { required: true, builders: [builder] } },
    firstParty: { type: 'first-party/1', bundles: [] },
    host,
    provided: undefined,
    recoveries: new Set(),
  };
}

/** The namespace that the proof is about: a claim, which the root's registrar must have signed. */
function namespaceIn(proof: Uint8Array | undefined): string[] {
  if (proof === undefined) return [];
  try {
    return [readNamespace(parseProof(proof).namespace[0]!.envelope).document.namespace];
  } catch (thrown) {
    // What is wrong in the proof its verification says.
    if (thrown instanceof SignetError) return [];
    throw thrown;
  }
}

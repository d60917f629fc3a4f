// What a registry offers, verified for an installation (DESIGN.md §3; THREATS.md 2, 5, 9, 12): release, proof, and the growth of its
// log since it was last seen. Two histories signed by one log are kept as evidence.
import semver from 'semver';
import { verifyBoth } from '../keys/ed25519.ts';
import { type VerifiedRoot, verifyRoot } from '../keys/root.ts';
import { BundleName, VersionRange } from '../src/contracts/common.ts';
import type { PinnedRoot } from '../src/contracts/trust.ts';
import type { SubjectVerdict } from '../src/contracts/verdict.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import type { TileReader } from '../src/tile-reader.ts';
import { refuseOlder } from './checks/namespace.ts';
import { withFailure } from './checks/run.ts';
import { checkGrowth, type SignedHead, verifyHead } from './log.ts';
import { bindingMemory } from './memory.ts';
import type { PolicyRegistry } from './policy.ts';
import type { Project } from './project.ts';
import { assembleProof, formatProof, readCurrentHead, readReleaseIndex, readRoots } from './proof.ts';
import { checkFreshness, checkNewest, checkNothingForgotten, verifyStatus } from './status.ts';
import { FILE_LIMITS, PATHS, requireFile, type Transport } from './transport.ts';
import { examineRelease, type Verified } from './verify.ts';
import { checkWitnesses } from './witness.ts';

/** A verdict, and where it is ok what was established. */
export interface Outcome {
  readonly verdict: SubjectVerdict;
  readonly verified: Verified | undefined;
}

/** A release as a transport delivers it: nothing is verified. */
export interface Fetched {
  readonly name: string;
  readonly version: string;
  readonly archive: Uint8Array;
  readonly proof: Uint8Array;
  /** The signed note inside the proof, and the tiles below it. */
  readonly note: string;
  readonly reader: TileReader;
}

/** The highest listed version in the range with its proof. E_NOT_FOUND, E_REGISTRY; E_USAGE where name or range is none. */
export function fetchRelease(transport: Transport, name: string, range = '*'): Fetched {
  parseShape(BundleName, name, 'name', 'E_USAGE');
  parseShape(VersionRange, range, 'range', 'E_USAGE');
  const versions = readReleaseIndex(transport, name).map(({ version }) => version);
  const version = semver.maxSatisfying(versions, range);
  if (version === null) {
    throw new SignetError('E_NOT_FOUND', `no published version of ${name} satisfies ${range}`, {
      item: name,
      expected: range,
      actual: versions.join(', '),
    });
  }
  const { bundle, reader } = assembleProof(transport, name, version);
  const archive = requireFile(transport, `${PATHS.release(name, version)}/archive.tar`, FILE_LIMITS.archive);
  return { name, version, archive, proof: formatProof(bundle), note: bundle.checkpoint, reader };
}

/** As `fetchRelease`, from the registry of the name, whose root must be pinned: E_REGISTRY_UNMAPPED, E_ROOT_UNPINNED. */
export function fetchPinned(project: Project, name: string, range = '*'): Fetched {
  const registry = project.registryOf(name);
  project.requirePin(registry);
  return fetchRelease(project.transport(registry), name, range);
}

/** The verdict on what was fetched, as `registry install` and `registry verify NAME` need it. Changes no trust. */
export function verifyFetched(project: Project, fetched: Fetched): Outcome {
  const { name, version, note, reader } = fetched;
  const asked = { name, version };
  const trust = project.trustState('install');
  const outcome = examineRelease(fetched.archive, fetched.proof, trust, project.clock.now(), asked);
  const pin = project.trust.pin(project.registryOf(name).root);
  keepEvidence(project, pin, outcome.verdict.code, note);
  if (outcome.verified === undefined) return outcome;
  const head: SignedHead = { ...outcome.verified.observation.checkpoint, hash: reader.root() };
  try {
    checkGrowth(reader, head, outcome.verified.seenCheckpoint);
    return outcome;
  } catch (thrown) {
    const verdict = withFailure(outcome.verdict, 'log', thrown);
    keepEvidence(project, pin, verdict.code, note);
    return { verdict, verified: undefined };
  }
}

/** A registry's newest checkpoint, as it was taken in. */
export interface SeenHead {
  readonly head: SignedHead;
  readonly root: VerifiedRoot;
  /** `witnesses 2/2, …`, or '' where no witness is asked for. */
  readonly witnessed: string;
}

/**
 * Takes in a registry's newest checkpoint and status, so that loads know of every revocation. A stale, shrunken, unwitnessed or
 * contradictory head is refused with its code and changes nothing; evidence is kept. Who is about to cosign it as a
 * witness cannot ask that it be witnessed: `asWitness`.
 */
export function refreshRegistry(project: Project, registry: PolicyRegistry, asWitness = false): SeenHead {
  const remembered = project.requirePin(registry);
  const now = project.clock.now();
  const transport = project.transport(registry);
  const root = verifyRoot(readRoots(transport), remembered.fingerprint, now, verifyBoth);
  refuseOlder('E_ROOT', 'install', root, remembered.root);
  const pin = bindingMemory(remembered, root, verifyBoth);
  const { note, status: envelope, reader } = readCurrentHead(transport);
  const head = verifyHead(note, root.log, verifyBoth);
  try {
    checkGrowth(reader, head, pin.checkpoint);
  } catch (thrown) {
    keepEvidence(project, pin, thrown instanceof SignetError ? thrown.code : null, note);
    throw thrown;
  }
  const { freshness, witness } = project.policy();
  const rule = {
    role: root.witness,
    quorum: witness.quorum,
    purpose: 'install',
    maxDays: freshness.installDays,
  } as const;
  const witnessed = asWitness ? '' : checkWitnesses(note, rule, now, verifyBoth);
  const status = verifyStatus(envelope, root.status, head, verifyBoth);
  checkNothingForgotten(status, pin.revoked);
  checkNewest(status, root, pin);
  checkFreshness(status, pin.status, 'install', freshness, now);
  project.trust.observe(pin.fingerprint, {
    root,
    checkpoint: { origin: head.origin, size: head.size, root: head.root, note },
    status: { issued: status.issued, expires: status.expires, size: status.size },
    stated: { size: status.size, namespaces: status.namespaces },
    revoked: status.revoked,
    statusSigners: status.signers,
    now,
  });
  return { head, root, witnessed };
}

/** Keeps the note that was seen before and the one that contradicts it, where that is what was found. */
export function keepEvidence(
  project: Project,
  pin: PinnedRoot | undefined,
  code: string | null,
  note: string,
): void {
  const seen = pin?.checkpoint;
  if (code !== 'E_EQUIVOCATION' || !seen) return;
  project.trust.keepEvidence(seen.origin, seen.note, note, project.clock.now());
}

// What is remembered under a pinned root, and how it grows (DESIGN.md §3 "Root", "Revocation"; THREATS.md 2, 3, 27). Memory only
// grows, with one way back: what keys signed that have lost their role since no longer binds, so that a registry recovers once
// its root took a stolen key away. Revocations bind for ever; only leaving out a forged one is then no offence.
import { fingerprint, verify as verifyNative } from '../keys/ed25519.ts';
import type { Role, VerifiedRoot } from '../keys/root.ts';
import type { PinnedRoot, Revocations } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import type { VerifySignature } from '../src/ports.ts';
import { verifyHead } from './log.ts';

/** How far ahead of our clock a status may have been issued. */
export const SKEW = 10 * 60_000;

/** What one verified release, or one refreshed registry, adds to the memory of its root. */
export interface Observation {
  readonly root: VerifiedRoot;
  readonly checkpoint: NonNullable<PinnedRoot['checkpoint']>;
  readonly status: NonNullable<PinnedRoot['status']>;
  /** What the status says of namespaces. */
  readonly stated: NonNullable<PinnedRoot['stated']>;
  readonly revoked: Revocations;
  /** Fingerprints of the status keys that signed the status. */
  readonly statusSigners: readonly string[];
  /** When it was seen, in milliseconds. */
  readonly now: number;
  readonly namespace?: PinnedRoot['namespaces'][number];
}

/** The memory of a root that was just pinned. */
export function freshMemory(fingerprintOfRoot: string, local: boolean): PinnedRoot {
  return {
    fingerprint: fingerprintOfRoot,
    local,
    root: null,
    checkpoint: null,
    status: null,
    namespaces: [],
    revoked: { digests: [], keys: [] },
  };
}

/**
 * What of the memory still binds under that root. A root newer than every one seen sets aside: the checkpoint if its
 * note is no longer signed by the threshold of role `log`, each namespace document of which no signer is left in role
 * `registrar`, and for each revocation the offence of leaving it out (`by` is then empty) if no signer is left in role
 * `status`; and what a status said of namespaces, for its successor under the new root says it again. Under any other root all of it binds.
 */
export function bindingMemory(
  pin: PinnedRoot,
  root: VerifiedRoot,
  verify: VerifySignature = verifyNative,
): PinnedRoot {
  if (pin.root === null || root.version <= pin.root.version) return pin;
  const { stated: _stated, ...rest } = pin;
  const { checkpoint } = pin;
  const remains = holders(root.status);
  const keep = <T extends { by?: string[] | undefined }>(entry: T): T =>
    stands(entry.by, remains) ? entry : { ...entry, by: [] };
  return {
    ...rest,
    checkpoint: checkpoint !== null && isSignedBy(checkpoint.note, root, verify) ? checkpoint : null,
    namespaces: pin.namespaces.filter(({ by }) => stands(by, holders(root.registrar))),
    revoked: { digests: pin.revoked.digests.map(keep), keys: pin.revoked.keys.map(keep) },
  };
}

/** The memory once this was seen as well: nothing in it goes back, save what `bindingMemory` sets aside. */
export function remember(pin: PinnedRoot, seen: Observation): PinnedRoot {
  const known = bindingMemory(pin, seen.root);
  const { version } = seen.root;
  const { checkpoint, status, statusSigners } = seen;
  const by = [...statusSigners];
  const signed = {
    digests: seen.revoked.digests.map((entry) => ({ ...entry, by })),
    keys: seen.revoked.keys.map((entry) => ({ ...entry, by })),
  };
  return {
    ...known,
    root:
      known.root === null || version > known.root.version
        ? { version, fingerprint: seen.root.fingerprint }
        : known.root,
    checkpoint:
      known.checkpoint === null || checkpoint.size > known.checkpoint.size ? checkpoint : known.checkpoint,
    stated: known.stated === undefined || seen.stated.size >= known.stated.size ? seen.stated : known.stated,
    status: known.status === null ? status : laterStatus(known.status, status, seen.now),
    namespaces: seen.namespace === undefined ? known.namespaces : newest(known.namespaces, seen.namespace),
    revoked: mergeRevocations(known.revoked, signed),
  };
}

/** The later of two statuses; one from the future, which was seen while the clock was ahead, hides none that was issued by now. */
export function laterStatus<S extends { readonly issued: string }>(a: S, b: S, now: number): S {
  const [aheadA, aheadB] = [a, b].map(({ issued }) => Date.parse(issued) > now + SKEW);
  if (aheadA !== aheadB) return aheadA ? b : a;
  return b.issued > a.issued ? b : a;
}

/** The union of two lists of revocations; of several for one key the one that reaches furthest back. */
export function mergeRevocations(a: Revocations, b: Revocations): Revocations {
  const digests = new Map<string, Revocations['digests'][number]>();
  for (const entry of [...a.digests, ...b.digests]) {
    const known = digests.get(entry.digest);
    digests.set(entry.digest, known === undefined ? entry : withSigners(known, entry));
  }
  const keys = new Map<string, Revocations['keys'][number]>();
  for (const entry of [...a.keys, ...b.keys]) {
    const known = keys.get(entry.key);
    if (known === undefined || entry.fromIndex < known.fromIndex) keys.set(entry.key, entry);
    else if (entry.fromIndex === known.fromIndex) keys.set(entry.key, withSigners(known, entry));
  }
  return { digests: [...digests.values()], keys: [...keys.values()] };
}

function newest(
  known: PinnedRoot['namespaces'],
  seen: PinnedRoot['namespaces'][number],
): PinnedRoot['namespaces'] {
  const older = known.find(({ namespace }) => namespace === seen.namespace);
  if (older === undefined) return [...known, seen];
  if (older.version > seen.version) return known;
  const next = older.version === seen.version ? withSigners(older, seen) : seen;
  return known.map((entry) => (entry === older ? next : entry));
}

/** The first of two words on one thing, vouched for by the signers of both. */
function withSigners<T extends { by?: string[] | undefined }>(first: T, second: T): T {
  if (first.by === undefined || second.by === undefined) return first;
  return { ...first, by: [...new Set([...first.by, ...second.by])].sort() };
}

const holders = ({ keys }: Role): Set<string> => new Set(keys.map(fingerprint));

const stands = (by: readonly string[] | undefined, remaining: ReadonlySet<string>): boolean =>
  by === undefined || by.some((key) => remaining.has(key));

function isSignedBy(note: string, root: VerifiedRoot, verify: VerifySignature): boolean {
  try {
    verifyHead(note, root.log, verify);
    return true;
  } catch (thrown) {
    if (thrown instanceof SignetError) return false;
    throw thrown;
  }
}

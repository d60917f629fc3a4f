// Verification of one release (DESIGN.md §3 "Verification"): a pure function of bytes, trust and time. No I/O, no clock; an
// ordered list of checks, of which each rests only on what the ones before it established.

import { fingerprint, verifyBoth, verify as verifyNative } from '../keys/ed25519.ts';
import type { LockedBundle } from '../src/contracts/config.ts';
import { EXTENSION } from '../src/contracts/manifest.ts';
import type { PinnedRoot } from '../src/contracts/trust.ts';
import type { SubjectVerdict } from '../src/contracts/verdict.ts';
import type { Reading } from './archive.ts';
import { describeRequest } from './asks.ts';
import { checkArchive, checkFiles, checkLimits, type Described } from './checks/archive.ts';
import { checkHost, checkKinds, checkPolicy, checkRequires } from './checks/compatibility.ts';
import { type Asked, checkEnvelope } from './checks/envelope.ts';
import { checkLog } from './checks/log.ts';
import { checkNamespace } from './checks/namespace.ts';
import { checkProvenance } from './checks/provenance.ts';
import { type About, CheckRun } from './checks/run.ts';
import { checkStatus } from './checks/status.ts';
import type { Observation } from './memory.ts';
import type { ArchiveFile } from './preflight.ts';
import { DEFAULT_RULES } from './rules.ts';
import type { TrustState } from './trust.ts';

/** What a passed verification established, for installing and loading. */
export interface Verified {
  readonly described: Described;
  readonly files: ReadonlyMap<string, ArchiveFile>;
  readonly locked: LockedBundle;
  /** The pinned root under which it was verified, and what is to be remembered there. */
  readonly pin: string;
  /** The highest checkpoint that was seen under it and still binds. */
  readonly seenCheckpoint: PinnedRoot['checkpoint'];
  readonly observation: Observation;
}

/**
 * The verdict on an archive with its proof bundle; `proof` undefined where there is none (E_UNSIGNED). `now` in
 * milliseconds. Never throws for anything in the bytes.
 */
export function verifyRelease(
  archive: Uint8Array,
  proof: Uint8Array | undefined,
  trust: TrustState,
  now: number,
  asked: Asked = {},
): SubjectVerdict {
  return examineRelease(archive, proof, trust, now, asked).verdict;
}

/**
 * As `verifyRelease`, with what was established where the verdict is ok. `hashed`: the digest of the archive, where the caller
 * took it from these very bytes.
 */
export function examineRelease(
  archive: Uint8Array,
  proof: Uint8Array | undefined,
  trust: TrustState,
  now: number,
  asked: Asked = {},
  hashed?: string,
): { verdict: SubjectVerdict; verified: Verified | undefined } {
  const both = trust.verifiers === 'both' || (trust.verifiers === undefined && trust.purpose === 'install');
  const verifier = both ? verifyBoth : verifyNative;
  const verify = trust.memo?.remembering(verifier) ?? verifier;
  const { limits } = trust.rules ?? DEFAULT_RULES;
  // What the lockfile names by its digest was read with both readers when it was installed.
  const known = trust.purpose === 'load' ? asked.digest : undefined;
  const reading = (digest: string): Reading => (both ? 'twice' : digest === known ? 'again' : 'once');
  const run = new CheckRun();
  const about: About = {};
  let verified: Verified | undefined;
  const subject = asked.name ?? asked.digest ?? 'archive';
  const verdict = run.verdict(subject, about, () => {
    const bundle = run.check('limits', () => checkLimits(archive, proof, limits));
    const contents = run.check('archive', () => checkArchive(archive, limits, reading, hashed));
    about.digest = contents.digest;
    const described = run.check('files', () => checkFiles(contents));
    const { name, manifest } = described;
    const signet = manifest.extensions[EXTENSION];
    about.name = name;
    about.version = manifest.version;
    about.asks = signet.capabilities.map(describeRequest);
    const { digest } = contents;
    const release = run.check('envelope', () =>
      checkEnvelope(bundle, contents, described, asked, verify, trust.memo),
    );
    const authority = run.check('namespace', () =>
      checkNamespace(release, described, digest, trust, now, verify),
    );
    const logged = run.check('log', () =>
      checkLog(release, described, digest, authority, trust, now, verify),
    );
    const status = run.check('status', () =>
      checkStatus(release, digest, authority, logged, trust, now, verify),
    );
    const builder = run.check('provenance', () =>
      checkProvenance(release, described, digest, authority, logged, trust, verify),
    );
    run.check('host', () => checkHost(described, trust));
    run.check('requires', () => checkRequires(described, trust));
    run.check('kinds', () => checkKinds(described));
    run.check('policy', () => checkPolicy(described, trust));
    const { head, index } = logged;
    const { latest, registrars, root, pin, registry } = authority;
    verified = {
      described,
      files: contents.files,
      locked: {
        name,
        version: manifest.version,
        digest,
        registry: registry.name,
        index,
        size: head.size,
        namespaceVersion: latest.document.version,
        publisher: logged.signers.map(fingerprint),
        builder,
        provides: signet.provides.map(({ kind, name: own }) => `${kind}/${own}`),
        capabilities: signet.capabilities,
      },
      pin: pin.fingerprint,
      seenCheckpoint: pin.checkpoint,
      observation: {
        root,
        checkpoint: { origin: head.origin, size: head.size, root: head.root, note: head.note },
        status: { issued: status.issued, expires: status.expires, size: status.size },
        stated: { size: status.size, namespaces: status.namespaces },
        revoked: status.revoked,
        statusSigners: status.signers,
        now,
        namespace: {
          namespace: latest.document.namespace,
          version: latest.document.version,
          document: latest.digest,
          by: [...registrars],
        },
      },
    };
  });
  return { verdict, verified };
}

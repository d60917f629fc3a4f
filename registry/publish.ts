// Publishing into a registry folder (DESIGN.md §3; THREATS.md 8, 29, 33, 37). A version never changes; what is published is
// signed from the archive's own manifest; the release can be found only once it can be proved.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fingerprint, type KeyPair, verify } from '../keys/ed25519.ts';
import { parseEnvelope, unverifiedPayload, verifyEnvelope } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import { syncDirectory, writeFileAtomic } from '../keys/safe-file.ts';
import { fullName } from '../src/contracts/manifest.ts';
import { IN_TOTO_PAYLOAD } from '../src/contracts/statement.ts';
import type { FirstPartyLock } from '../src/contracts/trust.ts';
import { digestOf } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import { progressOf, requireMet } from './ceremony.ts';
import { judgeProvenance } from './checks/provenance.ts';
import { checkLocalRelease, covers } from './namespace.ts';
import { type ArchiveFacts, archiveFacts, type SignedRelease, signRelease } from './sign.ts';
import type { ProvenanceInput } from './statement.ts';
import { PATHS } from './transport.ts';
import type { PolicyRules } from './trust.ts';
import { type LogKeys, RegistryWriter } from './writer.ts';

export interface PublishOptions {
  readonly directory: string;
  readonly keys: LogKeys;
  readonly archive: Uint8Array;
  /** What the builder says of the build; null publishes without provenance. */
  readonly provenance: ProvenanceInput | null;
  /** As many as the namespace's threshold. */
  readonly publishers: readonly KeyPair[];
  /** Envelopes that were made before, maybe elsewhere; then provenance and publishers are not used. */
  readonly signed?: SignedRelease;
  /** By what the provenance is judged: the policy of the project that publishes. */
  readonly rules: PolicyRules;
  /** Whether the registry's root is pinned as local: then only `local` and pinned `signet` bundles are accepted. */
  readonly local: boolean;
  readonly firstParty: FirstPartyLock;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Published {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly index: number;
  /** False where exactly this archive had been published before. */
  readonly created: boolean;
}

/**
 * Publishes an archive. The same archive again is no error; another one under a published version is E_VERSION_EXISTS.
 * Refused before anything is written: the codes of readArchive and readManifest, E_LOCAL_ROOT, E_FIRST_PARTY, E_NAMESPACE
 * (never granted), E_UNSIGNED, E_SIGNER, E_THRESHOLD, E_KEY_RANGE, those of `judgeProvenance`, E_REGISTRY_BUSY.
 */
export function publish(options: PublishOptions): Published {
  const { archive, now } = options;
  const facts = archiveFacts(archive);
  const { manifest, digest } = facts;
  const [name, version] = [fullName(manifest), manifest.version];
  if (options.local) checkLocalRelease(name, version, digest, options.firstParty);
  const writer = new RegistryWriter(options.directory, options.keys, now);
  try {
    const listed = writer.releaseIndex(name);
    const known = listed.find((entry) => entry.version === version);
    if (known !== undefined) {
      if (known.digest === digest) return { name, version, digest, index: known.index, created: false };
      throw new SignetError('E_VERSION_EXISTS', `${name} ${version} is published already`, {
        item: `${name}@${version}`,
        expected: known.digest,
        actual: digest,
      });
    }
    const signed = options.signed ?? signRelease(facts, options.provenance, options.publishers, now);
    const provenance = checkSigned(writer, name, facts, signed, options.rules);
    const folder = join(options.directory, PATHS.release(name, version));
    // An index is a hint: what it does not list may be in the log all the same, and a version is logged once for ever.
    const logged = writer.find(
      (entry) => entry.type === 'publish' && entry.name === name && entry.version === version,
    );
    if (logged !== undefined) return finishInterrupted(writer, name, version, digest, logged);
    replaceFolder(folder, {
      'archive.tar': archive,
      'release.json': signed.release,
      ...(signed.provenance === null ? {} : { 'provenance.json': signed.provenance }),
    });
    const index = writer.commit([
      {
        type: 'publish',
        name,
        version,
        archive: digest,
        release: digestOf(sha256, facts.statement),
        provenance: provenance && digestOf(sha256, provenance),
      },
    ]);
    list(writer, name, version, digest, index);
    return { name, version, digest, index, created: true };
  } finally {
    writer.close();
  }
}

/**
 * The envelopes must be of exactly this archive, signed by keys that may release under the namespace at the next index: the
 * verifier would refuse anything else. Returns the signed bytes of the provenance.
 */
function checkSigned(
  writer: RegistryWriter,
  name: string,
  { digest, statement, manifest }: ArchiveFacts,
  signed: SignedRelease,
  rules: PolicyRules,
): Uint8Array | null {
  const namespace = name.slice(0, name.indexOf('/'));
  const latest = writer.namespaceChain(namespace).at(-1);
  if (latest === undefined) {
    throw new SignetError('E_NAMESPACE', `the registry never granted the namespace ${namespace}`, {
      item: namespace,
    });
  }
  const { threshold, version } = latest.document;
  const keys = latest.keys.map(({ key }) => key).filter((key) => covers(latest, key, writer.size));
  if (keys.length < threshold) {
    throw new SignetError('E_KEY_RANGE', `too few keys of ${namespace} may still sign a release`, {
      item: `namespace ${namespace} v${version}`,
      expected: `a threshold of ${threshold}, of keys valid at index ${writer.size}`,
      actual: keys.map(fingerprint).join(', ') || 'none',
      fix: `registry namespace rotate ${namespace} --add KEY, by its publishers`,
    });
  }
  const publishers = { keys, threshold };
  const item = `release statement of ${name}`;
  const release = parseEnvelope(signed.release, item);
  const progress = progressOf(release, `the publishers of ${namespace}`, publishers);
  if (progress.signed.length > 0)
    requireMet([progress], item, 'registry sign FILE --key NAME, where the keys of the others are');
  verifyEnvelope(release, { item, payloadType: IN_TOTO_PAYLOAD, ...publishers, verify });
  // A verifier ignores the signature of a stranger; a registry does not take it in.
  if (progress.signed.length !== release.signatures.length) {
    throw new SignetError('E_SIGNER', `${item} has a signature by a key that may not release it`, {
      item,
      expected: keys.map(fingerprint).join(', '),
      actual: release.signatures.map(({ keyid }) => keyid ?? '(no key id)').join(', '),
    });
  }
  const stated = unverifiedPayload(release, IN_TOTO_PAYLOAD, item);
  if (Buffer.compare(stated, statement) !== 0) {
    throw new SignetError('E_STATEMENT_MISMATCH', 'the release statement is not about this archive', {
      item: name,
      expected: digestOf(sha256, statement),
      actual: digestOf(sha256, stated),
    });
  }
  const provenance = signed.provenance && parseEnvelope(signed.provenance, `provenance of ${name}`);
  const subject = { name, version: manifest.version, digest };
  // The publisher's own build always counts here; whether it does for others, their policies say.
  const judge = { rules, required: rules.provenance.required, ownBuilds: true, publishers, verify };
  judgeProvenance(provenance, subject, judge);
  if (provenance === null) return null;
  return unverifiedPayload(provenance, IN_TOTO_PAYLOAD, `provenance of ${name}`);
}

/** The release was logged and not listed: it is listed now, if it is this archive. */
function finishInterrupted(
  writer: RegistryWriter,
  name: string,
  version: string,
  digest: string,
  index: number,
): Published {
  const same = writer.find((entry) => entry.type === 'publish' && entry.archive === digest) === index;
  if (!same) {
    throw new SignetError('E_VERSION_EXISTS', `${name} ${version} is in the log already`, {
      item: `${name}@${version}`,
      expected: `the archive of log entry #${index}`,
      actual: digest,
    });
  }
  const folder = PATHS.release(name, version);
  if (!existsSync(join(writer.directory, folder))) {
    throw new SignetError('E_AUDIT_MISSING', `${name} ${version} is logged, and its files are gone`, {
      item: folder,
      expected: `the files of log entry #${index}`,
      actual: 'no folder',
    });
  }
  // The crash may have come before the status of the new checkpoint was written.
  writer.renewStatus();
  list(writer, name, version, digest, index);
  return { name, version, digest, index, created: false };
}

function list(writer: RegistryWriter, name: string, version: string, digest: string, index: number): void {
  const versions = [...writer.releaseIndex(name), { version, digest, index }];
  writer.writeJson(PATHS.index(name), { type: 'index/1', versions });
}

/** Puts a folder with these files in its place in one step. */
function replaceFolder(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  const temporary = `${folder}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(temporary, { recursive: true });
    for (const [name, bytes] of Object.entries(files)) writeFileAtomic(join(temporary, name), bytes);
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
    syncDirectory(dirname(folder));
  } catch (cause) {
    rmSync(temporary, { recursive: true, force: true });
    throw cause instanceof SignetError
      ? cause
      : new SignetError('E_IO', `${folder} cannot be written`, { item: folder, cause });
  }
}

// What `registry verify` may be pointed at (DESIGN.md §3, §6): a file with its proof beside it, the folder of an installed bundle or
// of a registry, a name, or everything that is installed. Nothing to verify is never a success (THREATS.md 32).
import { lstatSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import semver from 'semver';
import { readRegularFile } from '../keys/safe-file.ts';
import { BundleName } from '../src/contracts/common.ts';
import { exitOf, type SubjectVerdict, type Verdict } from '../src/contracts/verdict.ts';
import { CODES, type ErrorCode, SignetError } from '../src/error.ts';
import { failedVerdict } from './checks/run.ts';
import { fetchRelease, keepEvidence, verifyFetched } from './fetch.ts';
import { loadBundle } from './install.ts';
import { ARCHIVE_LIMITS } from './preflight.ts';
import type { Project } from './project.ts';
import { MAX_PROOF, parseProof } from './proof.ts';
import { readStored } from './store.ts';
import { DirectoryTransport } from './transport.ts';
import type { TrustState } from './trust.ts';
import { examineRelease } from './verify.ts';

/** Ending of the proof bundle beside an archive. */
export const PROOF_SUFFIX = '.proof.json';

/**
 * The verdicts on a subject; a registry has one a release. An installed name comes before a path of the same spelling, a path
 * before a name in a registry. What cannot even be read is thrown: E_NOT_FOUND, E_IO, E_REGISTRY.
 */
export function verifySubject(project: Project, subject: string): SubjectVerdict[] {
  const [name = '', range = '*', ...rest] = subject.split('@');
  const isName = rest.length === 0 && BundleName.safeParse(name).success && semver.validRange(range) !== null;
  const installed = isName ? project.installed().find((bundle) => bundle.name === name) : undefined;
  if (installed !== undefined && semver.satisfies(installed.version, range)) {
    return [loadBundle(project, installed).verdict];
  }
  const path = resolve(project.directory, subject);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return verifyFolder(project, path);
  if (stats !== undefined) return [verifyFile(project, path)];
  if (!isName)
    throw new SignetError('E_NOT_FOUND', `there is no file and no bundle ${subject}`, { item: subject });
  const transport = project.transport(project.registryOf(name));
  return [verifyFetched(project, fetchRelease(transport, name, range)).verdict];
}

/** The verdicts on everything in the lockfile; none where nothing is installed. */
export function verifyAll(project: Project): SubjectVerdict[] {
  const installed = project.installed();
  if (installed.length === 0) return [];
  const trust = project.trustState('load', installed);
  return installed.map((bundle) => loadBundle(project, bundle, trust).verdict);
}

/** The whole answer: not ok where there was nothing to verify. */
export function summarize(subjects: readonly SubjectVerdict[]): Verdict {
  const ok = subjects.filter((verdict) => verdict.ok).length;
  const exit = exitOf(subjects);
  const worst = subjects.find((verdict) => !verdict.ok && CODES[verdict.code as ErrorCode]?.exit === exit);
  return {
    schema: 'verify/1',
    ok: exit === 0,
    code: exit === 0 ? null : (worst?.code ?? 'E_NO_SUBJECTS'),
    subjects: [...subjects],
    counts: { subjects: subjects.length, ok, refused: subjects.length - ok },
  };
}

function verifyFile(project: Project, path: string): SubjectVerdict {
  const archive = readRegularFile(path, ARCHIVE_LIMITS.maxBytes);
  if (archive === undefined) throw new SignetError('E_NOT_FOUND', `there is no file ${path}`, { item: path });
  const proof = readRegularFile(path + PROOF_SUFFIX, MAX_PROOF)?.bytes;
  return examine(project, basename(path), archive.bytes, proof, 'install');
}

function verifyFolder(project: Project, path: string): SubjectVerdict[] {
  const names = new Set(readdirSync(path));
  if (names.has('release') && names.has('root')) return verifyRegistry(project, path);
  if (names.has('files') && names.has('proof.json')) return [verifyStored(project, path)];
  const missing = new SignetError('E_UNSIGNED', `${path} is no installed bundle and no registry`, {
    item: path,
    expected: 'files/ and proof.json, or a registry',
    actual: 'a folder without a proof',
  });
  return [failedVerdict(basename(path), 'envelope', missing)];
}

function verifyStored(project: Project, path: string): SubjectVerdict {
  try {
    const { archive, proof } = readStored(path, `sha256:${basename(path)}`);
    return examine(project, basename(path), archive, proof, 'load');
  } catch (thrown) {
    if (!(thrown instanceof SignetError)) throw thrown;
    return failedVerdict(basename(path), 'files', thrown);
  }
}

/** Every release in the folder, whether an index lists it or not: one that is not listed is no release, and says so. */
function verifyRegistry(project: Project, path: string): SubjectVerdict[] {
  const transport = new DirectoryTransport(path);
  const list = (...parts: string[]): string[] => readdirSync(join(path, 'release', ...parts)).sort();
  const releases = list().flatMap((namespace) =>
    list(namespace).flatMap((name) =>
      list(namespace, name).map((version) => ({ name: `${namespace}/${name}`, version })),
    ),
  );
  return releases.map(({ name, version }) => {
    try {
      return verifyFetched(project, fetchRelease(transport, name, version)).verdict;
    } catch (thrown) {
      if (!(thrown instanceof SignetError)) throw thrown;
      return failedVerdict(`${name}@${version}`, 'limits', thrown, { name, version });
    }
  });
}

function examine(
  project: Project,
  subject: string,
  archive: Uint8Array,
  proof: Uint8Array | undefined,
  purpose: TrustState['purpose'],
): SubjectVerdict {
  const trust = project.trustState(purpose);
  const { verdict } = examineRelease(archive, proof, trust, project.clock.now());
  if (verdict.code === 'E_EQUIVOCATION' && verdict.name !== undefined && proof !== undefined) {
    const pin = project.trust.pin(project.registryOf(verdict.name).root);
    keepEvidence(project, pin, verdict.code, parseProof(proof).checkpoint);
  }
  return { ...verdict, subject };
}

// What `registry verify` may be pointed at (DESIGN.md §3, §6): a release in files, the folder of an installed bundle, of a registry or
// of releases, a name, or everything that is installed. Nothing to verify is never a success (THREATS.md 32).
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import semver from 'semver';
import { BundleName, Version } from '../src/contracts/common.ts';
import type { LockedBundle } from '../src/contracts/config.ts';
import { exitOf, type SubjectVerdict, type Verdict } from '../src/contracts/verdict.ts';
import { CODES, type ErrorCode, SignetError } from '../src/error.ts';
import { failedVerdict, withFailure } from './checks/run.ts';
import { fetchPinned, fetchRelease, keepEvidence, verifyFetched } from './fetch.ts';
import { type GivenRoot, givenTrust } from './given-root.ts';
import { loadBundle } from './load.ts';
import type { Project } from './project.ts';
import { parseProof } from './proof.ts';
import { PROOF_SUFFIX, type ReleaseFile, readReleaseFile, releaseFilesIn } from './release-file.ts';
import { readStored } from './store.ts';
import { DirectoryTransport, isRemote } from './transport.ts';
import { examineRelease } from './verify.ts';

/** By what subjects are judged: a project's policy and trust, or one root given by hand and nothing else. */
export type Judge =
  | { readonly by: 'project'; readonly project: Project; readonly offline?: boolean }
  | { readonly by: 'root'; readonly root: GivenRoot; readonly directory: string; readonly now: number };

/** A verdict, with the bytes that it is about where they could be read. */
export interface Examined {
  readonly verdict: SubjectVerdict;
  readonly release?: ReleaseFile;
}

/**
 * The verdicts on a subject; a folder has one a release. An installed name comes before a path of the same spelling, a path
 * before a name in a registry. What cannot even be read is thrown: E_NOT_FOUND, E_IO, E_REGISTRY.
 */
export function examineSubject(judge: Judge, subject: string): Examined[] {
  const examined = examineNamed(judge, subject);
  if (examined.length > 0) return examined;
  const nothing = new SignetError('E_NO_SUBJECTS', `there is nothing to verify in ${subject}`, {
    item: subject,
    expected: 'at least one release',
    actual: 'none',
  });
  return [{ verdict: failedVerdict(subject, 'limits', nothing) }];
}

function examineNamed(judge: Judge, subject: string): Examined[] {
  const directory = judge.by === 'project' ? judge.project.directory : judge.directory;
  const path = resolve(directory, subject);
  const asked = askedName(subject);
  if (judge.by === 'project' && asked !== undefined) {
    const { project } = judge;
    const inRange = project
      .installed()
      .filter(({ name, version }) => name === asked.name && semver.satisfies(version, asked.range));
    if (inRange.length > 0)
      return inRange.map((bundle) => ({ verdict: loadBundle(project, bundle).verdict }));
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return examineFolder(judge, path);
  if (stats !== undefined) return [examineFile(judge, path)];
  if (asked === undefined || judge.by === 'root') {
    throw new SignetError('E_NOT_FOUND', `there is no file ${subject}`, {
      item: subject,
      expected:
        judge.by === 'root' ? 'a file: only files count under a root given by hand' : 'a file or a name',
      actual: 'nothing',
    });
  }
  const { project } = judge;
  const registry = project.registryOf(asked.name);
  if (judge.offline === true && isRemote(registry.location)) {
    throw new SignetError(
      'E_OFFLINE',
      `${subject} is not installed, and its registry is not on this machine`,
      {
        item: subject,
        expected: 'a file, an installed bundle, or a registry in a folder',
        actual: registry.location,
      },
    );
  }
  const fetched = fetchPinned(project, asked.name, asked.range);
  return [{ verdict: verifyFetched(project, fetched).verdict, release: fetched }];
}

/** As `examineSubject`, the verdicts alone. */
export function verifySubject(project: Project, subject: string): SubjectVerdict[] {
  return examineSubject({ by: 'project', project }, subject).map(({ verdict }) => verdict);
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

function askedName(subject: string): { name: string; range: string } | undefined {
  const [name = '', range = '*', ...rest] = subject.split('@');
  const is = rest.length === 0 && BundleName.safeParse(name).success && semver.validRange(range) !== null;
  return is ? { name, range } : undefined;
}

/** A release that cannot be read is a verdict like others, so that it does not hide the rest of a folder. */
function examineFile(judge: Judge, path: string): Examined {
  const release = readReleaseFile(path);
  const verdict = judgeBytes(judge, basename(path), release);
  const half = lstatSync(`${path}.release.json`, { throwIfNoEntry: false }) !== undefined;
  if (verdict.code !== 'E_UNSIGNED' || !half) return { verdict, release };
  const unlogged = new SignetError('E_UNSIGNED', `${basename(path)} is signed, and not logged`, {
    item: basename(path),
    expected: `${basename(path)}${PROOF_SUFFIX}`,
    actual: 'no proof bundle',
    fix: `registry publish ${path}`,
  });
  return { verdict: withFailure(verdict, 'envelope', unlogged), release };
}

function examineFolder(judge: Judge, path: string): Examined[] {
  const names = new Set(readdirSync(path));
  if (judge.by === 'project' && names.has('release') && names.has('root'))
    return verifyRegistry(judge.project, path).map((verdict) => ({ verdict }));
  if (names.has('files') && names.has('proof.json')) return [examineStored(judge, path)];
  const files = releaseFilesIn(path);
  if (files.length > 0) return files.map((file) => orRefused(basename(file), () => examineFile(judge, file)));
  const missing = new SignetError(
    'E_UNSIGNED',
    `${path} is no installed bundle, no registry, and has no release`,
    {
      item: path,
      expected: 'files/ and proof.json, a registry, or files that end in .tar or .signet',
      actual: 'a folder without a proof',
    },
  );
  return [{ verdict: failedVerdict(basename(path), 'envelope', missing) }];
}

function orRefused(subject: string, examine: () => Examined): Examined {
  try {
    return examine();
  } catch (thrown) {
    if (!(thrown instanceof SignetError)) throw thrown;
    return { verdict: failedVerdict(subject, 'limits', thrown) };
  }
}

/**
 * The folder of a bundle. Only where it is the very one that the lockfile names, in the project's own store, is it judged as at
 * load, which takes older documents and a status that was seen since; any other folder is as strange as a file.
 */
function examineStored(judge: Judge, path: string): Examined {
  const subject = basename(path);
  const digest = `sha256:${subject}`;
  try {
    const release = readStored(path, digest);
    const locked = judge.by === 'project' ? installedAt(judge.project, path, digest) : undefined;
    if (judge.by === 'root' || locked === undefined)
      return { verdict: judgeBytes(judge, subject, release), release };
    return { verdict: { ...loadBundle(judge.project, locked).verdict, subject }, release };
  } catch (thrown) {
    if (!(thrown instanceof SignetError)) throw thrown;
    return { verdict: failedVerdict(subject, 'files', thrown) };
  }
}

function installedAt(project: Project, path: string, digest: string): LockedBundle | undefined {
  const own = project.store.path(digest);
  if (lstatSync(own, { throwIfNoEntry: false }) === undefined || realpathSync(path) !== realpathSync(own))
    return undefined;
  return project.installed().find((bundle) => bundle.digest === digest);
}

/** Every release in the folder, whether an index lists it or not: one that is not listed is no release, and says so. */
function verifyRegistry(project: Project, path: string): SubjectVerdict[] {
  const transport = new DirectoryTransport(path);
  return releaseFolders(join(path, 'release')).map(({ name, version }) => {
    try {
      // A folder of any other name would be a range, which another release satisfies.
      if (!BundleName.safeParse(name).success || !Version.safeParse(version).success) {
        throw new SignetError('E_REGISTRY', 'there is something under release/ that is no release', {
          item: `release/${name}/${version}`,
          expected: 'release/NAMESPACE/NAME/VERSION',
          actual: `${name}/${version}`,
        });
      }
      return verifyFetched(project, fetchRelease(transport, name, version)).verdict;
    } catch (thrown) {
      if (!(thrown instanceof SignetError)) throw thrown;
      return failedVerdict(`${name}@${version}`, 'limits', thrown, { name, version });
    }
  });
}

/** What stands three steps below `release`; what ends before that has the version ''. */
function releaseFolders(release: string): { name: string; version: string }[] {
  const list = (...parts: string[]): [name: string, isFolder: boolean][] =>
    readdirSync(join(release, ...parts), { withFileTypes: true })
      .map((entry): [string, boolean] => [entry.name, entry.isDirectory()])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  return list().flatMap(([namespace, isNamespace]) => {
    if (!isNamespace) return [{ name: namespace, version: '' }];
    return list(namespace).flatMap(([own, isName]) => {
      const name = `${namespace}/${own}`;
      if (!isName) return [{ name, version: '' }];
      return list(namespace, own).map(([version]) => ({ name, version }));
    });
  });
}

function judgeBytes(judge: Judge, subject: string, { archive, proof }: ReleaseFile): SubjectVerdict {
  // Nothing is installed by this verdict: one verifier, as DESIGN.md §3 "Ed25519" has it. `install` asks both.
  if (judge.by === 'root') {
    const trust = { ...givenTrust(judge.root, proof), verifiers: 'one' as const };
    return { ...examineRelease(archive, proof, trust, judge.now).verdict, subject };
  }
  const { project } = judge;
  const trust = { ...project.trustState('install'), verifiers: 'one' as const };
  const { verdict } = examineRelease(archive, proof, trust, project.clock.now());
  if (verdict.code === 'E_EQUIVOCATION' && verdict.name !== undefined && proof !== undefined) {
    const pin = project.trust.pin(project.registryOf(verdict.name).root);
    keepEvidence(project, pin, verdict.code, parseProof(proof).checkpoint);
  }
  return { ...verdict, subject };
}

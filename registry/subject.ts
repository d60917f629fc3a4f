// What `registry verify` may be pointed at (DESIGN.md §3, §6): a release in files, the folder of an installed bundle, of a registry or
// of releases, a name, or everything that is installed. Nothing to verify is never a success (THREATS.md 32).
import { lstatSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import semver from 'semver';
import { BundleName } from '../src/contracts/common.ts';
import { exitOf, type SubjectVerdict, type Verdict } from '../src/contracts/verdict.ts';
import { CODES, type ErrorCode, SignetError } from '../src/error.ts';
import { failedVerdict } from './checks/run.ts';
import { fetchRelease, keepEvidence, verifyFetched } from './fetch.ts';
import { type GivenRoot, givenTrust } from './given-root.ts';
import { loadBundle } from './install.ts';
import { isRemote, type Project } from './project.ts';
import { parseProof } from './proof.ts';
import { type ReleaseFile, readReleaseFile, releaseFilesIn } from './release-file.ts';
import { readStored } from './store.ts';
import { DirectoryTransport } from './transport.ts';
import type { TrustState } from './trust.ts';
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
  const directory = judge.by === 'project' ? judge.project.directory : judge.directory;
  const path = resolve(directory, subject);
  const asked = askedName(subject);
  if (judge.by === 'project' && asked !== undefined) {
    const installed = judge.project.installed().find((bundle) => bundle.name === asked.name);
    if (installed !== undefined && semver.satisfies(installed.version, asked.range))
      return [{ verdict: loadBundle(judge.project, installed).verdict }];
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
  const fetched = fetchRelease(project.transport(registry), asked.name, asked.range);
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
  return { verdict: judgeBytes(judge, basename(path), release, 'install'), release };
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

function examineStored(judge: Judge, path: string): Examined {
  const subject = basename(path);
  try {
    const release = readStored(path, `sha256:${subject}`);
    return { verdict: judgeBytes(judge, subject, release, 'load'), release };
  } catch (thrown) {
    if (!(thrown instanceof SignetError)) throw thrown;
    return { verdict: failedVerdict(subject, 'files', thrown) };
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

function judgeBytes(
  judge: Judge,
  subject: string,
  { archive, proof }: ReleaseFile,
  purpose: TrustState['purpose'],
): SubjectVerdict {
  // Nothing is installed by this verdict: one verifier, as DESIGN.md §3 "Ed25519" has it. `install` asks both.
  if (judge.by === 'root') {
    const trust = { ...givenTrust(judge.root, proof), verifiers: 'one' as const };
    return { ...examineRelease(archive, proof, trust, judge.now).verdict, subject };
  }
  const { project } = judge;
  const trust = { ...project.trustState(purpose), verifiers: 'one' as const };
  const { verdict } = examineRelease(archive, proof, trust, project.clock.now());
  if (verdict.code === 'E_EQUIVOCATION' && verdict.name !== undefined && proof !== undefined) {
    const pin = project.trust.pin(project.registryOf(verdict.name).root);
    keepEvidence(project, pin, verdict.code, parseProof(proof).checkpoint);
  }
  return { ...verdict, subject };
}

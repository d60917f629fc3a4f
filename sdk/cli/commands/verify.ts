// `registry verify SUBJECT…`: everything is verified before anything is said to be; nothing to verify is no success.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOST_VERSION } from '../../../host/version.ts';
import { readRegularFile } from '../../../keys/safe-file.ts';
import { failedVerdict, withExtra } from '../../../registry/checks/run.ts';
import { confirmRoot } from '../../../registry/given-root.ts';
import {
  type Examined,
  examineSubject,
  type Judge,
  summarize,
  verifyAll,
} from '../../../registry/subject.ts';
import { type Listed, listSubjects } from '../../../registry/subject-list.ts';
import { exitOf, type SubjectVerdict } from '../../../src/contracts/verdict.ts';
import { SignetError } from '../../../src/error.ts';
import { directoryOf, type Invocation, type Run, text } from '../command.ts';
import { formatVerdict } from '../verdict.ts';

const MAX_ROOT = 1024 * 1024;
const MAX_LIST = 64 * 1024 * 1024;

export const run: Run = async (invocation) => {
  const { positionals, flags, json, output } = invocation;
  const judge = await judgeOf(invocation);
  const listed = listSubjects(
    judge.by === 'project' ? judge.project.directory : judge.directory,
    positionals,
    readList,
  );
  const all = flags['all'] === true && judge.by === 'project' ? verifyAll(judge.project) : [];
  // With other subjects beside it, "everything that is installed" must not vanish because nothing is.
  if (flags['all'] === true && all.length === 0 && listed.length > 0)
    all.push(failedVerdict('--all', 'limits', nothingInstalled()));
  let examined = listed.flatMap((one) => examineListed(judge, one));
  const source = text(invocation, 'rebuild');
  if (source !== undefined) examined = [await rebuilt(judge, all, examined, source)];
  const verdicts = [...all, ...examined.map(({ verdict }) => verdict)];
  const summary = summarize(verdicts);
  if (json) output.result(`${JSON.stringify(summary)}\n`);
  else {
    for (const verdict of verdicts) output.result(formatVerdict(verdict));
    if (verdicts.length === 0) output.result(nothing(flags['all'] === true));
    else if (verdicts.length > 1)
      output.result(`${summary.counts.ok} verified, ${summary.counts.refused} refused\n`);
  }
  return exitOf(verdicts);
};

/** The project, or the one root that the operator gives by hand. */
async function judgeOf(invocation: Invocation): Promise<Judge> {
  const [file, given] = [text(invocation, 'root'), text(invocation, 'fingerprint')];
  if (file === undefined && given === undefined) {
    // With the keyring and the reader of policy.yaml: what a root given by hand does not need.
    const { openProject } = await import('../../open-project.ts');
    const { projectPaths } = await import('../../../host/paths.ts');
    return {
      by: 'project',
      project: openProject(projectPaths(directoryOf(invocation))),
      offline: invocation.flags['offline'] === true,
    };
  }
  if (invocation.flags['all'] === true)
    throw new SignetError('E_USAGE', '--all is about a project; --root needs none', {
      fix: 'registry verify --help',
    });
  const fingerprint = file === undefined ? (given as string) : confirmRoot(readRoot(file), given, file);
  const root = { fingerprint, host: HOST_VERSION };
  return { by: 'root', root, directory: directoryOf(invocation), now: Date.now() };
}

function readRoot(file: string): Uint8Array {
  const found = readRegularFile(file, MAX_ROOT);
  if (found !== undefined) return found.bytes;
  throw new SignetError('E_NOT_FOUND', `there is no file ${file}`, { item: file });
}

function readList(): string {
  const bytes = readFileSync(0);
  if (bytes.length <= MAX_LIST) return bytes.toString('utf8');
  throw new SignetError('E_LIMIT', 'the list on stdin is too large', {
    expected: `at most ${MAX_LIST} bytes`,
  });
}

/** A subject that cannot be read is a verdict like others, so that one of them does not hide the rest. */
function examineListed(judge: Judge, listed: Listed): Examined[] {
  const { subject } = listed;
  try {
    if ('refused' in listed) throw listed.refused;
    if (judge.by === 'project' && !existsSync(join(judge.project.directory, 'policy.yaml')))
      throw noRoot(subject);
    return examineSubject(judge, subject);
  } catch (thrown) {
    if (thrown instanceof SignetError) return [{ verdict: failedVerdict(subject, 'limits', thrown) }];
    throw thrown;
  }
}

/** A machine that never saw the registry: nothing is wrong with the subject, and nothing can be said of it. */
const noRoot = (subject: string): SignetError =>
  new SignetError('E_ROOT_UNPINNED', `no root is pinned here that could speak for ${subject}`, {
    item: subject,
    expected: 'policy.yaml with a pinned root, or a root given by hand',
    actual: 'neither',
    fix: `registry verify ${subject} --fingerprint SHA256:…, with the fingerprint of the registry’s root from a source you trust`,
  });

/** The one subject, whose source folder must build to it. */
async function rebuilt(
  judge: Judge,
  all: readonly SubjectVerdict[],
  examined: readonly Examined[],
  source: string,
): Promise<Examined> {
  const [one] = examined;
  if (one === undefined || examined.length > 1 || all.length > 0)
    throw new SignetError('E_USAGE', '--rebuild is about one subject', { fix: 'registry verify --help' });
  const { verdict } = one;
  if (!verdict.ok) return { verdict: withExtra(verdict, 'rebuild', () => '') };
  const { rebuildCheck } = await import('../rebuild.ts');
  const stored = judge.by === 'project' && verdict.digest !== undefined ? judge.project.store : undefined;
  const release = one.release ?? stored?.read(verdict.digest as string);
  const check = await rebuildCheck(release, source);
  return { verdict: withExtra(verdict, 'rebuild', check) };
}

const nothingInstalled = (): SignetError =>
  new SignetError('E_NO_SUBJECTS', 'nothing is installed', {
    item: '--all',
    expected: 'at least one installed bundle',
    actual: 'none',
    fix: 'registry install NAMESPACE/NAME',
  });

function nothing(all: boolean): string {
  return all
    ? '✗ nothing to verify: nothing is installed  E_NO_SUBJECTS\n  do: registry install NAMESPACE/NAME\n'
    : '✗ nothing to verify: no subject was named  E_NO_SUBJECTS\n  do: registry verify FILE, a folder or NAMESPACE/NAME, or --all\n';
}

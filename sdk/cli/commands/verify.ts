// `registry verify SUBJECT…`: everything is verified before anything is said to be; nothing to verify is no success.
import { projectPaths } from '../../../host/paths.ts';
import { failedVerdict } from '../../../registry/checks/run.ts';
import { summarize, verifyAll, verifySubject } from '../../../registry/subject.ts';
import { exitOf, type SubjectVerdict } from '../../../src/contracts/verdict.ts';
import { SignetError } from '../../../src/error.ts';
import { openProject } from '../../release.ts';
import { directoryOf, type Run } from '../command.ts';
import { formatVerdict } from '../verdict.ts';

export const run: Run = async (invocation) => {
  const { positionals, flags, json, output } = invocation;
  const all = flags['all'] === true;
  if (!all && positionals.length === 0)
    throw new SignetError('E_USAGE', 'name a SUBJECT, or say --all', { fix: 'registry verify --help' });
  const project = openProject(projectPaths(directoryOf(invocation)));
  const verdicts = [
    ...(all ? verifyAll(project) : []),
    ...positionals.flatMap((subject) => verifyOne(project, subject)),
  ];
  const summary = summarize(verdicts);
  if (json) output.result(`${JSON.stringify(summary)}\n`);
  else {
    for (const verdict of verdicts) output.result(formatVerdict(verdict));
    if (verdicts.length === 0)
      output.result('✗ nothing to verify: nothing is installed\n  do: registry install NAMESPACE/NAME\n');
    else if (verdicts.length > 1)
      output.result(`${summary.counts.ok} verified, ${summary.counts.refused} refused\n`);
  }
  return exitOf(verdicts);
};

/** A subject that cannot be read is a verdict like others, so that one of them does not hide the rest. */
function verifyOne(project: Parameters<typeof verifySubject>[0], subject: string): SubjectVerdict[] {
  try {
    return verifySubject(project, subject);
  } catch (thrown) {
    if (thrown instanceof SignetError) return [failedVerdict(subject, 'limits', thrown)];
    throw thrown;
  }
}

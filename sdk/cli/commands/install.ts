// `registry install NAMESPACE/NAME[@RANGE]`: shows the verdict and what changes, asks, and installs.
import { createInterface } from 'node:readline/promises';
import { fetchPinned, verifyFetched } from '../../../registry/fetch.ts';
import { type InstallResult, install, installFetched } from '../../../registry/install.ts';
import { currentVersion } from '../../../registry/lockfile.ts';
import type { Project } from '../../../registry/project.ts';
import { compareInstalled } from '../../../registry/update.ts';
import { exitOf } from '../../../src/contracts/verdict.ts';
import { SignetError } from '../../../src/error.ts';
import { openProject } from '../../open-project.ts';
import { prepareProject } from '../../project.ts';
import { directoryOf, type Output, type Run } from '../command.ts';
import { escaped } from '../escaped.ts';
import { formatVerdict } from '../verdict.ts';

export const run: Run = async (invocation) => {
  const { positionals, flags, json, output } = invocation;
  const [subject = ''] = positionals;
  const [name = '', range = '*', ...rest] = subject.split('@');
  if (rest.length > 0) throw usage(`expected NAMESPACE/NAME[@RANGE], found ${subject}`);
  const beside = flags['beside'] === true;
  const project = openProject(prepareProject(directoryOf(invocation), Date.now()).paths);
  const result =
    flags['yes'] === true
      ? install(project, name, range, { accept: true, beside })
      : await askAndInstall(project, name, range, beside, output);
  const { verdict, bundle, changes } = result;
  if (json) {
    output.result(
      `${JSON.stringify({ schema: 'install/1', ok: bundle !== undefined, code: verdict.code, verdict, bundle: bundle ?? null, changes: changes ?? null })}\n`,
    );
  } else {
    output.result(formatVerdict(verdict));
    for (const concern of changes?.concerns ?? []) output.result(escaped`  accepted: ${concern}\n`);
    if (bundle !== undefined)
      output.result(
        escaped`installed ${bundle.name} ${bundle.version}${replaced(changes, beside)}
`,
      );
  }
  return exitOf([verdict]);
};

function replaced(changes: InstallResult['changes'], beside: boolean): string {
  if (!changes?.from || changes.from === changes.to) return '';
  return `, ${beside ? 'beside' : 'in the place of'} ${changes.from}`;
}

/** What would be installed is verified and shown first; what is then installed are those very bytes. */
async function askAndInstall(
  project: Project,
  name: string,
  range: string,
  beside: boolean,
  output: Output,
): Promise<InstallResult> {
  if (!process.stdin.isTTY) throw usage('there is no terminal to ask on: say --yes');
  const fetched = fetchPinned(project, name, range);
  const { verdict, verified } = verifyFetched(project, fetched);
  if (verified === undefined) return { verdict, bundle: undefined, changes: undefined };
  output.note(formatVerdict(verdict));
  const before = currentVersion(project.installed(), name);
  for (const concern of compareInstalled(before, verified.locked).concerns)
    output.note(escaped`  note: ${concern}\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(escaped`install ${name} ${fetched.version}? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new SignetError('E_ABORTED', 'nothing was installed');
  } finally {
    terminal.close();
  }
  return installFetched(project, fetched, { accept: true, beside });
}

const usage = (sentence: string): SignetError =>
  new SignetError('E_USAGE', sentence, { fix: 'registry install --help' });

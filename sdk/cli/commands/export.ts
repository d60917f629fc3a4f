// `registry export NAME[@RANGE] --out FILE`: archive and proof bundle in one file, for a machine that never saw the registry. What is
// not verified here is not handed on.
import { projectPaths } from '../../../host/paths.ts';
import { writeFileAtomic } from '../../../keys/safe-file.ts';
import { formatExport } from '../../../registry/export.ts';
import { fetchRelease, verifyFetched } from '../../../registry/fetch.ts';
import { exportName } from '../../../registry/release-file.ts';
import { exitOf } from '../../../src/contracts/verdict.ts';
import { SignetError } from '../../../src/error.ts';
import { openProject } from '../../open-project.ts';
import { directoryOf, type Run, text } from '../command.ts';
import { escaped } from '../escaped.ts';
import { formatVerdict } from '../verdict.ts';

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const [subject = ''] = positionals;
  const [name = '', range = '*', ...rest] = subject.split('@');
  if (rest.length > 0)
    throw new SignetError('E_USAGE', `expected NAMESPACE/NAME[@RANGE], found ${subject}`, {
      fix: 'registry export --help',
    });
  const project = openProject(projectPaths(directoryOf(invocation)));
  const registry = project.registryOf(name);
  const fetched = fetchRelease(project.transport(registry), name, range);
  const { verdict } = verifyFetched(project, fetched);
  if (!verdict.ok) {
    output.result(
      json
        ? `${JSON.stringify({ schema: 'export/1', ok: false, code: verdict.code, verdict })}\n`
        : formatVerdict(verdict),
    );
    return exitOf([verdict]);
  }
  const file = text(invocation, 'out') ?? exportName(name, fetched.version);
  writeFileAtomic(file, formatExport(fetched));
  const { version, digest } = verdict;
  if (json)
    output.result(
      `${JSON.stringify({ schema: 'export/1', ok: true, code: null, name, version, digest, file, root: registry.root })}\n`,
    );
  else {
    output.result(
      escaped`${name} ${version} exported to ${file}\n  digest  ${digest}\n  root    ${registry.root}\n`,
    );
    output.note(escaped`do: registry verify ${file} --offline --fingerprint ${registry.root}\n`);
  }
  return 0;
};

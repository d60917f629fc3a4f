// `registry uninstall NAMESPACE/NAME[@RANGE]`: takes a bundle, or some of its versions, out of the project.
import { projectPaths } from '../../../host/paths.ts';
import { uninstall } from '../../../registry/uninstall.ts';
import { openProject } from '../../open-project.ts';
import { directoryOf, type Run } from '../command.ts';
import { escaped } from '../escaped.ts';
import { usage } from '../inputs.ts';

export const run: Run = async (invocation) => {
  const { positionals, flags, json, output } = invocation;
  const [subject = ''] = positionals;
  const [name = '', range = '*', ...rest] = subject.split('@');
  if (rest.length > 0) throw usage('uninstall', `expected NAMESPACE/NAME[@RANGE], found ${subject}`);
  const project = openProject(projectPaths(directoryOf(invocation)));
  const { removed, dependants } = uninstall(project, name, range, { accept: flags['yes'] === true });
  if (json) {
    output.result(`${JSON.stringify({ schema: 'uninstall/1', ok: true, removed, dependants })}\n`);
    return 0;
  }
  for (const bundle of removed) output.result(escaped`uninstalled ${bundle.name} ${bundle.version}\n`);
  for (const dependant of dependants) output.result(escaped`  refused from now on: ${dependant}\n`);
  return 0;
};

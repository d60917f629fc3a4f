// `registry list`: what the lockfile says is installed.
import { projectPaths } from '../../../host/paths.ts';
import { readLockfile } from '../../../registry/lockfile.ts';
import { directoryOf, type Run } from '../command.ts';

export const run: Run = async (invocation) => {
  const { json, output } = invocation;
  const bundles = readLockfile(projectPaths(directoryOf(invocation)).lockfile);
  if (json) output.result(`${JSON.stringify({ schema: 'list/1', ok: true, bundles })}\n`);
  else if (bundles.length === 0) output.note('nothing is installed; do: registry install NAMESPACE/NAME\n');
  else
    for (const { name, version, digest, provides } of bundles)
      output.result(`${name} ${version}  ${digest}  ${provides.join(' ')}\n`);
  return 0;
};

// `registry publish DIR|FILE`: builds, signs, logs and publishes; for an archive, the same without the build.
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { projectPaths } from '../../../host/paths.ts';
import { archiveFacts } from '../../../registry/sign.ts';
import { fullName } from '../../../src/contracts/manifest.ts';
import { SignetError } from '../../../src/error.ts';
import { prepareProject } from '../../project.ts';
import { localProvenance } from '../../provenance.ts';
import { publishArchive, renewLocal } from '../../release.ts';
import { buildFolder } from '../built.ts';
import { directoryOf, type Run, text } from '../command.ts';
import { escaped } from '../escaped.ts';
import { refreshTarget, registryTarget } from '../registry-target.ts';
import { readSigned } from '../signed-files.ts';

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const [subject = '.'] = positionals;
  const stat = statSync(subject, { throwIfNoEntry: false });
  if (stat === undefined) throw new SignetError('E_NOT_FOUND', `there is no ${subject}`, { item: subject });
  const archive = stat.isDirectory()
    ? (await buildFolder(subject, invocation)).archive
    : readFileSync(subject);
  const name = fullName(archiveFacts(archive).manifest);
  const namespace = name.slice(0, name.indexOf('/'));
  const named = text(invocation, 'registry') !== undefined;
  const target = named ? registryTarget(invocation, 'publish', namespace) : undefined;
  const paths = named
    ? projectPaths(directoryOf(invocation))
    : prepareProject(directoryOf(invocation), Date.now()).paths;
  const provenance = localProvenance(stat.isDirectory() ? subject : dirname(subject));
  const signed = stat.isDirectory() ? undefined : readSigned(subject);
  const key = text(invocation, 'key');
  const published = publishArchive({
    paths,
    name,
    archive,
    provenance,
    key,
    ...(signed === undefined ? {} : { signed }),
    ...(target === undefined ? {} : { target }),
  });
  renewLocal(paths);
  if (target !== undefined) refreshTarget(invocation, target);
  if (json) output.result(`${JSON.stringify({ schema: 'publish/1', ok: true, ...published })}\n`);
  else {
    const how = published.created
      ? `published, logged as #${published.index}`
      : `was published before, as #${published.index}`;
    output.result(escaped`${name} ${published.version} ${how}\n  digest  ${published.digest}\n`);
    output.note(escaped`do: registry install ${name}\n`);
  }
  return 0;
};

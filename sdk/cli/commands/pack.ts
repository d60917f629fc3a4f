// `registry pack DIR`: the archive in a file.
import { writeFileSync } from 'node:fs';
import { fullName } from '../../../src/contracts/manifest.ts';
import { buildFolder, builtJson, describeBuilt } from '../built.ts';
import { type Run, text } from '../command.ts';

export const run: Run = async (invocation) => {
  const { positionals, json, output } = invocation;
  const built = await buildFolder(positionals[0] ?? '.', invocation);
  const file =
    text(invocation, 'out') ?? `${fullName(built.manifest).replace('/', '-')}-${built.manifest.version}.tar`;
  writeFileSync(file, built.archive);
  output.result(json ? builtJson('pack/1', built, { file }) : describeBuilt(built));
  if (!json) output.note(`written to ${file}; do: registry sign ${file}\n`);
  return 0;
};

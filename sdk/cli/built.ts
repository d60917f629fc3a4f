// Building on behalf of a command, and how a built bundle is shown.
import { createEvaluator } from '../../host/evaluate.ts';
import { describeRequest } from '../../registry/asks.ts';
import { type BuiltBundle, buildBundle } from '../../registry/build.ts';
import { EXTENSION, fullName } from '../../src/contracts/manifest.ts';
import { oneLine } from '../../src/text.ts';
import type { Invocation } from './command.ts';

/** Builds the bundle of a source folder with a real evaluator; warnings go to stderr. */
export async function buildFolder(folder: string, { output }: Invocation): Promise<BuiltBundle> {
  const evaluator = createEvaluator();
  try {
    const built = await buildBundle({ folder, evaluate: evaluator.evaluate });
    for (const warning of built.warnings) output.note(`warning: ${warning}\n`);
    return built;
  } finally {
    await evaluator.close();
  }
}

/** Name, digest, what it provides and what it asks for. */
export function describeBuilt({ manifest, digest, files, archive }: BuiltBundle): string {
  const { provides, capabilities } = manifest.extensions[EXTENSION];
  const asks = capabilities.map(describeRequest);
  return [
    `${fullName(manifest)} ${manifest.version}  ${digest}`,
    `  files     ${files.size} in ${archive.length} bytes`,
    ...provides.map(({ kind, name, description }) => `  provides  ${kind}/${name}  ${oneLine(description)}`),
    `  asks for  ${asks.length === 0 ? 'nothing' : asks.join(' · ')}`,
    '',
  ].join('\n');
}

/** The same for machines. */
export function builtJson(
  schema: string,
  { manifest, digest, archive, warnings }: BuiltBundle,
  more: object = {},
): string {
  const { provides, capabilities } = manifest.extensions[EXTENSION];
  const body = {
    schema,
    ok: true,
    name: fullName(manifest),
    version: manifest.version,
    digest,
    bytes: archive.length,
    provides: provides.map(({ kind, name }) => `${kind}/${name}`),
    capabilities,
    warnings,
  };
  return `${JSON.stringify({ ...body, ...more })}\n`;
}

// A real bundle for the bench: built, signed, published, installed in a project of its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEvaluator } from '../host/evaluate.ts';
import type { ProjectPaths } from '../host/paths.ts';
import { buildBundle } from '../registry/build.ts';
import { install } from '../registry/install.ts';
import { openProject } from '../sdk/open-project.ts';
import { DEFAULT_KEY, prepareProject } from '../sdk/project.ts';
import { localProvenance } from '../sdk/provenance.ts';
import { publishArchive } from '../sdk/release.ts';
import { fullName } from '../src/contracts/manifest.ts';

/** Installs `local/bench` with the function `skill/echo`; `more` is put in front of its code. */
export async function installBench(
  folder: string,
  more = '',
): Promise<{ paths: ProjectPaths; digest: string; bytes: number }> {
  const { paths } = prepareProject(folder, Date.now());
  const source = join(folder, 'source');
  mkdirSync(source);
  const manifest = {
    $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
    name: 'bench',
    version: '1.0.0',
    description: 'echo',
    license: 'Apache-2.0',
    extensions: { 'dev.signet': { namespace: 'local', host: '^1.0.0', capabilities: [] } },
  };
  writeFileSync(join(source, 'plugin.json'), JSON.stringify(manifest));
  writeFileSync(
    join(source, 'index.ts'),
    `import { definePlugin, provide } from 'signet-host/plugin';
import { z } from 'zod';
${more}
const item = z.object({ k: z.string(), v: z.string(), n: z.number() });
const value = z.object({ id: z.string(), kind: z.string(), ok: z.boolean(), n: z.number(), f: z.number(), tags: z.array(z.string()), items: z.array(item) });
export default definePlugin([provide({ kind: 'skill', name: 'echo', description: 'gives back what it is given', input: value, output: value, run: (input) => input })]);
`,
  );
  const evaluator = createEvaluator();
  try {
    const built = await buildBundle({ folder: source, evaluate: evaluator.evaluate });
    const name = fullName(built.manifest);
    publishArchive({
      paths,
      name,
      archive: built.archive,
      provenance: localProvenance(source),
      key: DEFAULT_KEY,
    });
    const { bundle, verdict } = install(openProject(paths), name, '1.0.0', { accept: true });
    if (bundle === undefined) throw new Error(`not installed: ${JSON.stringify(verdict)}`);
    return { paths, digest: built.digest, bytes: built.archive.length };
  } finally {
    await evaluator.close();
  }
}

// A project of a test's own: temporary folder and configuration directory, a local registry, and bundles made from source.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createEvaluator } from '../../host/evaluate.ts';
import { addGrant, type GrantDraft } from '../../host/grants.ts';
import type { ProjectPaths } from '../../host/paths.ts';
import { buildBundle } from '../../registry/build.ts';
import { install } from '../../registry/install.ts';
import { openProject } from '../../sdk/open-project.ts';
import { DEFAULT_KEY, prepareProject } from '../../sdk/project.ts';
import { localProvenance } from '../../sdk/provenance.ts';
import { publishArchive } from '../../sdk/release.ts';

export interface SourceOptions {
  readonly name?: string;
  readonly version?: string;
  readonly host?: string;
  readonly capabilities?: readonly object[];
  readonly requires?: Readonly<Record<string, string>>;
  readonly limits?: object;
}

export interface World {
  readonly folder: string;
  readonly paths: ProjectPaths;
  /** Writes the source of a bundle `local/<name>`; `code` is its index.ts. Returns its folder. */
  source(code: string, options?: SourceOptions): string;
  build(folder: string): Promise<{ name: string; version: string; archive: Uint8Array; digest: string }>;
  /** Builds, publishes and installs. */
  bring(code: string, options?: SourceOptions): Promise<{ name: string; digest: string }>;
  grant(draft: GrantDraft): void;
  remove(): void;
}

const HEAD = `import { definePlugin, provide } from 'signet-host/plugin';\nimport { z } from 'zod';\n`;

/** A bundle's source with one function `skill/run` of any input and output, whose body is `body` (`input` and `ctx` are there). */
export function skill(body: string, head = ''): string {
  return `${HEAD}${head}
export default definePlugin([provide({ kind: 'skill', name: 'run', description: 'a test', input: z.unknown(), output: z.unknown(),
  async run(input: any, ctx) { ${body} } })]);
`;
}

/** Makes the world; its configuration directory is this process' from now on. */
export function createWorld(): World {
  const folder = mkdtempSync(join(tmpdir(), 'signet-world-'));
  process.env['SIGNET_CONFIG_DIR'] = join(folder, 'config');
  mkdirSync(join(folder, 'project'));
  const { paths } = prepareProject(join(folder, 'project'), Date.now());
  let sources = 0;

  const world: World = {
    folder,
    paths,
    source(
      code,
      { name = 'test', version = '1.0.0', host = '^1.0.0', capabilities = [], requires = {}, limits } = {},
    ) {
      const source = join(folder, `source-${++sources}`);
      const manifest = {
        $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
        name,
        version,
        description: 'a test',
        license: 'Apache-2.0',
        extensions: {
          'dev.signet': {
            namespace: 'local',
            host,
            capabilities,
            requires,
            ...(limits === undefined ? {} : { limits }),
          },
        },
      };
      for (const [file, text] of Object.entries({
        'plugin.json': JSON.stringify(manifest),
        'index.ts': code,
      })) {
        mkdirSync(dirname(join(source, file)), { recursive: true });
        writeFileSync(join(source, file), text);
      }
      return source;
    },
    async build(source) {
      const evaluator = createEvaluator();
      try {
        const { archive, digest, manifest } = await buildBundle({
          folder: source,
          evaluate: evaluator.evaluate,
        });
        return { name: `local/${manifest.name}`, version: manifest.version, archive, digest };
      } finally {
        await evaluator.close();
      }
    },
    async bring(code, options) {
      const source = world.source(code, options);
      const { name, version, archive, digest } = await world.build(source);
      publishArchive({ paths, name, archive, provenance: localProvenance(source), key: DEFAULT_KEY });
      const { verdict, bundle } = install(openProject(paths), name, version, { accept: true });
      if (bundle === undefined) throw new Error(`not installed: ${JSON.stringify(verdict)}`);
      return { name, digest };
    },
    grant: (draft) =>
      void addGrant(paths.grants, draft, { kind: 'human', id: 'test' }, { now: () => Date.now() }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  return world;
}

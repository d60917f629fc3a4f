// A project in which every attack of the table is an installed bundle: one bundle for each time limit, since limits are a
// bundle's. Beside them an honest bundle of the same publisher, and one of another: the first-party parser.
import { packArchive, readArchive } from '../../registry/archive.ts';
import { install } from '../../registry/install.ts';
import { bringFirstParty } from '../../sdk/first-party-release.ts';
import { openProject } from '../../sdk/open-project.ts';
import { DEFAULT_KEY } from '../../sdk/project.ts';
import { localProvenance } from '../../sdk/provenance.ts';
import { publishArchive } from '../../sdk/release.ts';
import { MAIN_PATH } from '../../src/contracts/manifest.ts';
import { bundleOf } from '../host/bundle-of.ts';
import { createWorld, type World } from '../host/world.ts';
import { INSTALLED_ATTACKS, KIN } from './attacks.ts';

/** Builds honest stubs, puts the attacks in their place as no build would, publishes and installs the result. */
export async function createHostileWorld(): Promise<World> {
  const world = createWorld();
  await bringFirstParty(world.paths, () => undefined);
  await world.bring(skillSource([KIN], '(input) => input'), { name: 'kin' });
  for (const [wallMs, attacks] of Map.groupBy(INSTALLED_ATTACKS, (attack) => attack.wallMs)) {
    const stubs = await world.build(
      world.source(
        skillSource(
          attacks.map(({ name }) => name),
          '() => null',
        ),
        {
          name: `hostile-${wallMs}`,
          limits: { wallMs },
          capabilities: [
            { id: 'log' },
            { id: 'fs.read', paths: 'granted' },
            { id: 'exec', commands: 'granted' },
          ],
        },
      ),
    );
    const main = bundleOf(Object.fromEntries(attacks.map(({ name, run }) => [name, run])));
    bringArchive(world, stubs.name, stubs.version, withMain(stubs.archive, main));
  }
  return world;
}

function skillSource(names: readonly string[], run: string): string {
  const provided = (name: string): string =>
    `provide({ kind: 'skill', name: '${name}', description: 'a test', input: z.unknown(), output: z.unknown(), run: ${run} })`;
  return `import { definePlugin, provide } from 'signet-host/plugin';
import { z } from 'zod';
export default definePlugin([${names.map(provided).join(',')}]);
`;
}

function withMain(archive: Uint8Array, code: string): Uint8Array {
  const files = [...readArchive(archive)].filter(([path]) => path !== 'FILES.json');
  return packArchive(
    files.map(([path, { bytes }]) => ({
      path,
      bytes: path === MAIN_PATH ? new TextEncoder().encode(code) : bytes,
    })),
  );
}

function bringArchive(world: World, name: string, version: string, archive: Uint8Array): void {
  const { paths } = world;
  publishArchive({ paths, name, archive, provenance: localProvenance(paths.project), key: DEFAULT_KEY });
  const { verdict, bundle } = install(openProject(paths), name, version, { accept: true });
  if (bundle === undefined) throw new Error(`not installed: ${JSON.stringify(verdict)}`);
}

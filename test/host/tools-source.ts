// A bundle `local/tools` of small skills for tests of the whole host, and its journal as it is on disk.
import { readJournalStore } from '../../host/journal-store.ts';
import type { ProjectPaths } from '../../host/paths.ts';
import { sha256 } from '../../keys/hash.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { readRecords, storeSource } from '../../src/journal-reader.ts';
import type { SourceOptions, World } from './world.ts';

const BODIES: Readonly<Record<string, string>> = {
  echo: 'return input;',
  nothing: 'return { got: input === null ? "null" : typeof input };',
  keep: "return await ctx.kv.set('k', String(input));",
  kept: "return await ctx.kv.get('k');",
  says: "await ctx.log.info('hello', { n: 1 }); return ctx.dryRun;",
  runs: 'return await ctx.exec({ command: input });',
  never: 'await new Promise(() => {});',
  counts: 'return ++count;',
  throws: "throw new Error('no');",
};

/** The code of a bundle whose skills have these bodies. */
export function skills(bodies: Readonly<Record<string, string>>): string {
  const provided = Object.entries(bodies).map(
    ([name, body]) =>
      `provide({ kind: 'skill', name: '${name}', description: 'a test', input: z.unknown(), output: z.unknown(), async run(input: any, ctx) { ${body} } }),`,
  );
  return `import { definePlugin, provide } from 'signet-host/plugin';
import { z } from 'zod';
let count = 0;
export default definePlugin([
${provided.join('\n')}
]);
void count;
`;
}

/** Builds, publishes and installs `local/tools`. */
export function bringTools(world: World, options: SourceOptions = {}): ReturnType<World['bring']> {
  const capabilities = [{ id: 'log' }, { id: 'kv' }, { id: 'exec', commands: 'granted' }];
  return world.bring(skills(BODIES), { name: 'tools', capabilities, ...options });
}

/** Grants `local/tools` its key-value store, of class mutate. */
export function grantKv(world: World): void {
  world.grant({ bundle: 'local/tools', capability: 'kv', class: 'mutate', reason: 'test' });
}

/** Grants `local/tools` one shell line under its own text. */
export function grantShell(world: World, command: string): void {
  world.grant({
    bundle: 'local/tools',
    capability: 'exec',
    class: 'mutate',
    command,
    program: '/bin/sh',
    args: ['-c', command],
    stdin: false,
    shell: true,
    reason: 'test',
  });
}

/** What the journal of a closed host holds. */
export function recordsOf(paths: ProjectPaths): JournalEntry[] {
  return [...readRecords(storeSource(readJournalStore(paths.journal)), sha256)].map(({ record }) => record);
}

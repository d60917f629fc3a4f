// What `npm pack` needs beside the sources: `dist/` with the compiled modules, the two bundled scripts of the host, and the
// first-party archives (DESIGN.md §8 "TypeScript run as is"; FLOORS.md: Node refuses `.ts` under node_modules, and a command
// starts as fast as it has little to load). One chunk a command, readable, with what Signet uses of zod, semver and yaml inside.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type CodeSplittingNameFunction, type Plugin } from 'rolldown';
import { bundledScripts } from '../host/bundled.ts';
import { firstPartyLockFile } from '../registry/first-party.ts';
import { archiveFile, loadFirstParty } from './first-party.ts';

/** What is loaded from the package's dependencies, and only by what needs it. */
const EXTERNAL = ['esbuild', 'isolated-vm', 'tar', 'tweetnacl'];
const ENTRIES = {
  cli: 'sdk/cli/main.ts',
  plugin: 'sdk/plugin.ts',
  runtime: 'sdk/runtime.ts',
  testing: 'sdk/testing.ts',
};
/** Chunks by name: everything that a module needs to be imported. The command that is run most is made of two. */
const CHUNKS = { cli: 'sdk/cli/main.ts', verify: 'sdk/cli/commands/verify.ts' };

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');
const { resolve: find } = createRequire(import.meta.url);

rmSync(dist, { recursive: true, force: true });
const compiler = join(dirname(find('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });

/** Each module goes on seeing the address that it has among the sources: every chunk lies one folder below `dist/`. */
const ownAddress: Plugin = {
  name: 'own-address',
  transform(code, id) {
    if (!id.startsWith(root) || !id.endsWith('.ts')) return null;
    const address = JSON.stringify(`../${relative(root, id).replace(/\.ts$/, '.js')}`);
    return code.replaceAll('import.meta.url', `new URL(${address}, import.meta.url).href`);
  },
};

/**
 * Node's own modules without `import`, which reads every export there is: of `node:crypto` and `node:fs` that loads what no
 * command uses, and takes longer than verifying a release.
 */
const builtins: Plugin = {
  name: 'builtins',
  resolveId(id, importer, { kind }) {
    if (!id.startsWith('node:') || kind !== 'import-statement' || importer?.startsWith('\0')) return null;
    return { id: `\0${id}`, moduleSideEffects: false };
  },
  async load(id) {
    if (!id.startsWith('\0node:')) return null;
    const names = Object.keys((await import(id.slice(1))) as object).filter((name) => name !== 'default');
    return [
      `const own = process.getBuiltinModule(${JSON.stringify(id.slice(1))});`,
      'export default own;',
      ...names.map(
        (name, i) => `const e${i} = /* @__PURE__ */ (() => own.${name})();\nexport { e${i} as ${name} };`,
      ),
    ].join('\n');
  },
};

type Modules = Parameters<CodeSplittingNameFunction>[1];

/** Everything that is evaluated where the module is imported. */
function needed(module: string, modules: Modules, found = new Set<string>()): Set<string> {
  if (found.has(module)) return found;
  found.add(module);
  for (const imported of modules.getModuleInfo(module)?.importedIds ?? []) needed(imported, modules, found);
  return found;
}

const members = new Map<string, Set<string>>();
/** The first chunk of the table that needs the module; where none does, it is split as the entries need it. */
function chunkOf(module: string, modules: Modules): string | null {
  for (const [name, entry] of Object.entries(CHUNKS)) {
    if (!members.has(name)) members.set(name, needed(join(root, entry), modules));
    if (members.get(name)?.has(module) === true) return name;
  }
  return null;
}

const { output } = await build({
  cwd: root,
  input: ENTRIES,
  platform: 'node',
  external: EXTERNAL,
  plugins: [ownAddress, builtins],
  output: {
    dir: dist,
    format: 'esm',
    entryFileNames: 'sdk/[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: { groups: [{ debugName: 'start', name: chunkOf }] },
    comments: false,
  },
});
const inside = output.flatMap((file) => (file.type === 'chunk' ? Object.keys(file.modules) : []));
/** What is inside the prelude of every isolate. */
const inPrelude = ['whatwg-url', '@noble/hashes/sha2.js'].map((name) => find(name));
writeFileSync(join(dist, 'THIRD-PARTY.txt'), licences([...inside, ...inPrelude]));

const bundled = join(dist, 'host', 'bundled');
mkdirSync(bundled, { recursive: true });
for (const [name, script] of Object.entries(await bundledScripts()))
  writeFileSync(join(bundled, `${name}.js`), script);

const skills = join(dist, 'skills');
mkdirSync(skills, { recursive: true });
cpSync(firstPartyLockFile(), firstPartyLockFile(skills));
for (const { name, archive } of await loadFirstParty())
  writeFileSync(join(skills, archiveFile(name)), archive);
cpSync(join(root, 'sdk', 'template'), join(dist, 'sdk', 'template'), { recursive: true });

/** The licence of every package of which something is inside. */
function licences(modules: readonly string[]): string {
  const folders = modules.flatMap((path) => /^\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry)) ?? 'LICENSE';
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

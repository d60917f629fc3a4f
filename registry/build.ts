// From an author's folder to a bundle, confined and reproducible; and Signet's own scripts. The gate of esbuild (DESIGN.md §2
// and §7, FORMAT.md "Manifest and build", THREATS.md 38).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { EXTENSION, type Manifest } from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { archiveDigest, type PackFile, packArchive, readArchive } from './archive.ts';
import { mayComputeImports, refuseComputedImports } from './computed-imports.ts';
import { checkLoads, type Evaluate, evaluateGuest } from './evaluate-guest.ts';
import { DESCRIBE_ENTRY, GUEST_ENTRY, PLUGIN_MODULE, SOURCE_ENTRY, ZOD_STUB } from './guest-modules.ts';
import { readManifest, readSourceManifest } from './manifest.ts';
import type { ArchiveFile } from './preflight.ts';
import { readDescription } from './provides.ts';
import {
  type ImportedFile,
  ImportResolver,
  type InstalledPackage,
  type NativeResolve,
} from './resolve-import.ts';
import { openFolder, readOwn, readProse, readRegular } from './source-folder.ts';

/** esbuild's exact version: part of what a build is reproducible for. */
export const ESBUILD_VERSION = esbuild.version;

const LOADERS: Readonly<Record<string, esbuild.Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.json': 'json',
};

/** Settings shared by everything that is bundled; a stranger's tsconfig.json is not read, since one is given here. */
const COMMON = {
  bundle: true,
  write: false,
  target: 'es2024',
  charset: 'utf8',
  legalComments: 'eof',
  logLevel: 'silent',
  tsconfigRaw: { compilerOptions: { target: 'es2024', useDefineForClassFields: true } },
} as const satisfies esbuild.BuildOptions;

export type { Evaluate };

export interface BuiltBundle {
  readonly archive: Uint8Array;
  /** `sha256:<hex>` of the archive. */
  readonly digest: string;
  readonly manifest: Manifest;
  /** The archive's files by path, as `readArchive` yields them. */
  readonly files: ReadonlyMap<string, ArchiveFile>;
  /** One line each: what was dropped or left out. */
  readonly warnings: readonly string[];
}

/**
 * Builds the bundle of a source folder: plugin.json with index.ts, or with nothing but skills/<name>/SKILL.md. The same
 * source gives the same bytes anywhere. Code of the folder runs only inside `evaluate`. E_BUILD, E_BUILD_IMPORT,
 * E_BUILD_EVALUATE, E_SCHEMA_IN_GUEST, and the codes of manifest, schemas and archive.
 */
export async function buildBundle(options: { folder: string; evaluate: Evaluate }): Promise<BuiltBundle> {
  const folder = openFolder(options.folder);
  const own = readOwn(folder, 'plugin.json');
  if (own === undefined) {
    throw new SignetError('E_BUILD', `${options.folder} has no plugin.json`, { item: options.folder });
  }
  const source = readSourceManifest(own);
  const prose = readProse(folder);
  const warnings = [...prose.warnings];
  const files: PackFile[] = [...prose.files];
  const mcp = files.find(({ path: name }) => name === 'mcp.json');
  if (mcp !== undefined) parseJson(mcp.bytes, 'mcp.json');

  const { main: _, ...signet } = source.extensions[EXTENSION];
  const extension: Record<string, unknown> = { ...signet, provides: [] };
  if (readOwn(folder, 'index.ts') !== undefined) {
    const described = await bundleGuest(folder, 'describe');
    const text = await evaluateGuest(options.evaluate, `${described.code}\n__signet_described.describe()`);
    const result = readDescription(text, source);
    const shipped = await bundleGuest(folder, 'ship');
    await checkLoads(options.evaluate, shipped.code, result.provides);
    extension['provides'] = result.provides;
    extension['main'] = './dev.signet/main.js';
    files.push({ path: 'dev.signet/main.js', bytes: Buffer.from(shipped.code) });
    files.push({ path: 'dev.signet/main.js.map', bytes: Buffer.from(shipped.map) });
    warnings.push(...result.warnings, ...shipped.warnings);
  } else if (source.extensions[EXTENSION].provides.length > 0) {
    throw new SignetError('E_BUILD', 'plugin.json names functions, but there is no index.ts', {
      item: 'index.ts',
    });
  } else if (!files.some(({ path: name }) => name.startsWith('skills/'))) {
    throw new SignetError('E_BUILD', 'there is neither an index.ts nor a skills/<name>/SKILL.md', {
      item: folder,
    });
  }

  const extensions = { ...source.extensions, [EXTENSION]: extension };
  const plugin = Buffer.from(`${JSON.stringify(sorted({ ...source, extensions }), null, 2)}\n`);
  const manifest = readManifest(plugin);
  files.push({ path: 'plugin.json', bytes: plugin });
  const archive = packArchive(files);
  return { archive, digest: archiveDigest(archive), manifest, files: readArchive(archive), warnings };
}

/** Objects with their keys in canonical order, at every depth: pretty JSON of it has one form. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, sorted(field)]),
  );
}

interface GuestScript {
  readonly code: string;
  readonly map: string;
  readonly warnings: string[];
}

/**
 * One script of the source folder (a real path) whose entry is `index.ts`. `describe`: yields the global `__signet_described`
 * with a function `describe`, with zod inside. `ship`: calls `__signet_define` once. E_BUILD, E_BUILD_IMPORT.
 */
async function bundleGuest(folder: string, pass: 'describe' | 'ship'): Promise<GuestScript> {
  // The bundler stands in a folder without files, wherever this process does.
  const empty = mkdtempSync(path.join(tmpdir(), 'signet-build-'));
  try {
    const result = await esbuild.build({
      ...COMMON,
      absWorkingDir: empty,
      entryPoints: ['entry'],
      outfile: 'main.js',
      // The guest has the web's globals and nothing of Node: where a package has a variant for browsers, it is that.
      platform: 'browser',
      format: 'iife',
      define: { 'process.env.NODE_ENV': '"production"' },
      sourcemap: 'external',
      sourcesContent: false,
      footer: { js: ';undefined' },
      ...(pass === 'describe' ? { globalName: '__signet_described', footer: {}, sourcemap: false } : {}),
      plugins: [confinement(folder, pass)],
    });
    const text = (suffix: string): string =>
      result.outputFiles.find((file) => file.path.endsWith(suffix))?.text ?? '';
    return { code: text('.js'), map: text('.map'), warnings: result.warnings.map(describeMessage).sort() };
  } catch (thrown) {
    const errors = (thrown as Partial<esbuild.BuildFailure>).errors ?? [];
    const sorted = [...errors].sort((a, b) => (describeMessage(a) < describeMessage(b) ? -1 : 1));
    const own = sorted.find((error) => error.detail instanceof SignetError);
    if (own !== undefined) throw withPlace(own.detail as SignetError, own.location);
    if (sorted.length === 0) throw thrown;
    throw new SignetError('E_BUILD', sorted.slice(0, 20).map(describeMessage).join('; '), {
      item: 'index.ts',
    });
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}

const describeMessage = ({ location, text }: esbuild.Message): string =>
  location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;

function withPlace(error: SignetError, location: esbuild.Location | null): SignetError {
  const place = location === null ? '' : `${location.file}:${location.line}: `;
  return new SignetError(error.code, place + error.message, {
    ...error.toJSON(),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}

/** Every import is resolved and loaded here; esbuild itself only answers what a package offers, and is checked. */
function confinement(folder: string, pass: 'describe' | 'ship'): esbuild.Plugin {
  const virtual = new Map<string, string>([
    ['entry', pass === 'describe' ? DESCRIBE_ENTRY : GUEST_ENTRY],
    ['signet-host/plugin', PLUGIN_MODULE],
    ...(pass === 'ship' ? [['zod', ZOD_STUB] as const] : []),
  ]);
  return {
    name: 'signet',
    setup(build) {
      const resolver = new ImportResolver(folder);
      const files = new Map<string, ImportedFile>();
      const RAW = Symbol('asked by this plugin');
      const resolve = async ({ path: specifier, importer, namespace, kind }: esbuild.OnResolveArgs) => {
        if (kind === 'entry-point') return { path: 'entry', namespace: 'signet' };
        if (specifier !== 'entry' && virtual.has(specifier)) {
          return { path: specifier, namespace: 'signet', sideEffects: false };
        }
        const native: NativeResolve = async (asked, resolveDir) => {
          const found = await build.resolve(asked, { resolveDir, kind, pluginData: RAW });
          const usable = found.errors.length === 0 && !found.external && found.namespace === 'file';
          return usable ? { path: found.path, sideEffects: found.sideEffects } : undefined;
        };
        const from = files.get(`${namespace}:${importer}`);
        const file =
          specifier === 'zod'
            ? await ImportResolver.inPackage('zod', SIGNET_ROOT, OWN_ZOD, native)
            : specifier === SOURCE_ENTRY && namespace === 'signet'
              ? await resolver.resolve('./index.ts', undefined, native)
              : await resolver.resolve(specifier, from, native);
        const space = file.from === undefined ? 'source' : 'npm';
        files.set(`${space}:${file.virtual}`, file);
        return { path: file.virtual, namespace: space, sideEffects: file.sideEffects };
      };
      build.onResolve({ filter: /.*/ }, async (asked) => {
        if (asked.pluginData === RAW) return undefined;
        // Returned rather than thrown, so that esbuild adds the place of the import.
        return resolve(asked).catch((error: Error) => ({ errors: [{ text: error.message, detail: error }] }));
      });
      build.onLoad({ filter: /.*/, namespace: 'signet' }, ({ path: name }) => ({
        contents: virtual.get(name) ?? '',
        loader: 'js',
      }));
      build.onLoad({ filter: /.*/ }, async ({ path: name, namespace }) => {
        const file = files.get(`${namespace}:${name}`);
        const loader = LOADERS[path.extname(name)];
        if (file === undefined || loader === undefined) {
          throw new SignetError('E_BUILD_IMPORT', `${name} is not a kind of file that can be bundled`, {
            item: name,
            expected: Object.keys(LOADERS).join(', '),
          });
        }
        const contents = readRegular(file.file, name);
        return (await failureOf(contents, loader, name)) ?? { contents, loader };
      });
    },
  };
}

/** What keeps a module out of the bundle: it computes imports, or cannot be read. */
async function failureOf(
  contents: Uint8Array,
  loader: esbuild.Loader,
  name: string,
): Promise<esbuild.OnLoadResult | undefined> {
  const source = Buffer.from(contents).toString('utf8');
  if (loader === 'json' || !mayComputeImports(source)) return undefined;
  const { target, charset, logLevel, tsconfigRaw } = COMMON;
  const plain = { minifyWhitespace: true, legalComments: 'none', sourcefile: name } as const;
  try {
    const { code } = await esbuild.transform(source, {
      ...{ target, charset, logLevel, tsconfigRaw, loader },
      ...plain,
    });
    refuseComputedImports(code, name);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof SignetError) return { errors: [{ text: thrown.message, detail: thrown }] };
    return { errors: (thrown as esbuild.TransformFailure).errors };
  }
}

const SIGNET_ROOT = path.dirname(fileURLToPath(import.meta.url));
/** Signet's own zod, found as Node finds it: the only package that comes from outside the author's project. */
const OWN_ZOD: InstalledPackage = {
  project: SIGNET_ROOT,
  key: 'zod',
  folder: path.dirname(fileURLToPath(import.meta.resolve('zod/package.json'))),
  name: 'zod',
  version: 'own',
};

/** Of scripts for an isolate, each of which keeps the text: at one byte a character. */
const GUEST = {
  charset: 'ascii',
  mainFields: ['module', 'main'],
  minifyWhitespace: true,
  minifySyntax: true,
} satisfies esbuild.BuildOptions;

export interface ScriptOptions {
  /** `iife` without anything of Node; `esm` and `cjs` for Node, with its builtins left as imports. */
  readonly format: 'iife' | 'esm' | 'cjs';
  /** Packages that are left as imports too. */
  readonly external?: readonly string[];
  /** Files that take a package's place. */
  readonly alias?: Readonly<Record<string, string>>;
  /** The variable that takes the exports of an `iife`. */
  readonly globalName?: string;
}

/** One of Signet's own scripts from TypeScript, as text. E_BUILD. */
export function bundleScript(entryFile: string, options: ScriptOptions): string {
  const { format, external = [], alias = {}, globalName } = options;
  try {
    const result = esbuild.buildSync({
      ...COMMON,
      entryPoints: [entryFile],
      absWorkingDir: path.dirname(entryFile),
      platform: format === 'iife' ? 'neutral' : 'node',
      format,
      external: [...external],
      alias,
      ...(format === 'iife' ? GUEST : {}),
      ...(globalName === undefined ? {} : { globalName }),
    });
    return result.outputFiles[0]?.text ?? '';
  } catch (cause) {
    const errors = (cause as Partial<esbuild.BuildFailure>).errors ?? [];
    const text = errors.map(describeMessage).join('; ') || String(cause);
    throw new SignetError('E_BUILD', text, { item: entryFile, cause });
  }
}

// Where an import of a bundle's source leads: a file of its folder, or of a locked package, and nowhere else (DESIGN.md §2,
// THREATS.md 38). Each file gets a virtual name that says nothing of the machine, so that builds are reproducible.
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { isInside, readRegular } from './source-folder.ts';

const MAX_LOCKFILE_BYTES = 64 * 1024 * 1024;

/** One installed package: `key` is its place in the lockfile of `project`, such as `node_modules/a/node_modules/b`. */
export interface InstalledPackage {
  readonly project: string;
  readonly key: string;
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/** A file that may be bundled. `virtual` is its name in the output: `index.ts`, or `yaml@2.9.1/browser/index.js`. */
export interface ImportedFile {
  readonly file: string;
  readonly virtual: string;
  readonly from: InstalledPackage | undefined;
  readonly sideEffects: boolean;
}

/** The bundler's own resolution of a specifier from a folder; its answer is checked here. */
export type NativeResolve = (
  specifier: string,
  folder: string,
) => Promise<{ path: string; sideEffects: boolean } | undefined>;

const refuse = (specifier: string, why: string, cause?: unknown): SignetError =>
  new SignetError('E_BUILD_IMPORT', `the import of ${JSON.stringify(specifier.slice(0, 200))} ${why}`, {
    item: specifier.slice(0, 200),
    ...(cause === undefined ? {} : { cause }),
  });

/** Resolves imports for one source folder, given by its real path. */
export class ImportResolver {
  readonly #folder: string;
  readonly #locks = new Map<string, Record<string, unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file behind an import; `importer` is undefined for the entry. E_BUILD_IMPORT where it may not be bundled. */
  async resolve(
    specifier: string,
    importer: ImportedFile | undefined,
    native: NativeResolve,
  ): Promise<ImportedFile> {
    if (/^(?:node:|https?:|data:|file:)/.test(specifier) || builtinModules.includes(specifier)) {
      throw refuse(
        specifier,
        'is refused: a guest has neither Node nor a network; ask for a capability instead',
      );
    }
    if (path.isAbsolute(specifier) || specifier.includes('\\') || specifier.includes('\0')) {
      throw refuse(specifier, 'is refused: only relative paths and package names can be imported');
    }
    const relative = /^\.{1,2}(?:\/|$)/.test(specifier);
    if (importer?.from === undefined && relative) return this.#ownFile(specifier, importer);
    if (importer?.from !== undefined && (relative || specifier.startsWith('#'))) {
      return this.#packageFile(specifier, path.dirname(importer.file), importer.from, native);
    }
    const found = this.#locate(specifier, importer);
    const folder = importer === undefined ? this.#folder : path.dirname(importer.file);
    return this.#packageFile(specifier, folder, found, native);
  }

  /** A file of an already located package that brings itself: Signet's own zod. */
  static async inPackage(
    specifier: string,
    folder: string,
    from: InstalledPackage,
    native: NativeResolve,
  ): Promise<ImportedFile> {
    return new ImportResolver(from.folder).#packageFile(specifier, folder, from, native);
  }

  #ownFile(specifier: string, importer: ImportedFile | undefined): ImportedFile {
    const base = path.join(importer === undefined ? this.#folder : path.dirname(importer.file), specifier);
    const candidates = [
      base,
      ...(base.endsWith('.js') ? [`${base.slice(0, -3)}.ts`] : []),
      ...['.ts', '.js', '.json', '/index.ts', '/index.js'].map((suffix) => base + suffix),
    ];
    const found = candidates.find(
      (file) => fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === false,
    );
    if (found === undefined) throw refuse(specifier, 'leads to no file');
    const file = fs.realpathSync(found);
    if (!isInside(this.#folder, file)) throw refuse(specifier, 'leads out of the source folder');
    const virtual = path.relative(this.#folder, file).split(path.sep).join('/');
    if (virtual.split('/').includes('node_modules')) {
      throw refuse(specifier, 'reaches into node_modules: import the package by its name');
    }
    return { file, virtual, from: undefined, sideEffects: true };
  }

  async #packageFile(
    specifier: string,
    folder: string,
    from: InstalledPackage,
    native: NativeResolve,
  ): Promise<ImportedFile> {
    const answer = await native(specifier, folder);
    if (answer === undefined) throw refuse(specifier, `is not offered by ${from.name}@${from.version}`);
    let file: string;
    try {
      file = fs.realpathSync(answer.path);
    } catch (cause) {
      throw refuse(specifier, 'leads to no file', cause);
    }
    const inner = path.relative(from.folder, file).split(path.sep).join('/');
    if (!isInside(from.folder, file) || inner.split('/').includes('node_modules')) {
      throw refuse(specifier, `leads out of the package ${from.name}@${from.version}`);
    }
    return { file, virtual: `${from.name}@${from.version}/${inner}`, from, sideEffects: answer.sideEffects };
  }

  /** Looks as Node does, upwards through node_modules; but from a package never above its own project. */
  #locate(specifier: string, importer: ImportedFile | undefined): InstalledPackage {
    const name = /^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*(?=\/|$)/i.exec(specifier)?.[0];
    if (name === undefined) throw refuse(specifier, 'is not the name of a package');
    if (importer?.from !== undefined) {
      const { project } = importer.from;
      for (
        let key = importer.from.key;
        ;
        key = key.slice(0, Math.max(0, key.lastIndexOf('/node_modules/')))
      ) {
        const place = `${key === '' ? '' : `${key}/`}node_modules/${name}`;
        if (fs.existsSync(path.join(project, place, 'package.json')))
          return this.#installed(specifier, project, place, name);
        if (key === '') break;
      }
      throw refuse(specifier, `by ${importer.from.name} leads to no installed package; run npm ci`);
    }
    let project = importer === undefined ? this.#folder : path.dirname(importer.file);
    for (;;) {
      const place = `node_modules/${name}`;
      if (fs.existsSync(path.join(project, place, 'package.json')))
        return this.#installed(specifier, project, place, name);
      const parent = path.dirname(project);
      if (parent === project) break;
      project = parent;
    }
    throw refuse(specifier, 'leads to no installed package; add it to package.json and run npm install');
  }

  /** The package at a place, if the project's lockfile has it there in the installed version. */
  #installed(specifier: string, project: string, key: string, name: string): InstalledPackage {
    const folder = path.join(project, key);
    if (fs.realpathSync(folder) !== folder) {
      throw refuse(
        specifier,
        'leads through a link: packages must be installed by npm in node_modules itself',
      );
    }
    const own = readObject(path.join(folder, 'package.json'), `${key}/package.json`);
    const locked = this.#lockOf(specifier, project)[key];
    const entry = (typeof locked === 'object' && locked !== null ? locked : {}) as Record<string, unknown>;
    const version = own['version'];
    if (typeof version !== 'string' || entry['link'] === true || entry['version'] !== version) {
      throw new SignetError('E_BUILD_IMPORT', `${name} is not installed as package-lock.json says`, {
        item: specifier.slice(0, 200),
        expected:
          typeof entry['version'] === 'string' ? entry['version'] : `${key} in ${project}/package-lock.json`,
        actual: String(version),
        fix: 'Run npm ci in the project.',
      });
    }
    const real = typeof own['name'] === 'string' ? own['name'] : name;
    if (real !== (entry['name'] ?? name))
      throw refuse(specifier, `leads to a package that calls itself ${real}`);
    return { project, key, folder, name: real, version };
  }

  #lockOf(specifier: string, project: string): Record<string, unknown> {
    const known = this.#locks.get(project);
    if (known !== undefined) return known;
    const file = path.join(project, 'package-lock.json');
    if (!fs.existsSync(file)) {
      throw refuse(specifier, `leads to ${project}/node_modules, which has no package-lock.json beside it`);
    }
    const packages = readObject(file, 'package-lock.json')['packages'];
    if (typeof packages !== 'object' || packages === null) {
      throw refuse(
        specifier,
        `leads to ${project}/node_modules, whose package-lock.json is older than npm 7`,
      );
    }
    const lock = Object.assign(Object.create(null) as Record<string, unknown>, packages);
    this.#locks.set(project, lock);
    return lock;
  }
}

function readObject(file: string, item: string): Record<string, unknown> {
  const value = parseJson(readRegular(file, item, MAX_LOCKFILE_BYTES), item, {
    maxBytes: MAX_LOCKFILE_BYTES,
  });
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

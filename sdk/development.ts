// Bundles in development (DESIGN.md §4 "Versions"): a source folder is built, signed, published in the project's own registry and
// installed on the one path that every bundle takes, anew whenever a file of it changes. Nothing unsigned ever runs: what is saved
// becomes the release `local/NAME` of the next version `V-dev.N`, and calls in flight finish in the one before.
import { type FSWatcher, watch } from 'node:fs';
import { resolve } from 'node:path';
import { createEvaluator } from '../host/evaluate.ts';
import type { Host } from '../host/host.ts';
import { packArchive } from '../registry/archive.ts';
import { buildBundle } from '../registry/build.ts';
import { install } from '../registry/install.ts';
import type { Project } from '../registry/project.ts';
import { readReleaseIndex } from '../registry/proof.ts';
import { verdictError } from '../registry/verdict-error.ts';
import { EXTENSION } from '../src/contracts/manifest.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import { DEFAULT_KEY } from './project.ts';
import { localProvenance } from './provenance.ts';
import { publishArchive } from './release.ts';

/** What became of a saved source. */
export interface DevelopedRelease {
  readonly name: string;
  readonly version: string;
}

export interface Development {
  /** Stops watching; settled once no build is under way. */
  close(): Promise<void>;
}

/** Editors write a file in several steps: what comes within this time is one change. */
const SETTLE_MS = 50;

/**
 * Installs the bundles of the source folders, and again whenever a file in one of them changes. The first time a failure is
 * thrown; later ones are the host's `fault`, and what runs goes on. `said` hears of each release.
 */
export async function openDevelopment(
  host: Host,
  folders: readonly string[],
  said: (release: DevelopedRelease) => void = () => undefined,
): Promise<Development> {
  const sources = folders.map((folder) => new Source(host, resolve(folder), said));
  try {
    for (const source of sources) await source.open();
  } catch (thrown) {
    await Promise.all(sources.map((source) => source.close()));
    throw thrown;
  }
  return { close: async () => void (await Promise.all(sources.map((source) => source.close()))) };
}

class Source {
  readonly #host: Host;
  readonly #folder: string;
  readonly #said: (release: DevelopedRelease) => void;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #building: Promise<void> = Promise.resolve();
  /** Digest of what was built last: a save that changes nothing is no release. */
  #built: string | undefined;
  #closed = false;

  constructor(host: Host, folder: string, said: (release: DevelopedRelease) => void) {
    this.#host = host;
    this.#folder = folder;
    this.#said = said;
  }

  async open(): Promise<void> {
    // Watched first, so that no change falls between.
    this.#watcher = this.#watch();
    await this.#bring();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#building;
  }

  #watch(): FSWatcher {
    try {
      const watcher = watch(this.#folder, { recursive: true, persistent: false }, () => this.#changed());
      watcher.on('error', (cause) => this.#host.fault(cause));
      return watcher;
    } catch (cause) {
      throw new SignetError('E_NOT_FOUND', `${this.#folder} cannot be watched`, {
        item: this.#folder,
        cause,
      });
    }
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#building = this.#building.then(() => this.#again());
    }, SETTLE_MS).unref();
  }

  async #again(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#bring();
    } catch (thrown) {
      this.#host.fault(asSignetError(thrown));
    }
  }

  async #bring(): Promise<void> {
    const { paths, project } = this.#host;
    const evaluator = createEvaluator();
    const built = await buildBundle({ folder: this.#folder, evaluate: evaluator.evaluate }).finally(() =>
      evaluator.close(),
    );
    if (built.digest === this.#built || this.#closed) return;
    const name = `local/${built.manifest.name}`;
    const version = nextVersion(project, name, built.manifest.version);
    const { [EXTENSION]: signet, ...others } = built.manifest.extensions;
    const manifest = {
      ...built.manifest,
      version,
      extensions: { ...others, [EXTENSION]: { ...signet, namespace: 'local' } },
    };
    const files = [...built.files]
      .filter(([path]) => path !== 'FILES.json' && path !== 'plugin.json')
      .map(([path, { bytes, mode }]) => ({ path, bytes, executable: mode === 0o755 }));
    const plugin = { path: 'plugin.json', bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) };
    const archive = packArchive([...files, plugin]);
    publishArchive({ paths, name, archive, provenance: localProvenance(this.#folder), key: DEFAULT_KEY });
    const { verdict, bundle } = install(project, name, version, { accept: true });
    if (bundle === undefined) throw verdictError(verdict);
    this.#built = built.digest;
    this.#host.tend();
    this.#said({ name, version });
  }
}

/** `1.2.0-dev.4` where the registry has `1.2.0-dev.3`: a version is published once. */
function nextVersion(project: Project, name: string, version: string): string {
  const base = `${version}${version.includes('-') ? '.' : '-'}dev.`;
  let published: readonly { readonly version: string }[] = [];
  try {
    published = readReleaseIndex(project.transport(project.registryOf(name)), name);
  } catch (thrown) {
    if (!(thrown instanceof SignetError) || thrown.code !== 'E_NOT_FOUND') throw thrown;
  }
  const taken = published.flatMap(({ version: one }) =>
    one.startsWith(base) && /^\d+$/.test(one.slice(base.length)) ? [Number(one.slice(base.length))] : [],
  );
  return `${base}${Math.max(0, ...taken) + 1}`;
}

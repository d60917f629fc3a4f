// What is installed, as the host runs it (DESIGN.md §4 "Load"): the lockfile says which bundle answers for a name; a bundle is
// verified again, as the very bytes that will run, when it is first needed; one that fails is a value, and its names fail with it.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readFirstPartyLock } from '../registry/first-party.ts';
import { loadBundle } from '../registry/install.ts';
import { Project } from '../registry/project.ts';
import { verdictError } from '../registry/verdict-error.ts';
import type { HostStatus } from '../src/contracts/api.ts';
import type { LockedBundle } from '../src/contracts/config.ts';
import { type Kind, MAIN_PATH } from '../src/contracts/manifest.ts';
import type { Dispatch, Provider } from '../src/dispatch.ts';
import { asSignetError, type ErrorCode, SignetError } from '../src/error.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import { type BundleServices, LoadedBundle } from './loaded-bundle.ts';
import type { ProjectPaths } from './paths.ts';
import { HOST_VERSION } from './version.ts';

export interface Refusal {
  readonly name: string;
  readonly version: string;
  readonly code: ErrorCode;
  readonly message: string;
}

export interface InstalledOptions {
  readonly paths: ProjectPaths;
  readonly clock: Clock;
  readonly journal: JournalSink;
  readonly dispatch: Dispatch;
  readonly services: BundleServices;
  readonly refused: (refusal: Refusal) => void;
}

type State =
  | { readonly is: 'loaded'; readonly bundle: LoadedBundle }
  | { readonly is: 'refused'; readonly error: SignetError };

/** The files on which it rests what may be loaded: when one changes, everything is looked at again. */
const stampOf = (file: string): string => {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 'absent' : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
};

export class Installed {
  readonly #options: InstalledOptions;
  readonly #project: Project;
  readonly #watched: readonly string[];
  #stamp = '';
  #locked: readonly LockedBundle[] = [];
  /** `kind/name` of what more than one installed bundle provides: none of them answers for it. */
  #contested: ReadonlySet<string> = new Set();
  /** By digest. */
  readonly #states = new Map<string, State>();

  constructor(options: InstalledOptions) {
    const { paths, clock } = options;
    this.#options = options;
    this.#project = new Project({
      directory: paths.project,
      host: HOST_VERSION,
      firstParty: readFirstPartyLock(),
      clock,
    });
    this.#watched = [paths.lockfile, paths.policy, join(paths.trust, 'trust.json')];
  }

  /**
   * Takes in a changed lockfile, policy or trust: what runs is verified again, goes on where its verdict is still good, and is
   * ended where it is not or is no longer installed; what was refused is looked at when it is next needed. Cheap where
   * nothing changed.
   */
  refresh(): void {
    const stamp = this.#watched.map(stampOf).join('|');
    if (stamp === this.#stamp) return;
    this.#locked = this.#project.installed();
    this.#contested = contestedNames(this.#locked);
    for (const digest of this.#states.keys()) this.#options.dispatch.withdraw(digest);
    for (const [digest, state] of [...this.#states]) {
      const locked = this.#locked.find((bundle) => bundle.digest === digest);
      this.#states.delete(digest);
      if (state.is === 'refused') continue;
      if (locked === undefined) state.bundle.close();
      else this.#judge(locked, state.bundle);
    }
    this.#stamp = stamp;
  }

  /** The provider of a function, loading its bundle. Unknown: E_FUNCTION_UNKNOWN; refused: the refusal's own code. */
  async activate(kind: Kind, name: string): Promise<Provider> {
    this.refresh();
    const id = `${kind}/${name}`;
    const owners = this.#locked.filter(({ provides }) => provides.includes(id));
    const [owner, rival] = owners;
    if (owner === undefined)
      throw new SignetError('E_FUNCTION_UNKNOWN', `no installed bundle provides ${id}`, { item: id });
    if (rival !== undefined) {
      throw new SignetError(
        'E_DISPATCH_CONFLICT',
        `${id} is provided by ${owner.name}@${owner.version} and by ${rival.name}@${rival.version}`,
        { item: id },
      );
    }
    const state = this.#load(owner);
    if (state.is === 'refused') throw state.error;
    const provider = this.#options.dispatch.find(kind, name);
    if (provider === undefined)
      throw new SignetError('E_FUNCTION_UNKNOWN', `${owner.name} does not provide ${id}`, { item: id });
    return provider;
  }

  /** Loads everything that is installed, and makes the code caches that are missing. */
  async loadAll(): Promise<void> {
    this.refresh();
    for (const locked of this.#locked) this.#load(locked);
    // A cache that cannot be made costs time alone; a script that cannot be compiled fails where it is called.
    await Promise.allSettled(this.loaded().map((bundle) => bundle.prepare()));
  }

  loaded(): LoadedBundle[] {
    return [...this.#states.values()].flatMap((state) => (state.is === 'loaded' ? [state.bundle] : []));
  }

  /** What `signet status` shows of each installed bundle; one that runs has a code where another provides a name of its own. */
  describe(): HostStatus['bundles'] {
    return this.#locked.map(({ name, version, digest, provides }) => {
      const state = this.#states.get(digest);
      const contested = provides.some((id) => this.#contested.has(id));
      const code = state?.is === 'refused' ? state.error.code : contested ? 'E_DISPATCH_CONFLICT' : null;
      return { name, version, digest, state: state?.is ?? 'installed', code, provides };
    });
  }

  /** Ends the isolates of every bundle, and forgets every verdict. */
  unloadAll(): void {
    for (const [digest, state] of this.#states) {
      this.#options.dispatch.withdraw(digest);
      if (state.is === 'loaded') state.bundle.close();
    }
    this.#states.clear();
  }

  #load(locked: LockedBundle): State {
    return this.#states.get(locked.digest) ?? this.#judge(locked);
  }

  /** Verifies a bundle, of which `running` may run already, and writes down what changed by it. */
  #judge(locked: LockedBundle, running?: LoadedBundle): State {
    const state = this.#verify(locked, running);
    this.#states.set(locked.digest, state);
    const { journal, clock, refused } = this.#options;
    const about = { at: clock.now(), name: locked.name, version: locked.version, digest: locked.digest };
    if (state.is === 'refused') {
      const { code, message } = state.error;
      journal.append({ type: 'bundle.refused', ...about, code });
      refused({ name: locked.name, version: locked.version, code, message });
    } else if (running === undefined) journal.append({ type: 'bundle.loaded', ...about });
    return state;
  }

  #verify(locked: LockedBundle, running: LoadedBundle | undefined): State {
    const { dispatch, services } = this.#options;
    try {
      const { verdict, verified } = loadBundle(this.#project, locked);
      if (verified === undefined) throw verdictError(verdict);
      // A bundle without code is served, never executed.
      const main = verified.files.get(MAIN_PATH);
      const code = main === undefined ? '' : new TextDecoder('utf-8', { fatal: true }).decode(main.bytes);
      const { manifest } = verified.described;
      const bundle = running ?? new LoadedBundle(manifest, locked.digest, code, services);
      for (const provider of bundle.providers) {
        if (!this.#contested.has(`${provider.kind}/${provider.name}`)) dispatch.provide(provider);
      }
      return { is: 'loaded', bundle };
    } catch (thrown) {
      dispatch.withdraw(locked.digest);
      running?.close();
      return { is: 'refused', error: asSignetError(thrown) };
    }
  }
}

function contestedNames(installed: readonly LockedBundle[]): Set<string> {
  const names = installed.flatMap(({ provides }) => provides);
  return new Set(names.filter((name, index) => names.indexOf(name) !== index));
}

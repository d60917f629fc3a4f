// What is installed, as the host runs it (DESIGN.md §4 "Load", "Versions"): the lockfile says which version of which bundle
// answers for a name; a bundle is verified, as the very bytes that will run, when it is first needed; one that fails is a value,
// its names fail with it, and so do its dependants (THREATS.md 24, 27, H22). What is replaced finishes its calls; what is
// revoked does not.
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Project } from '../registry/project.ts';
import type { TrustState } from '../registry/trust.ts';
import type { LockedBundle } from '../src/contracts/config.ts';
import type { Kind, Manifest } from '../src/contracts/manifest.ts';
import type { BundleRef, Provider } from '../src/dispatch.ts';
import { asSignetError, type ErrorCode, SignetError } from '../src/error.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import { currentVersions, Routes } from '../src/routes.ts';
import { stampOf } from './changed-file.ts';
import { type BundleServices, LoadedBundle } from './loaded-bundle.ts';
import type { ProjectPaths } from './paths.ts';
import { readRelease } from './release.ts';
import { requireDependencies } from './requires.ts';
import { type Loaded, type Running, type State, startOf } from './state-of-release.ts';

/** A release that verification refuses. */
export interface Refusal {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly error: SignetError;
}

export interface InstalledOptions {
  readonly paths: ProjectPaths;
  readonly project: Project;
  readonly clock: Clock;
  readonly journal: JournalSink;
  readonly services: BundleServices;
  readonly refused: (refusal: Refusal) => void;
  /** Plain calls of a bundle go to another version than before. */
  readonly upgraded: (change: { name: string; from: string; to: string }) => void;
}

/** One installed version. */
export interface DescribedBundle {
  readonly locked: LockedBundle;
  readonly state: 'installed' | 'loaded' | 'refused';
  readonly code: ErrorCode | null;
  readonly warning: string | null;
  /** Of several versions, the one that plain calls go to. */
  readonly current: boolean;
}

/** How long a verdict counts while no file changes. */
const VERDICT_MS = 3_600_000;
/** How long a bundle that no one calls stays in memory, and how many stay that were only looked at. */
const IDLE_MS = 600_000;
const KEPT = 256;
/** Bundles that are verified before whatever else this process does has its turn. */
const BATCH = 16;

export class Installed {
  readonly #options: InstalledOptions;
  /** The files on which it rests what may be loaded: when one changes, everything is looked at again. */
  readonly #watched: readonly string[];
  #stamp = '';
  #locked: readonly LockedBundle[] = [];
  #routes = new Routes<LockedBundle>([]);
  #trust: TrustState | undefined;
  /** By digest. */
  #states = new Map<string, State>();
  /** By digest: replaced by another version, and finishing what they began. */
  readonly #leaving = new Map<string, { readonly locked: LockedBundle; readonly running: Running }>();

  constructor(options: InstalledOptions) {
    const { paths } = options;
    this.#options = options;
    this.#watched = [paths.lockfile, paths.policy, join(paths.trust, 'trust.json')];
  }

  /**
   * Takes in a changed lockfile, policy or trust: what runs is verified again and goes on where its verdict is still good. What
   * is refused or uninstalled ends, and its calls with it; what another version replaced finishes them first. Cheap where
   * nothing changed.
   */
  refresh(): void {
    const stamp = this.#watched.map(stampOf).join('|');
    if (stamp === this.#stamp) return;
    const before = this.#locked;
    this.#locked = this.#options.project.installed();
    this.#routes = new Routes(this.#locked);
    this.#trust = undefined;
    const known = this.#states;
    this.#states = new Map();
    for (const state of known.values()) {
      if (state.is !== 'loaded' || state.running === undefined) continue;
      this.#leaving.set(state.locked.digest, { locked: state.locked, running: state.running });
    }
    const byDigest = new Map(this.#locked.map((locked) => [locked.digest, locked]));
    const current = currentVersions(this.#locked);
    for (const [digest, { locked, running }] of [...this.#leaving]) {
      const still = byDigest.get(digest);
      if (still !== undefined) this.#state(still);
      else if (current.has(locked.name)) this.#letGo(locked, running);
      else {
        this.#leaving.delete(digest);
        running.bundle.close();
      }
    }
    this.#stamp = stamp;
    for (const [name, from] of currentVersions(before)) {
      const to = current.get(name);
      if (to !== undefined && to !== from) this.#options.upgraded({ name, from, to });
    }
  }

  /**
   * The provider of a function, loading its bundle; `range` chooses among versions. Codes as `Routes.route`; refused: the
   * refusal's own code.
   */
  find(kind: Kind, name: string, range?: string): Provider {
    this.refresh();
    const id = `${kind}/${name}`;
    const locked = this.#routes.route(id, range);
    const provider = this.#activate(locked).providers.get(id);
    if (provider !== undefined) return provider;
    throw new SignetError('E_FUNCTION_UNKNOWN', `${locked.name} does not provide ${id}`, { item: id });
  }

  /** The manifest of a bundle that runs, or ran when its calls began. */
  manifestOf(digest: string): Manifest | undefined {
    const state = this.#states.get(digest);
    return state?.is === 'loaded' ? state.manifest : this.#leaving.get(digest)?.running.bundle.manifest;
  }

  /** Name and version of a bundle that runs, or is installed. */
  refOf(digest: string): BundleRef | undefined {
    const locked = this.#locked.find((one) => one.digest === digest) ?? this.#leaving.get(digest)?.locked;
    return locked === undefined ? undefined : { name: locked.name, version: locked.version, digest };
  }

  /** Verifies everything that is installed, and makes the code caches that are missing. Others have their turn meanwhile. */
  async loadAll(): Promise<void> {
    this.refresh();
    let kept = [...this.#states.values()].filter((state) => state.is === 'loaded' && state.running).length;
    for (const [index, locked] of this.#locked.entries()) {
      if (index % BATCH === BATCH - 1) await setImmediate();
      if (this.#states.has(locked.digest)) continue;
      const state = this.#state(locked);
      if (state.is === 'refused' || state.running === undefined) continue;
      // A cache that cannot be made costs time alone; a script that cannot be compiled fails where it is called.
      await Promise.allSettled([state.running.bundle.prepare()]);
      if (++kept > KEPT) this.#drop(state);
    }
  }

  /** What is loaded, with those of its functions that a plain call reaches. */
  listed(): { locked: LockedBundle; manifest: Manifest; ids: ReadonlySet<string> }[] {
    return this.#locked.flatMap((locked) => {
      const state = this.#states.get(locked.digest);
      if (state?.is !== 'loaded') return [];
      const ids = locked.provides.filter((id) => this.#routes.answers(id) === locked);
      return [{ locked, manifest: state.manifest, ids: new Set(ids) }];
    });
  }

  /** Every installed version, loading none; with a code also where another bundle provides a name of its own. */
  describe(): DescribedBundle[] {
    this.refresh();
    const versions = currentVersions(this.#locked);
    return this.#locked.map((locked) => {
      const state = this.#states.get(locked.digest);
      const current = versions.get(locked.name) === locked.version;
      const refusal = state?.is === 'refused' ? state.error : this.#routes.conflictOf(locked);
      const warning = state?.is === 'loaded' ? state.warning : null;
      return { locked, state: state?.is ?? 'installed', code: refusal?.code ?? null, warning, current };
    });
  }

  /** Looks again at verdicts that no longer count; lets go of what no one has called for a while. */
  tend(): void {
    this.refresh();
    const now = this.#options.clock.now();
    for (const [digest, state] of [...this.#states]) {
      const running = state.is === 'loaded' ? state.running : undefined;
      if (state.is === 'loaded' && running !== undefined && now - running.usedAt >= IDLE_MS)
        this.#drop(state);
      if (now < state.until) continue;
      // What is not in memory is verified when it is next called.
      if (state.is === 'loaded' && state.running === undefined) this.#states.delete(digest);
      else this.#state(state.locked);
    }
  }

  /** Ends the isolates of every bundle, and forgets every verdict. */
  unloadAll(): void {
    for (const state of this.#states.values()) if (state.is === 'loaded') state.running?.bundle.close();
    for (const { running } of this.#leaving.values()) running.bundle.close();
    this.#states.clear();
    this.#leaving.clear();
  }

  /** What verification says of a bundle now; `path`: the bundles that require it, from the one that was asked for. */
  #state(locked: LockedBundle, path: readonly LockedBundle[] = []): State {
    const known = this.#states.get(locked.digest);
    return known !== undefined && this.#options.clock.now() < known.until
      ? known
      : this.#judge(locked, known, path);
  }

  #activate(locked: LockedBundle): Running {
    let state = this.#state(locked);
    if (state.is === 'loaded' && state.running === undefined) state = this.#judge(locked, state, []);
    if (state.is === 'refused') throw state.error;
    const running = state.running as Running;
    running.usedAt = this.#options.clock.now();
    return running;
  }

  #judge(locked: LockedBundle, known: State | undefined, path: readonly LockedBundle[]): State {
    const { clock, journal, services } = this.#options;
    const at = clock.now();
    const until = at + VERDICT_MS;
    const { name, version, digest } = locked;
    const left = this.#leaving.get(digest)?.running;
    const present =
      (known?.is === 'loaded' ? known.running : undefined) ??
      (left?.bundle.resume() === true ? left : undefined);
    let state: State;
    try {
      const { manifest, code, warning } = this.#read(locked);
      requireDependencies(locked, manifest, path, this.#routes, (other, through) => {
        const dependency = this.#state(other, through);
        return dependency.is === 'refused' ? dependency.error : undefined;
      });
      present?.bundle.policyChanged();
      const running = present ?? startOf(new LoadedBundle(manifest, digest, code, services), at);
      state = { is: 'loaded', locked, manifest, warning, until, running };
      if (present === undefined && known?.is !== 'loaded')
        journal.append({ type: 'bundle.loaded', at, name, version, digest });
    } catch (thrown) {
      const error = asSignetError(thrown);
      state = { is: 'refused', locked, error, until };
      present?.bundle.close(error);
      if (known?.is !== 'refused' || known.error.code !== error.code) this.#report(locked, error);
    }
    this.#leaving.delete(digest);
    this.#states.set(digest, state);
    return state;
  }

  #read(locked: LockedBundle): ReturnType<typeof readRelease> {
    const { project } = this.#options;
    this.#trust ??= project.trustState('load', [...this.#locked]);
    return readRelease(project, locked, this.#trust);
  }

  #report({ name, version, digest }: LockedBundle, error: SignetError): void {
    const { clock, journal, refused } = this.#options;
    journal.append({ type: 'bundle.refused', at: clock.now(), name, version, digest, code: error.code });
    refused({ name, version, digest, error });
  }

  /** Lets a bundle that was replaced finish its calls; one that may no longer run at all does not. */
  #letGo(locked: LockedBundle, running: Running): void {
    const { digest } = locked;
    try {
      this.#read(locked);
    } catch (thrown) {
      const error = asSignetError(thrown);
      this.#leaving.delete(digest);
      running.bundle.close(error);
      this.#report(locked, error);
      return;
    }
    void running.bundle.retire().then(() => {
      // It may be installed again by now.
      if (this.#leaving.get(digest)?.running === running) this.#leaving.delete(digest);
    });
  }

  #drop(state: Loaded): void {
    if (state.running === undefined || state.running.bundle.busy > 0) return;
    state.running.bundle.close();
    state.running = undefined;
  }
}

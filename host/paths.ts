// Where everything of a project is (DESIGN.md §6 "In the project folder, to be committed", "State directory").
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { configDirectory } from '../keys/keyring.ts';

export interface ProjectPaths {
  readonly project: string;
  /** Committed: what is installed, what is trusted, what is granted. */
  readonly lockfile: string;
  readonly policy: string;
  readonly grants: string;
  /** Ignored by git; 0700. */
  readonly state: string;
  readonly store: string;
  readonly trust: string;
  /** The embedded directory registry. */
  readonly registry: string;
  readonly journal: string;
  /** What calls did, so that they can be run again. */
  readonly records: string;
  readonly database: string;
  /** V8 code caches, with the key of their MACs. */
  readonly cache: string;
  /** Bundles that are not called until a person lifts it. */
  readonly quarantine: string;
  readonly lock: string;
  readonly token: string;
  /** The example that `signet up` audits: the one built-in read root. */
  readonly example: string;
}

/** What no grant reaches, whatever it says (DESIGN.md §4 "State directory, policy, grants, lockfile and keys"). */
export function protectedPaths({ state, policy, grants, lockfile }: ProjectPaths): string[] {
  return [state, policy, grants, lockfile, configDirectory()];
}

/** Where the code lies that this host runs, with its packages: a bundle that may write there is the host. */
export function ownCode(): string[] {
  const above = resolve(import.meta.dirname, '..');
  const modules = above.indexOf(`${sep}node_modules${sep}`);
  if (modules !== -1) return [above.slice(0, modules + `${sep}node_modules`.length)];
  return ['src', 'keys', 'registry', 'host', 'sdk', 'node_modules'].map((name) => join(above, name));
}

/** The paths of the project in `directory`, links resolved: grants and protected paths are compared by real path. */
export function projectPaths(directory: string): ProjectPaths {
  const project = existsSync(directory) ? realpathSync(directory) : resolve(directory);
  const state = join(project, '.signet');
  return {
    project,
    lockfile: join(project, 'signet.lock.json'),
    policy: join(project, 'policy.yaml'),
    grants: join(project, 'grants.yaml'),
    state,
    store: join(state, 'store'),
    trust: join(state, 'trust'),
    registry: join(state, 'registry'),
    journal: join(state, 'journal'),
    records: join(state, 'records'),
    database: join(state, 'state.db'),
    cache: join(state, 'cache'),
    quarantine: join(state, 'quarantine.json'),
    lock: join(state, 'host.lock'),
    token: join(state, 'token'),
    example: join(state, 'example'),
  };
}

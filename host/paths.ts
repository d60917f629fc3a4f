// Where everything of a project is (DESIGN.md §6 "In the project folder, to be committed", "State directory").
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
  readonly database: string;
  /** V8 code caches, with the key of their MACs. */
  readonly cache: string;
  readonly lock: string;
  readonly token: string;
  /** The example that `signet up` audits: the one built-in read root. */
  readonly example: string;
}

/** What no grant reaches, whatever it says (DESIGN.md §4 "State directory, policy, grants, lockfile and keys"). */
export function protectedPaths({ state, policy, grants, lockfile }: ProjectPaths): string[] {
  return [state, policy, grants, lockfile, configDirectory()];
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
    database: join(state, 'state.db'),
    cache: join(state, 'cache'),
    lock: join(state, 'host.lock'),
    token: join(state, 'token'),
    example: join(state, 'example'),
  };
}

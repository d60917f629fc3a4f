// Installing (DESIGN.md §3; THREATS.md 19, 24, 27, 37): what was seen is remembered first, then the store has the bundle whole, then
// the lockfile names it.
import type { LockedBundle } from '../src/contracts/config.ts';
import type { SubjectVerdict } from '../src/contracts/verdict.ts';
import { type Fetched, fetchPinned, verifyFetched } from './fetch.ts';
import { currentVersion, withBundle, writeLockfile } from './lockfile.ts';
import type { Project } from './project.ts';
import { compareInstalled, requireAccepted, type UpdateChanges } from './update.ts';
import { exclusively } from './write-lock.ts';

export interface InstallOptions {
  /** Goes on where the update has concerns. */
  readonly accept?: boolean;
  /** Keeps the versions that are installed; without it, the one that plain calls go to is replaced. */
  readonly beside?: boolean;
}

export interface InstallResult {
  readonly verdict: SubjectVerdict;
  /** What the lockfile now says; undefined where the verdict is not ok and nothing was installed. */
  readonly bundle: LockedBundle | undefined;
  readonly changes: UpdateChanges | undefined;
}

/**
 * Installs the highest version in the range from the namespace's registry. A verdict that is not ok installs nothing; an
 * update with concerns is E_UPDATE or E_ROLLBACK unless `accept`. E_REGISTRY_UNMAPPED, E_ROOT_UNPINNED, E_NOT_FOUND,
 * E_REGISTRY, E_IO.
 */
export function install(
  project: Project,
  name: string,
  range = '*',
  options: InstallOptions = {},
): InstallResult {
  return installFetched(project, fetchPinned(project, name, range), options);
}

/**
 * Installs exactly what was fetched, and maybe shown to a person: nothing is fetched again. As `install`; of two at once the second
 * waits for the first, and is judged by what that left.
 */
export function installFetched(
  project: Project,
  fetched: Fetched,
  options: InstallOptions = {},
): InstallResult {
  return exclusively(project.installLock(), () => installOne(project, fetched, options));
}

function installOne(project: Project, fetched: Fetched, options: InstallOptions): InstallResult {
  const { name } = fetched;
  const { verdict, verified } = verifyFetched(project, fetched);
  if (verified === undefined) return { verdict, bundle: undefined, changes: undefined };
  const installed = project.installed();
  const { locked } = verified;
  const changes = compareInstalled(currentVersion(installed, name), locked);
  requireAccepted(name, changes, options.accept ?? false);
  project.trust.observe(verified.pin, verified.observation);
  project.store.put(locked.digest, verified.files, fetched.proof);
  writeLockfile(project.lockfile, withBundle(installed, locked, options.beside));
  return { verdict, bundle: locked, changes };
}

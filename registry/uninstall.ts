// Uninstalling (DESIGN.md §6): what is no longer named by the lockfile no longer runs. Its files stay in the store, under their
// digest, so that a rollback needs no registry. What others require is not taken away unnoticed (THREATS.md H22).
import { join } from 'node:path';
import semver from 'semver';
import { readRegularFile } from '../keys/safe-file.ts';
import { BundleName, VersionRange } from '../src/contracts/common.ts';
import type { LockedBundle } from '../src/contracts/config.ts';
import { EXTENSION } from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { writeLockfile } from './lockfile.ts';
import { readManifest } from './manifest.ts';
import type { Project } from './project.ts';
import { exclusively } from './write-lock.ts';

const MAX_MANIFEST = 1024 * 1024;

export interface Uninstalled {
  readonly removed: readonly LockedBundle[];
  /** One line for each bundle that is left without something it requires. */
  readonly dependants: readonly string[];
}

/**
 * Takes every version of the bundle that is in the range out of the lockfile. E_NOT_FOUND where none is installed; E_REQUIRES, and
 * nothing is changed, where another bundle requires what would be gone, unless `accept`. E_USAGE for what is no name or range.
 */
export function uninstall(
  project: Project,
  name: string,
  range = '*',
  options: { readonly accept?: boolean } = {},
): Uninstalled {
  parseShape(BundleName, name, 'name', 'E_USAGE');
  parseShape(VersionRange, range, 'range', 'E_USAGE');
  return exclusively(project.installLock(), () => {
    const installed = project.installed();
    const versions = installed.filter((bundle) => bundle.name === name);
    const inRange = ({ version }: LockedBundle): boolean =>
      semver.satisfies(version, range, { includePrerelease: range === '*' });
    const removed = versions.filter(inRange);
    if (removed.length === 0) {
      throw new SignetError('E_NOT_FOUND', `${name}${range === '*' ? '' : ` ${range}`} is not installed`, {
        item: name,
        expected: range,
        actual: versions.map(({ version }) => version).join(', ') || 'not installed',
      });
    }
    const left = installed.filter((bundle) => !removed.includes(bundle));
    const dependants = left.flatMap((bundle) => missing(project, bundle, installed, left));
    if (dependants.length > 0 && options.accept !== true) {
      throw new SignetError('E_REQUIRES', dependants.join('; '), {
        item: name,
        expected: 'nothing that requires it',
        actual: `${dependants.length} that would be refused`,
        fix: `If this is meant to be: registry uninstall ${name} --yes`,
      });
    }
    writeLockfile(project.lockfile, left);
    return { removed, dependants };
  });
}

/** What the bundle requires that is installed now and would not be. */
function missing(
  project: Project,
  bundle: LockedBundle,
  now: readonly LockedBundle[],
  left: readonly LockedBundle[],
): string[] {
  const provided = (bundles: readonly LockedBundle[], id: string, range: string): boolean =>
    bundles.some(({ provides, version }) => provides.includes(id) && semver.satisfies(version, range));
  return Object.entries(requiresOf(project, bundle)).flatMap(([id, range]) =>
    provided(now, id, range) && !provided(left, id, range)
      ? [`${bundle.name}@${bundle.version} requires ${id} ${range}`]
      : [],
  );
}

/** As the stored manifest says: of one that cannot be read nothing depends, for it is refused as it is. */
function requiresOf(project: Project, { digest }: LockedBundle): Readonly<Record<string, string>> {
  try {
    const file = readRegularFile(join(project.store.path(digest), 'files', 'plugin.json'), MAX_MANIFEST);
    return file === undefined ? {} : readManifest(file.bytes).extensions[EXTENSION].requires;
  } catch (thrown) {
    if (thrown instanceof SignetError) return {};
    throw thrown;
  }
}

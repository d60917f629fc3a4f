// signet.lock.json (DESIGN.md §3 "Lockfile"): exactly what is installed, one version of a bundle or several side by side. Read
// strictly, written whole (THREATS.md 1, 37).

import semver from 'semver';
import { parseDocument } from '../keys/document.ts';
import { readRegularFile, writeFileAtomic } from '../keys/safe-file.ts';
import { type LockedBundle, Lockfile } from '../src/contracts/config.ts';
import { SignetError } from '../src/error.ts';
import { highest } from '../src/routes.ts';

const MAX_LOCKFILE = 16 * 1024 * 1024;

/** The bundles of the lockfile, in its order; none where there is no file. Damage and duplicates: E_LOCKFILE. */
export function readLockfile(path: string): LockedBundle[] {
  const file = readRegularFile(path, MAX_LOCKFILE);
  if (file === undefined) return [];
  let bundles: LockedBundle[];
  try {
    bundles = parseDocument(Lockfile, file.bytes, 'lock/1', path, { maxBytes: MAX_LOCKFILE }).bundles;
  } catch (cause) {
    if (cause instanceof SignetError && cause.code === 'E_FORMAT_VERSION') throw cause;
    const why = cause instanceof SignetError ? cause.message : String(cause);
    throw new SignetError('E_LOCKFILE', `${path} is damaged: ${why}`, {
      item: path,
      expected: 'a lockfile as Signet writes it',
      actual: why,
      cause,
    });
  }
  const versions = new Set<string>();
  const digests = new Set<string>();
  for (const { name, version, digest } of bundles) {
    if (versions.has(`${name}@${version}`))
      throw new SignetError('E_LOCKFILE', `${path} names ${name}@${version} twice`, {
        item: name,
        expected: 'each version once',
        actual: 'twice',
      });
    // One archive has one name and one version: of two lines with its digest one is made up.
    if (digests.has(digest)) {
      throw new SignetError('E_LOCKFILE', `${path} has one archive twice`, {
        item: name,
        expected: 'each digest once',
        actual: digest,
      });
    }
    versions.add(`${name}@${version}`);
    digests.add(digest);
  }
  return bundles;
}

/** Writes the lockfile, sorted by name and version, one field a line so that a review shows what changed. */
export function writeLockfile(path: string, bundles: readonly LockedBundle[]): void {
  const order = (a: LockedBundle, b: LockedBundle): number =>
    a.name === b.name ? semver.compare(a.version, b.version) : a.name < b.name ? -1 : 1;
  const document = Lockfile.parse({ type: 'lock/1', bundles: [...bundles].sort(order) });
  writeFileAtomic(path, Buffer.from(`${JSON.stringify(document, null, 2)}\n`));
}

/** The version of a bundle that plain calls go to, and that an installation replaces. */
export function currentVersion(bundles: readonly LockedBundle[], name: string): LockedBundle | undefined {
  return highest(bundles.filter((bundle) => bundle.name === name));
}

/** The bundles with this one added: in the place of the current version, or `beside` every other one. */
export function withBundle(
  bundles: readonly LockedBundle[],
  bundle: LockedBundle,
  beside = false,
): LockedBundle[] {
  const { name, version } = bundle;
  const replaced = beside ? undefined : currentVersion(bundles, name);
  const kept = bundles.filter((one) => one !== replaced && (one.name !== name || one.version !== version));
  return [...kept, bundle];
}

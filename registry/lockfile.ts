// signet.lock.json (DESIGN.md §3 "Lockfile"): exactly what is installed. Read strictly, written whole (THREATS.md 1, 37).

import { parseDocument } from '../keys/document.ts';
import { readRegularFile, writeFileAtomic } from '../keys/safe-file.ts';
import { type LockedBundle, Lockfile } from '../src/contracts/config.ts';
import { SignetError } from '../src/error.ts';

const MAX_LOCKFILE = 16 * 1024 * 1024;

/** The bundles of the lockfile, sorted by name; none where there is no file. Damage and duplicates: E_LOCKFILE. */
export function readLockfile(path: string): LockedBundle[] {
  const file = readRegularFile(path, MAX_LOCKFILE);
  if (file === undefined) return [];
  let bundles: LockedBundle[];
  try {
    bundles = parseDocument(Lockfile, file.bytes, 'lock/1', path, { maxBytes: MAX_LOCKFILE }).bundles;
  } catch (cause) {
    if (cause instanceof SignetError && cause.code === 'E_FORMAT_VERSION') throw cause;
    const why = cause instanceof SignetError ? cause.message : String(cause);
    throw new SignetError('E_LOCKFILE', `${path} is damaged: ${why}`, { item: path, cause });
  }
  const twice = bundles.find((bundle, i) => bundles.findIndex(({ name }) => name === bundle.name) !== i);
  if (twice !== undefined) {
    throw new SignetError('E_LOCKFILE', `${path} names ${twice.name} twice`, { item: twice.name });
  }
  // One archive has one name and one version: of two lines with its digest one is made up.
  const copied = bundles.find(
    (bundle, i) => bundles.findIndex(({ digest }) => digest === bundle.digest) !== i,
  );
  if (copied !== undefined) {
    throw new SignetError('E_LOCKFILE', `${path} has one archive under two names`, {
      item: copied.name,
      expected: 'each digest once',
      actual: copied.digest,
    });
  }
  return bundles;
}

/** Writes the lockfile with the bundles sorted by name, one field a line so that a review shows what changed. */
export function writeLockfile(path: string, bundles: readonly LockedBundle[]): void {
  const sorted = [...bundles].sort((a, b) => (a.name < b.name ? -1 : 1));
  const document = Lockfile.parse({ type: 'lock/1', bundles: sorted });
  writeFileAtomic(path, Buffer.from(`${JSON.stringify(document, null, 2)}\n`));
}

/** The bundles with this one added, or put in the place of another version. */
export function withBundle(bundles: readonly LockedBundle[], bundle: LockedBundle): LockedBundle[] {
  return [...bundles.filter(({ name }) => name !== bundle.name), bundle];
}

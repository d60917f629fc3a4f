// The digests for which a local root may speak under `signet` (DESIGN.md §3 "Local root"): pinned beside the first-party sources,
// and carried by the npm package in their place.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRegularFile } from '../keys/safe-file.ts';
import { FirstPartyLock } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { parseShape } from '../src/shape.ts';

const LOCK = 'first-party.lock.json';
const MAX_LOCK = 256 * 1024;

/** `skills/` beside these sources, or what the package has in its place. */
export function skillsFolder(): string {
  return fileURLToPath(new URL('../skills/', import.meta.url));
}

/** The file that pins the digests in a skills folder. */
export function firstPartyLockFile(folder = skillsFolder()): string {
  return join(folder, LOCK);
}

/** The pinned digests; E_FIRST_PARTY where the file is missing or is not what it should be. */
export function readFirstPartyLock(folder = skillsFolder()): FirstPartyLock {
  const file = firstPartyLockFile(folder);
  const found = readRegularFile(file, MAX_LOCK);
  if (found === undefined) throw new SignetError('E_FIRST_PARTY', `${file} is missing`, { item: file });
  return parseShape(FirstPartyLock, parseJson(found.bytes, file), file, 'E_FIRST_PARTY');
}

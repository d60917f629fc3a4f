// Installing and loading (DESIGN.md §3, §4 "Load"; THREATS.md 19, 24, 27, 37): what was seen is remembered first, then the store has
// the bundle whole, then the lockfile names it; and whatever is loaded was verified again, as the very bytes that run.
import type { LockedBundle } from '../src/contracts/config.ts';
import type { SubjectVerdict } from '../src/contracts/verdict.ts';
import { type ErrorCode, SignetError } from '../src/error.ts';
import { canonicalJson } from '../src/json.ts';
import { failedVerdict, withFailure } from './checks/run.ts';
import { type Fetched, fetchPinned, type Outcome, verifyFetched } from './fetch.ts';
import { currentVersion, withBundle, writeLockfile } from './lockfile.ts';
import type { Project } from './project.ts';
import type { StoredBundle } from './store.ts';
import type { TrustState } from './trust.ts';
import { compareInstalled, requireAccepted, type UpdateChanges } from './update.ts';
import { examineRelease } from './verify.ts';
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

/**
 * Verifies an installed bundle from the store for loading: its files, its proof, what is known of revocations, and that the
 * lockfile says what was verified. Where the verdict is ok, `verified.files` are the bytes to run. Never throws for
 * anything in the store. `trust` may be shared by many loads.
 */
export function loadBundle(
  project: Project,
  locked: LockedBundle,
  trust: TrustState = project.trustState('load'),
): Outcome {
  const about = { name: locked.name, version: locked.version, digest: locked.digest };
  let stored: StoredBundle;
  try {
    stored = project.store.read(locked.digest);
  } catch (thrown) {
    return {
      verdict: failedVerdict(locked.name, 'files', again(thrown, locked), about),
      verified: undefined,
    };
  }
  const { archive, proof } = stored;
  // The store gives back what has this digest, or throws: the bytes are hashed once.
  const outcome = examineRelease(archive, proof, trust, project.clock.now(), about, locked.digest);
  const { verdict, verified } = outcome;
  if (verified === undefined) return outcome;
  // The proof may be newer than the lockfile's line: a crash between the two leaves exactly that.
  const [expected, actual] = [
    canonicalJson({
      ...verified.locked,
      size: Math.min(verified.locked.size, locked.size),
      namespaceVersion: Math.min(verified.locked.namespaceVersion, locked.namespaceVersion),
    }),
    canonicalJson(locked),
  ];
  if (expected === actual) return outcome;
  const mismatch = new SignetError(
    'E_LOCKFILE',
    `signet.lock.json does not say what is installed of ${locked.name}`,
    {
      item: locked.name,
      expected: expected.slice(0, 1000),
      actual: actual.slice(0, 1000),
    },
  );
  return { verdict: withFailure(verdict, 'envelope', mismatch), verified: undefined };
}

/** What the store says of a file that is not as it was signed. */
const FILE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_FILE_CHANGED',
  'E_FILE_MISSING',
  'E_FILE_ADDED',
  'E_FILE_MODE',
  'E_FILE_TYPE',
]);

/** What is wrong with an installed file, with the command that puts this very release back. */
function again(thrown: unknown, { name, version }: LockedBundle): unknown {
  if (!(thrown instanceof SignetError) || !FILE_CODES.has(thrown.code)) return thrown;
  const { item, expected, actual } = thrown.toJSON();
  return new SignetError(thrown.code, thrown.message, {
    ...(item === undefined ? {} : { item }),
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
    fix: `registry install ${name}@${version} --yes`,
    cause: thrown,
  });
}

// Loading (DESIGN.md §4 "Load"; THREATS.md 19, 24, 27, 37): whatever is loaded was verified again, as the very bytes that run.
import type { LockedBundle } from '../src/contracts/config.ts';
import { type ErrorCode, SignetError } from '../src/error.ts';
import { canonicalJson } from '../src/json.ts';
import { failedVerdict, withFailure } from './checks/run.ts';
import type { Outcome } from './fetch.ts';
import type { Project } from './project.ts';
import type { StoredBundle } from './store.ts';
import type { TrustState } from './trust.ts';
import { examineRelease } from './verify.ts';

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

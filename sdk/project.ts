// The files of a project as the commands use them: policy, keyring, trust, first-party lock (DESIGN.md §6).
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProjectPaths, projectPaths } from '../host/paths.ts';
import { configDirectory, Keyring } from '../keys/keyring.ts';
import { createLocalRegistry } from '../registry/local.ts';
import { writeLockfile } from '../registry/lockfile.ts';
import { TrustStore } from '../registry/trust.ts';
import { formatYaml } from '../registry/yaml.ts';
import type { Policy } from '../src/contracts/config.ts';
import { SignetError } from '../src/error.ts';

/** Name of the registry that a project keeps in its own state directory. */
export const LOCAL_REGISTRY = 'local';
/** Name of the publisher key where none is given. */
export const DEFAULT_KEY = 'default';

const POLICY_HEADER = '# Which registry and root each namespace belongs to; there is no fall-through.\n';
const GRANTS_HEADER = '# What each bundle may do. `signet grant` adds to this file; a person may edit it.\n';

export interface PreparedProject {
  readonly paths: ProjectPaths;
  /** What was made, by path. */
  readonly made: string[];
}

/**
 * Makes whatever of a project's files is missing: policy.yaml with the local registry and its pinned root, grants.yaml,
 * signet.lock.json, the state directory. What is there is left as it is. E_CONFIG for a registry that no policy pins; E_IO.
 */
export function prepareProject(directory: string, now: number): PreparedProject {
  try {
    return prepare(directory, now);
  } catch (cause) {
    if (cause instanceof SignetError) throw cause;
    const why = (cause as Error).message;
    throw new SignetError('E_IO', `${directory} cannot be made a project: ${why}`, {
      item: directory,
      cause,
    });
  }
}

function prepare(directory: string, now: number): PreparedProject {
  // First, so that its real path is known.
  mkdirSync(directory, { recursive: true });
  const paths = projectPaths(directory);
  const made: string[] = [];
  if (!existsSync(paths.state)) {
    mkdirSync(paths.state, { recursive: true, mode: 0o700 });
    made.push(paths.state);
  }
  // The state directory ignores itself, so that no one commits it by accident.
  writeOnce(join(paths.state, '.gitignore'), '*\n');
  if (!existsSync(paths.policy)) {
    if (existsSync(paths.registry)) {
      throw new SignetError('E_CONFIG', `${paths.registry} is there, but no policy.yaml pins its root`, {
        item: paths.policy,
        fix: `Bring policy.yaml back, or remove ${paths.state} and signet.lock.json to start anew.`,
      });
    }
    const keyring = new Keyring(configDirectory());
    const publisher = keyring.ensurePublisher(DEFAULT_KEY);
    const { fingerprint } = createLocalRegistry({ directory: paths.registry, keyring, publisher, now });
    new TrustStore(paths.trust).pinRoot(fingerprint, true);
    const policy = {
      version: 1,
      registries: [
        {
          name: LOCAL_REGISTRY,
          location: '.signet/registry',
          root: fingerprint,
          namespaces: ['local', 'signet'],
        },
      ],
    } satisfies Partial<Policy>;
    writeOnce(paths.policy, POLICY_HEADER + formatYaml(policy));
    made.push(keyring.directory, paths.registry, paths.policy);
  }
  if (writeOnce(paths.grants, `${GRANTS_HEADER}version: 1\ngrants: []\n`)) made.push(paths.grants);
  if (!existsSync(paths.lockfile)) {
    writeLockfile(paths.lockfile, []);
    made.push(paths.lockfile);
  }
  return { paths, made };
}

/** Writes a file that is not there yet; false where it is. */
function writeOnce(path: string, text: string): boolean {
  if (existsSync(path)) return false;
  writeFileSync(path, text, { flag: 'wx' });
  return true;
}

// Publishing into a registry that this machine keeps: the keyring's keys, the policy's registry, the pin that says it is local.
import { isAbsolute, join } from 'node:path';
import type { ProjectPaths } from '../host/paths.ts';
import { HOST_VERSION } from '../host/version.ts';
import { configDirectory, Keyring } from '../keys/keyring.ts';
import { readFirstPartyLock } from '../registry/first-party.ts';
import { localRegistryKeys } from '../registry/local.ts';
import { Project } from '../registry/project.ts';
import { type Published, publish } from '../registry/publish.ts';
import type { SignedRelease } from '../registry/sign.ts';
import type { ProvenanceInput } from '../registry/statement.ts';

/** The project as verification sees it, at the system's time. */
export function openProject(paths: ProjectPaths): Project {
  const clock = { now: () => Date.now() };
  return new Project({
    directory: paths.project,
    host: HOST_VERSION,
    firstParty: readFirstPartyLock(),
    clock,
  });
}

/** The user's keys. */
export function openKeyring(): Keyring {
  return new Keyring(configDirectory());
}

/**
 * Publishes an archive in the registry of its namespace. A registry whose keys are not on this machine: E_NOT_FOUND; other
 * codes as `publish`.
 */
export function publishArchive(options: {
  readonly paths: ProjectPaths;
  readonly name: string;
  readonly archive: Uint8Array;
  readonly provenance: ProvenanceInput | null;
  readonly key: string;
  /** Envelopes that lie beside the archive already. */
  readonly signed?: SignedRelease;
}): Published {
  const { paths, name, archive, provenance, key, signed } = options;
  const project = openProject(paths);
  const { location, root } = project.registryOf(name);
  const directory = isAbsolute(location) ? location : join(paths.project, location);
  const keyring = openKeyring();
  const now = project.clock.now();
  return publish({
    directory,
    keys: localRegistryKeys(directory, keyring, now),
    archive,
    provenance,
    publishers: signed === undefined ? [keyring.ensurePublisher(key)] : [],
    ...(signed === undefined ? {} : { signed }),
    local: project.trust.pin(root)?.local ?? false,
    firstParty: readFirstPartyLock(),
    now,
  });
}

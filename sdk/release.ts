// Publishing into a registry that this machine keeps: the keyring's keys, the policy's registry, the pin that says it is local.
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ProjectPaths } from '../host/paths.ts';
import type { KeyPair } from '../keys/ed25519.ts';
import { configDirectory, Keyring } from '../keys/keyring.ts';
import { processSecrets } from '../keys/secret-source.ts';
import { refreshRegistry } from '../registry/fetch.ts';
import { readFirstPartyLock } from '../registry/first-party.ts';
import { localRegistryKeys, renewRegistry } from '../registry/local.ts';
import type { PolicyRegistry } from '../registry/policy.ts';
import type { Project } from '../registry/project.ts';
import { type Published, publish } from '../registry/publish.ts';
import { DEFAULT_RULES } from '../registry/rules.ts';
import type { SignedRelease } from '../registry/sign.ts';
import type { ProvenanceInput } from '../registry/statement.ts';
import { openProject } from './open-project.ts';
import { DEFAULT_KEY } from './project.ts';

/** Who signs: the named key; without a name that of SIGNET_SIGNING_KEY or its command, else the default key, which alone is made when missing: E_NOT_FOUND. */
export function openSigner(name: string | undefined, keyring = openKeyring()): KeyPair {
  const given = name === undefined ? processSecrets().signingKey() : undefined;
  if (given !== undefined) return given;
  // A name that was mistyped must not become a key that no namespace knows.
  if (name !== undefined && name !== DEFAULT_KEY) return keyring.publisher(name);
  return keyring.ensurePublisher(DEFAULT_KEY);
}

/** The folder of a registry of the policy. */
export function registryFolder(paths: ProjectPaths, { location }: PolicyRegistry): string {
  return isAbsolute(location) ? location : join(paths.project, location);
}

/** Signs a new status of the project's own registry and takes it in: every command that signs does. Nothing where it has none. */
export function renewLocal(paths: ProjectPaths): void {
  if (!existsSync(paths.policy)) return;
  const project = openProject(paths);
  const local = project.policy().registries.find((one) => registryFolder(paths, one) === paths.registry);
  if (local === undefined || !existsSync(paths.registry)) return;
  renewRegistry(paths.registry, openKeyring(), project.clock.now());
  refreshRegistry(project, local);
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
  /** Name of the publisher key; see `openSigner`. */
  readonly key: string | undefined;
  /** Envelopes that lie beside the archive already. */
  readonly signed?: SignedRelease;
  /** The registry, where it is not that of the namespace. */
  readonly target?: { readonly directory: string; readonly local: boolean };
}): Published {
  const { paths, name, archive, provenance, key, signed } = options;
  const project = openProject(paths);
  const { directory, local } = options.target ?? ownTarget(project, paths, name);
  const keyring = openKeyring();
  const now = project.clock.now();
  return publish({
    directory,
    keys: localRegistryKeys(directory, keyring, now),
    archive,
    provenance,
    publishers: signed === undefined ? [openSigner(key, keyring)] : [],
    ...(signed === undefined ? {} : { signed }),
    rules: project.hasPolicy() ? project.policy() : DEFAULT_RULES,
    local,
    firstParty: readFirstPartyLock(),
    now,
  });
}

/** The registry that the policy gives the name to; E_REGISTRY_UNMAPPED. */
function ownTarget(
  project: Project,
  paths: ProjectPaths,
  name: string,
): { directory: string; local: boolean } {
  const registry = project.registryOf(name);
  const local = project.trust.pin(registry.root)?.local ?? false;
  return { directory: registryFolder(paths, registry), local };
}

// The registries that this machine makes (DESIGN.md §3 "Local root", §7 "Keys"): a root of one key a role and a folder. The local
// one is made at first start and speaks for `local` and, for pinned digests, `signet`.
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { fingerprint, type KeyPair } from '../keys/ed25519.ts';
import { type Keyring, type RegistryKeys, registryId } from '../keys/keyring.ts';
import { createRoot, rootFingerprint, type VerifiedRoot, verifyRoot } from '../keys/root.ts';
import { SignetError } from '../src/error.ts';
import { firstNamespace, LOCAL_NAMESPACES, signNamespace } from './namespace.ts';
import { readRoots } from './proof.ts';
import { DirectoryTransport } from './transport.ts';
import { createRegistryFolder, type LogKeys, RegistryWriter } from './writer.ts';

/** How long the local root and its namespace documents are valid: there is no one to renew them. */
const LIFETIME = 3650 * 86_400_000;

/** A namespace to grant at once: its publishers and how many of them must sign. */
export interface FirstGrant {
  readonly namespace: string;
  readonly keys: readonly Uint8Array[];
  readonly threshold: number;
}

export interface RegistryInfo {
  /** Fingerprint of the first root: what is pinned. */
  readonly fingerprint: string;
  readonly origin: string;
}

/** The checkpoint origin of a registry that this machine keeps. */
export function localOrigin(logKey: Uint8Array): string {
  return `signet.local/${registryId(logKey)}`;
}

/** Makes a registry folder with these keys; it appears whole or not at all. An existing one: E_REGISTRY. */
export function createRegistry(options: {
  readonly directory: string;
  readonly keys: RegistryKeys;
  readonly namespaces: readonly FirstGrant[];
  readonly now: number;
}): RegistryInfo {
  const { directory, keys, namespaces, now } = options;
  requireNew(directory);
  const origin = localOrigin(keys.log.publicKey);
  const root = createRoot({
    root: keys.root,
    registrar: keys.registrar.publicKey,
    log: keys.log.publicKey,
    status: keys.status.publicKey,
    origin,
    expires: now + LIFETIME,
  });
  const temporary = `${directory}.${randomBytes(6).toString('hex')}`;
  try {
    createRegistryFolder(temporary, root);
    const writer = new RegistryWriter(temporary, keys, now);
    try {
      for (const { namespace, keys: publishers, threshold } of namespaces) {
        const document = firstNamespace(namespace, publishers, threshold, now + LIFETIME);
        writer.grant(signNamespace(document, [keys.registrar]));
      }
    } finally {
      writer.close();
    }
    renameSync(temporary, directory);
  } catch (thrown) {
    rmSync(temporary, { recursive: true, force: true });
    throw thrown;
  }
  return { fingerprint: rootFingerprint(root), origin };
}

/** Makes the local registry with new keys in the keyring; `publisher` may release under `local` and `signet`. */
export function createLocalRegistry(options: {
  readonly directory: string;
  readonly keyring: Keyring;
  readonly publisher: KeyPair;
  readonly now: number;
}): RegistryInfo {
  const { directory, keyring, publisher, now } = options;
  requireNew(directory);
  const keys = keyring.createRegistryKeys();
  const namespaces = LOCAL_NAMESPACES.map((namespace) => ({
    namespace,
    keys: [publisher.publicKey],
    threshold: 1,
  }));
  return createRegistry({ directory, keys, namespaces, now });
}

/** The keys by which a registry that this machine keeps is written. A registry of someone else: E_NOT_FOUND. */
export function localRegistryKeys(directory: string, keyring: Keyring, now: number): LogKeys {
  const roots = readRoots(new DirectoryTransport(directory));
  return roleKeys(verifyRoot(roots, rootFingerprint(roots[0]!), now), keyring);
}

/** The log and status keys of a root; E_NOT_FOUND where this machine has none of one of them. */
export function roleKeys(root: VerifiedRoot, keyring: Keyring): LogKeys {
  const one = (role: 'log' | 'status'): KeyPair => {
    const [key] = heldKeys(root, role, keyring);
    if (key !== undefined) return key;
    throw new SignetError('E_NOT_FOUND', `no ${role} key of this registry is on this machine`, {
      item: role,
      expected: root[role].keys.map(fingerprint).join(', '),
      fix: 'Run it where the registry is kept, or bring the key: registry keys import NAME.',
    });
  };
  return { log: one('log'), status: one('status') };
}

/** Those keys of a role that are on this machine. */
export function heldKeys(
  root: VerifiedRoot,
  role: 'log' | 'status' | 'registrar',
  keyring: Keyring,
): KeyPair[] {
  const id = originId(root.log.origin) ?? registryId(root.log.keys[0]!);
  return root[role].keys.flatMap((key) => keyring.find(key, id) ?? []);
}

/** The folder of keys that the origin of a local registry names, which stays when its log key is replaced. */
const originId = (origin: string): string | undefined => /^signet\.local\/([0-9a-f]{16})$/.exec(origin)?.[1];

/** Signs a new status: what every command that signs does, and `signet up`. */
export function renewRegistry(directory: string, keyring: Keyring, now: number): void {
  const writer = new RegistryWriter(directory, localRegistryKeys(directory, keyring, now), now);
  try {
    writer.renewStatus();
  } finally {
    writer.close();
  }
}

function requireNew(directory: string): void {
  if (!existsSync(directory)) return;
  throw new SignetError('E_REGISTRY', 'the folder of the new registry exists already', { item: directory });
}

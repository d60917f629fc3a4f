// One project folder as the registry's commands and the host see it (DESIGN.md §6): policy.yaml, signet.lock.json and the state
// directory with store and trust. Everything is read when it is asked for: a file that changed is seen.
import { existsSync, mkdirSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { rootFingerprint } from '../keys/root.ts';
import type { LockedBundle, Policy } from '../src/contracts/config.ts';
import type { FirstPartyLock, PinnedRoot } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import type { Clock } from '../src/ports.ts';
import { BatchMemo } from './batch-memo.ts';
import { pinCommand, unpinnedRoot } from './checks/namespace.ts';
import { readLockfile } from './lockfile.ts';
import { loadPolicy, type PolicyRegistry, parsePolicy } from './policy.ts';
import { readRoots } from './proof.ts';
import { Store } from './store.ts';
import { DirectoryTransport, isRemote, PATHS, type Transport } from './transport.ts';
import { type TrustState, TrustStore, trustedRegistries } from './trust.ts';

export interface ProjectOptions {
  /** The project folder: policy.yaml and signet.lock.json. */
  readonly directory: string;
  /** By default `.signet` in it. */
  readonly stateDirectory?: string;
  /** The user's configuration directory, whose key seals their pins; by default that of the environment. */
  readonly configDirectory?: string;
  /** In the place of policy.yaml: the path of another file, or what such a file says. */
  readonly policy?: string | object;
  /** Version of the host API. */
  readonly host: string;
  readonly firstParty: FirstPartyLock;
  readonly clock: Clock;
}

export class Project {
  readonly directory: string;
  readonly lockfile: string;
  /** policy.yaml, or the file in its place. */
  readonly policyFile: string;
  readonly store: Store;
  readonly trust: TrustStore;
  readonly clock: Clock;
  readonly #state: string;
  readonly #options: ProjectOptions;

  constructor(options: ProjectOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.directory = resolve(options.directory);
    const { policy } = options;
    this.policyFile = resolve(this.directory, typeof policy === 'string' ? policy : 'policy.yaml');
    this.lockfile = join(this.directory, 'signet.lock.json');
    this.#state = resolve(options.stateDirectory ?? join(this.directory, '.signet'));
    this.store = new Store(join(this.#state, 'store'));
    this.trust = new TrustStore(join(this.#state, 'trust'), options.configDirectory);
  }

  /** The lock of whoever changes what is installed. */
  installLock(): string {
    mkdirSync(this.#state, { recursive: true, mode: 0o700 });
    return join(this.#state, 'install.lock');
  }

  /** Whether there is a policy at all. */
  hasPolicy(): boolean {
    return this.#options.policy !== undefined || existsSync(this.policyFile);
  }

  /** policy.yaml, or what was given in its place; E_CONFIG. */
  policy(): Policy {
    const { policy = join(this.directory, 'policy.yaml') } = this.#options;
    // JSON is YAML: there is one reader of policies.
    return typeof policy === 'string'
      ? loadPolicy(policy)
      : parsePolicy(JSON.stringify(policy), 'the policy');
  }

  /** What is installed; E_LOCKFILE. */
  installed(): LockedBundle[] {
    return readLockfile(this.lockfile);
  }

  /** Everything that verification may rest on, as of now. */
  trustState(purpose: TrustState['purpose'], installed = this.installed()): TrustState {
    const policy = this.policy();
    const provided = new Map<string, string[]>();
    for (const { provides, version } of installed) {
      for (const name of provides) provided.set(name, [...(provided.get(name) ?? []), version]);
    }
    return {
      purpose,
      registries: trustedRegistries(policy, this.trust.roots(), (registry) => this.#howToPin(registry)),
      freshness: policy.freshness,
      provenanceRequired: policy.provenance.required,
      rules: policy,
      firstParty: this.#options.firstParty,
      host: this.#options.host,
      provided,
      recoveries: new Set(this.trust.recoveries()),
      memo: new BatchMemo(),
    };
  }

  /** The one registry of the bundle's namespace; E_REGISTRY_UNMAPPED. */
  registryOf(name: string): PolicyRegistry {
    const [namespace = ''] = name.split('/', 1);
    const registry = this.policy().registries.find(({ namespaces }) => namespaces.includes(namespace));
    if (registry !== undefined) return registry;
    throw new SignetError('E_REGISTRY_UNMAPPED', `the policy maps ${namespace} to no registry`, {
      item: namespace,
      expected: 'exactly one registry',
      actual: 'none',
    });
  }

  /** The pin without which the root of the registry does not count; E_ROOT_UNPINNED says what to do. */
  requirePin(registry: PolicyRegistry): PinnedRoot {
    const pin = this.trust.pin(registry.root);
    if (pin !== undefined) return pin;
    throw unpinnedRoot({ ...registry, unpinned: this.#howToPin(registry) });
  }

  /** The command that pins the root, with the file that holds it where that is on this machine. */
  #howToPin(registry: PolicyRegistry): string {
    const { location, root } = registry;
    if (isRemote(location)) return pinCommand(root);
    const folder = this.folder(registry);
    if (folder === join(this.#state, 'registry') && !existsSync(folder)) {
      return "The project's own registry and its pin are gone. Bring .signet back, or start anew: rm policy.yaml signet.lock.json && signet up";
    }
    try {
      const roots = readRoots(new DirectoryTransport(folder));
      const at = roots.findIndex((envelope) => rootFingerprint(envelope) === root);
      if (at >= 0) return pinCommand(root, relative(this.directory, join(folder, PATHS.root(at + 1))));
    } catch (thrown) {
      // What is wrong with the registry is said once its root counts.
      if (!(thrown instanceof SignetError)) throw thrown;
    }
    return pinCommand(root);
  }

  /** The folder of a registry that is in one. */
  folder({ location }: PolicyRegistry): string {
    return isAbsolute(location) ? location : join(this.directory, location);
  }

  transport(registry: PolicyRegistry): Transport {
    const { location } = registry;
    if (isRemote(location)) {
      throw new SignetError('E_REGISTRY', `registry ${registry.name} is not in a folder of this machine`, {
        item: registry.name,
        expected: 'a folder: nothing here opens a connection',
        actual: location,
      });
    }
    return new DirectoryTransport(this.folder(registry));
  }
}

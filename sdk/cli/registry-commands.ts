// The commands of `registry`: authors and verification (DESIGN.md §6).
import type { Command, OptionRow } from './command.ts';
import { registry, TRUST_COMMANDS } from './trust-commands.ts';

const directory: OptionRow = { type: 'string', value: 'DIR', does: 'the project folder (default: this one)' };
const key: OptionRow = {
  type: 'string',
  value: 'NAME',
  does: 'publisher key of the keyring (default: default, made when missing)',
};

export const REGISTRY_COMMANDS: readonly Command[] = [
  {
    name: 'new',
    does: 'writes a first bundle from the template of a kind (KIND: skill)',
    takes: 'KIND DIR',
    arity: [2, 2],
    options: {
      name: { type: 'string', value: 'NAME', does: 'name of the bundle (default: the folder’s)' },
      namespace: { type: 'string', value: 'NS', does: 'namespace to publish in (default: local)' },
    },
    example: 'registry new skill hello',
    load: async () => (await import('./commands/new.ts')).run,
  },
  {
    name: 'build',
    does: 'builds a bundle, reproducibly, and says what it asks for',
    takes: 'DIR',
    arity: [1, 1],
    options: { out: { type: 'string', value: 'DIR', does: 'also write the built files there' } },
    example: 'registry build hello',
    load: async () => (await import('./commands/build.ts')).run,
  },
  {
    name: 'pack',
    does: 'builds a bundle into its archive',
    takes: 'DIR',
    arity: [1, 1],
    options: {
      out: { type: 'string', value: 'FILE', does: 'where to (default: NAMESPACE-NAME-VERSION.tar here)' },
    },
    example: 'registry pack hello --out hello.tar',
    load: async () => (await import('./commands/pack.ts')).run,
  },
  {
    name: 'sign',
    does: 'signs an archive: its release and provenance envelopes lie beside it, and each publisher adds a signature',
    takes: 'FILE',
    arity: [1, 1],
    options: {
      key,
      source: {
        type: 'string',
        value: 'DIR',
        does: 'the source folder, for the provenance (default: this one; where others signed, theirs)',
      },
    },
    example: 'registry sign hello.tar --source hello',
    load: async () => (await import('./commands/sign.ts')).run,
  },
  {
    name: 'publish',
    does: 'builds, signs, logs and publishes a bundle; or publishes a signed archive',
    takes: 'DIR|FILE',
    arity: [1, 1],
    options: { directory, key, registry },
    example: 'registry publish hello',
    load: async () => (await import('./commands/publish.ts')).run,
  },
  {
    name: 'verify',
    does: 'verifies archives, installed bundles or releases; 0 only if every one is',
    takes: 'SUBJECT…',
    arity: [0, 1000],
    options: {
      directory,
      all: { type: 'boolean', does: 'everything that is installed' },
      offline: { type: 'boolean', does: 'open no connection: use nothing but files of this machine' },
      root: { type: 'string', value: 'FILE', does: 'judge by this root document alone, without a project' },
      fingerprint: {
        type: 'string',
        value: 'SHA256:…',
        does: 'the fingerprint of that root, from a source you trust',
      },
      rebuild: {
        type: 'string',
        value: 'DIR',
        does: 'also build this source folder: it must give the same archive',
      },
    },
    example: 'registry verify --all',
    load: async () => (await import('./commands/verify.ts')).run,
  },
  {
    name: 'export',
    does: 'writes a release and its proof into one file, for a machine that never saw the registry',
    takes: 'NAMESPACE/NAME[@RANGE]',
    arity: [1, 1],
    options: {
      directory,
      out: { type: 'string', value: 'FILE', does: 'where to (default: NAMESPACE-NAME-VERSION.signet here)' },
    },
    example: 'registry export local/hello --out hello.signet',
    load: async () => (await import('./commands/export.ts')).run,
  },
  {
    name: 'audit',
    does: 'replays the log of a registry against everything that the registry has',
    takes: '[LOCATION]',
    arity: [0, 1],
    options: {
      directory,
      fingerprint: {
        type: 'string',
        value: 'SHA256:…',
        does: 'judge LOCATION by this root alone, without a project',
      },
    },
    example: 'registry audit',
    load: async () => (await import('./commands/audit-registry.ts')).run,
  },
  {
    name: 'log',
    does: 'show: heads, witnesses and evidence; cosign: witnesses the checkpoint of a registry with a key of yours',
    takes: 'show|cosign [REGISTRY]',
    arity: [1, 2],
    options: {
      directory,
      key: {
        type: 'string',
        value: 'NAME',
        does: 'cosign: the key of the keyring (default: witness, made when missing)',
      },
      name: {
        type: 'string',
        value: 'NAME',
        does: 'cosign: what the witness is called (default: witness.local)',
      },
      out: {
        type: 'string',
        value: 'FILE',
        does: 'cosign: where to (default: the checkpoint of the registry)',
      },
    },
    example: 'registry log cosign --out checkpoint.cosigned',
    load: async () => (await import('./commands/log.ts')).run,
  },
  {
    name: 'install',
    does: 'verifies a release and installs it',
    takes: 'NAMESPACE/NAME[@RANGE]',
    arity: [1, 1],
    options: {
      directory,
      yes: { type: 'boolean', does: 'do not ask before installing' },
      beside: {
        type: 'boolean',
        does: 'keep the other versions of it; `requires` and --version choose among them',
      },
    },
    example: 'registry install local/hello --yes',
    load: async () => (await import('./commands/install.ts')).run,
  },
  {
    name: 'uninstall',
    does: 'takes a bundle, or some of its versions, out of the project',
    takes: 'NAMESPACE/NAME[@RANGE]',
    arity: [1, 1],
    options: { directory, yes: { type: 'boolean', does: 'also where another bundle requires it' } },
    example: 'registry uninstall local/hello',
    load: async () => (await import('./commands/uninstall.ts')).run,
  },
  {
    name: 'list',
    does: 'lists what is installed',
    takes: '',
    arity: [0, 0],
    options: { directory },
    example: 'registry list',
    load: async () => (await import('./commands/list.ts')).run,
  },
  {
    name: 'explain',
    does: 'says what a code means, why it exists and what to do; without one, lists all',
    takes: '[CODE]',
    arity: [0, 1],
    options: {},
    example: 'registry explain E_FILE_CHANGED',
    load: async () => (await import('./commands/explain.ts')).run,
  },
  ...TRUST_COMMANDS,
];

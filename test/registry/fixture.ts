// A small world for the tests of trust: a registry folder with fixed keys, a project that pins it, and bundles made by hand.
// The keys' seeds are fixed, so that every digest here is the same on every machine (registry/FORMAT.md quotes some).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDocument } from '../../keys/document.ts';
import { type KeyPair, keyPairFromSeed } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { sha256 } from '../../keys/hash.ts';
import type { RegistryKeys } from '../../keys/keyring.ts';
import { archiveDigest, packArchive, readArchive } from '../../registry/archive.ts';
import { fetchRelease } from '../../registry/fetch.ts';
import { createRegistry, type FirstGrant } from '../../registry/local.ts';
import { Project } from '../../registry/project.ts';
import { parseProof } from '../../registry/proof.ts';
import { type Published, publish } from '../../registry/publish.ts';
import { DEFAULT_RULES } from '../../registry/rules.ts';
import { type ProvenanceInput, provenanceStatement, releaseStatement } from '../../registry/statement.ts';
import { DirectoryTransport } from '../../registry/transport.ts';
import type { TrustState } from '../../registry/trust.ts';
import { verifyRelease } from '../../registry/verify.ts';
import { RegistryWriter } from '../../registry/writer.ts';
import { formatYaml } from '../../registry/yaml.ts';
import { MANIFEST_SCHEMA_ID, Manifest, type SignetExtension } from '../../src/contracts/manifest.ts';
import { IN_TOTO_PAYLOAD, type ProofBundle } from '../../src/contracts/statement.ts';
import type { FirstPartyLock } from '../../src/contracts/trust.ts';
import type { SubjectVerdict } from '../../src/contracts/verdict.ts';
import { digestOf } from '../../src/digest.ts';

export const DAY = 86_400_000;
/** 2026-01-01T00:00:00Z. */
export const START = Date.UTC(2026, 0, 1);
export const NO_FIRST_PARTY: FirstPartyLock = { type: 'first-party/1', bundles: [] };

/** The key pair whose seed is 32 times the byte. */
export const key = (byte: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(byte));

export const REGISTRY_KEYS: RegistryKeys = { root: key(1), registrar: key(2), log: key(3), status: key(4) };
export const PUBLISHER = key(5);
export const STRANGER = key(6);

export const PROVENANCE: ProvenanceInput = {
  repository: 'https://example.com/local/hello',
  path: '.',
  commit: { id: '9c1f'.repeat(10), clean: true },
  esbuild: '0.28.2',
  node: 'v26.10.0',
  signet: '1.0.0',
};

export interface BundleInput {
  readonly name?: string;
  readonly version?: string;
  readonly signet?: Partial<SignetExtension>;
  readonly files?: Readonly<Record<string, string>>;
}

/** plugin.json of a bundle with one function. */
export function manifestOf({
  name = 'local/hello',
  version = '1.0.0',
  signet = {},
}: BundleInput = {}): object {
  const [namespace, own] = name.split('/');
  return {
    $schema: MANIFEST_SCHEMA_ID,
    name: own,
    version,
    description: 'Greets.',
    license: 'Apache-2.0',
    extensions: {
      'dev.signet': {
        namespace,
        host: '^1.0.0',
        main: './dev.signet/main.js',
        provides: [
          {
            kind: 'skill',
            name: 'hello',
            description: 'Greets.',
            input: { type: 'object' },
            output: { type: 'object' },
          },
        ],
        requires: {},
        capabilities: [{ id: 'log' }, { id: 'kv', access: 'write' }],
        ...signet,
      },
    },
  };
}

/** The archive of a bundle made by hand. */
export function archiveOf(input: BundleInput = {}): Uint8Array {
  const manifest = JSON.stringify(manifestOf(input));
  const main = JSON.parse(manifest).extensions['dev.signet'].main as string | undefined;
  const files = {
    'plugin.json': manifest,
    ...(main === undefined ? {} : { 'dev.signet/main.js': '__signet_define([]);undefined\n' }),
    'README.md': 'Greets.\n',
    ...input.files,
  };
  return packArchive(
    Object.entries(files).map(([path, text]) => ({
      path,
      bytes: Buffer.from(text),
      executable: path.endsWith('.sh'),
    })),
  );
}

export interface World {
  readonly directory: string;
  readonly registry: string;
  readonly fingerprint: string;
  readonly project: Project;
  readonly clock: { ms: number; now(): number };
  /** Publishes a bundle at the clock's time, by PUBLISHER unless others are given. */
  publish(input?: BundleInput, options?: Partial<Parameters<typeof publish>[0]>): Published;
  /** Opens the registry for writing, and closes it. */
  write<T>(body: (writer: RegistryWriter) => T): T;
  /** Writes policy.yaml anew with these changes. */
  setPolicy(changes: object): void;
  close(): void;
}

/** A registry with the given namespaces (by default `local`, of PUBLISHER) and a project that maps and pins it. */
export function createWorld(
  options: {
    readonly namespaces?: readonly FirstGrant[];
    readonly local?: boolean;
    readonly firstParty?: FirstPartyLock;
  } = {},
): World {
  const directory = mkdtempSync(join(tmpdir(), 'signet-trust-'));
  const registry = join(directory, 'registry');
  const clock = { ms: START, now: () => clock.ms };
  const { local = true, firstParty = NO_FIRST_PARTY } = options;
  const namespaces = options.namespaces ?? [
    { namespace: 'local', keys: [PUBLISHER.publicKey], threshold: 1 },
  ];
  const { fingerprint } = createRegistry({
    directory: registry,
    keys: REGISTRY_KEYS,
    namespaces,
    now: START,
  });
  const folder = join(directory, 'project');
  mkdirSync(folder);
  const setPolicy = (changes: object): void => {
    const policy = {
      version: 1,
      registries: [
        {
          name: 'home',
          location: registry,
          root: fingerprint,
          namespaces: namespaces.map((n) => n.namespace),
        },
      ],
      ...changes,
    };
    writeFileSync(join(folder, 'policy.yaml'), formatYaml(policy));
  };
  setPolicy({});
  const project = new Project({
    directory: folder,
    configDirectory: join(directory, 'config'),
    host: '1.0.0',
    firstParty,
    clock,
  });
  project.trust.pinRoot(fingerprint, local);
  return {
    directory,
    registry,
    fingerprint,
    project,
    clock,
    setPolicy,
    publish: (input, changes) =>
      publish({
        directory: registry,
        keys: REGISTRY_KEYS,
        archive: archiveOf(input),
        provenance: PROVENANCE,
        publishers: [PUBLISHER],
        rules: { ...DEFAULT_RULES, provenance: { required: false, builders: [] } },
        local,
        firstParty,
        now: clock.ms,
        ...changes,
      }),
    write: (body) => {
      const writer = new RegistryWriter(registry, REGISTRY_KEYS, clock.ms);
      try {
        return body(writer);
      } finally {
        writer.close();
      }
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** What a registry delivers for a bundle: its archive and its proof bundle, to be tampered with. */
export interface Delivered {
  archive: Uint8Array;
  proof: ProofBundle;
}

export function deliver(world: World, name = 'local/hello', range = '*'): Delivered {
  const { archive, proof } = fetchRelease(new DirectoryTransport(world.registry), name, range);
  return { archive, proof: parseProof(proof) };
}

/** The verdict on it for installing, with changes to what the project trusts. */
export function verdictOf(
  world: World,
  delivered: Delivered,
  changes: Partial<TrustState> = {},
  now = world.clock.ms,
): SubjectVerdict {
  const trust = { ...world.project.trustState('install'), ...changes };
  return verifyRelease(delivered.archive, formatDocument(delivered.proof), trust, now);
}

/** `ok`, or the failed check and its code. */
export function outcomeOf(...input: Parameters<typeof verdictOf>): string {
  const verdict = verdictOf(...input);
  const failed = verdict.checks.find(({ state }) => state === 'fail');
  const complete = verdict.checks.every(({ state }) => state === 'pass' || state === 'skip');
  if (verdict.ok !== complete) throw new Error('ok without every check');
  return verdict.ok ? 'ok' : `${failed?.name} ${verdict.code}`;
}

/** Changes to the trust: what is remembered under the pinned root. */
export function remembering(world: World, changes: object): Partial<TrustState> {
  const [registry] = world.project.trustState('install').registries;
  return { registries: [{ ...registry!, pin: { ...registry!.pin!, ...changes } }] };
}

/** Flips one bit of the bytes in the base64, which stays canonical. */
export function flip(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length >> 1]! ^= 1;
  return bytes.toString('base64');
}

/** Flips one bit of a note's last signature. */
export function flipNote(note: string): string {
  const last = note.trimEnd().split(' ').at(-1)!;
  return note.replace(last, flip(last));
}

/**
 * Publishes past every check of `publish`: what a hostile publisher can do with its own key and registry. `about` is the
 * digest that the provenance names, by default the archive's own.
 */
export function forge(
  world: World,
  archive: Uint8Array,
  manifest: object,
  about = archiveDigest(archive),
): void {
  const files = readArchive(archive);
  const parsed = Manifest.parse(JSON.parse(JSON.stringify(manifest)));
  const digest = archiveDigest(archive);
  const list = digestOf(sha256, files.get('FILES.json')!.bytes);
  const release = formatDocument(releaseStatement(parsed, digest, list));
  const provenance = formatDocument(provenanceStatement(parsed, about, PROVENANCE, START));
  world.write((writer) => {
    const folder = 'release/local/hello/1.0.0';
    mkdirSync(join(world.registry, folder), { recursive: true });
    writeFileSync(join(world.registry, folder, 'archive.tar'), archive);
    writer.writeJson(`${folder}/release.json`, signEnvelope(IN_TOTO_PAYLOAD, release, [PUBLISHER]));
    writer.writeJson(`${folder}/provenance.json`, signEnvelope(IN_TOTO_PAYLOAD, provenance, [PUBLISHER]));
    const index = writer.commit([
      {
        type: 'publish',
        name: 'local/hello',
        version: '1.0.0',
        archive: digest,
        release: digestOf(sha256, release),
        provenance: digestOf(sha256, provenance),
      },
    ]);
    writer.writeJson('index/local/hello.json', {
      type: 'index/1',
      versions: [{ version: '1.0.0', digest, index }],
    });
  });
}

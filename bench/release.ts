// Releases for the bench of verification: real archives, keys, log and proofs, in a registry and a project of their own. Signed one by
// one and logged at once, so that a thousand of them take seconds.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDocument } from '../keys/document.ts';
import { generateKeyPair, type KeyPair } from '../keys/ed25519.ts';
import { sha256 } from '../keys/hash.ts';
import { packArchive } from '../registry/archive.ts';
import { fetchRelease } from '../registry/fetch.ts';
import { createRegistry } from '../registry/local.ts';
import { Project } from '../registry/project.ts';
import { archiveFacts, signRelease } from '../registry/sign.ts';
import { DirectoryTransport, PATHS } from '../registry/transport.ts';
import { RegistryWriter } from '../registry/writer.ts';
import { formatYaml } from '../registry/yaml.ts';
import { decodeBase64 } from '../src/base64.ts';
import { MANIFEST_SCHEMA_ID } from '../src/contracts/manifest.ts';
import { Envelope, type LogEntry } from '../src/contracts/statement.ts';
import type { FirstPartyLock } from '../src/contracts/trust.ts';
import { digestOf } from '../src/digest.ts';
import { sourceOf } from './measure.ts';

export interface BenchRegistry {
  readonly project: Project;
  readonly publisher: KeyPair;
  readonly fingerprint: string;
  readonly names: readonly string[];
  fetch(name: string): { readonly archive: Uint8Array; readonly proof: Uint8Array };
}

/** A registry with `count` releases of about `bytes` bytes each, `local/bench0` and so on, and a project that pins it. */
export function benchRegistry(folder: string, count: number, bytes: number): BenchRegistry {
  const directory = join(folder, 'registry');
  const now = Date.now();
  const keys = {
    root: generateKeyPair(),
    registrar: generateKeyPair(),
    log: generateKeyPair(),
    status: generateKeyPair(),
  };
  const publisher = generateKeyPair();
  const namespaces = [{ namespace: 'local', keys: [publisher.publicKey], threshold: 1 }];
  const { fingerprint } = createRegistry({ directory, keys, namespaces, now });
  const names = Array.from({ length: count }, (_, i) => `local/bench${i}`);
  const source = sourceOf(bytes);
  const entries: LogEntry[] = [];
  for (const name of names) {
    const archive = archiveOf(name, source);
    const facts = archiveFacts(archive);
    const signed = signRelease(facts, { ...BUILT }, [publisher], now);
    const at = join(directory, PATHS.release(name, '1.0.0'));
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'archive.tar'), archive);
    writeFileSync(join(at, 'release.json'), signed.release);
    const provenance = signed.provenance as Uint8Array;
    writeFileSync(join(at, 'provenance.json'), provenance);
    const payload = decodeBase64(Envelope.parse(JSON.parse(Buffer.from(provenance).toString())).payload);
    entries.push({
      type: 'publish',
      name,
      version: '1.0.0',
      archive: facts.digest,
      release: digestOf(sha256, facts.statement),
      provenance: digestOf(sha256, payload),
    });
  }
  const writer = new RegistryWriter(directory, keys, now);
  try {
    const first = writer.commit(entries);
    mkdirSync(join(directory, 'index', 'local'), { recursive: true });
    for (const [i, entry] of entries.entries()) {
      if (entry.type !== 'publish') continue;
      const versions = [{ version: '1.0.0', digest: entry.archive, index: first + i }];
      const path = join(directory, PATHS.index(entry.name));
      writeFileSync(path, formatDocument({ type: 'index/1', versions }));
    }
  } finally {
    writer.close();
  }
  const home = join(folder, 'project');
  mkdirSync(home);
  const registry = { name: 'home', location: directory, root: fingerprint, namespaces: ['local'] };
  writeFileSync(join(home, 'policy.yaml'), formatYaml({ version: 1, registries: [registry] }));
  const clock = { now: () => Date.now() };
  const firstParty: FirstPartyLock = { type: 'first-party/1', bundles: [] };
  const project = new Project({ directory: home, host: '1.0.0', firstParty, clock });
  project.trust.pinRoot(fingerprint, true);
  const transport = new DirectoryTransport(directory);
  return { project, publisher, fingerprint, names, fetch: (name) => fetchRelease(transport, name) };
}

const BUILT = {
  repository: 'https://example.com/local/bench',
  path: '.',
  commit: { id: '9c1f'.repeat(10), clean: true },
  esbuild: '0.28.2',
  node: process.version,
  signet: '1.0.0',
};

function archiveOf(full: string, source: string): Uint8Array {
  const [namespace = '', name = ''] = full.split('/');
  const provides = {
    kind: 'skill',
    name,
    description: 'echo',
    input: { type: 'object' },
    output: { type: 'object' },
  };
  const manifest = {
    $schema: MANIFEST_SCHEMA_ID,
    name,
    version: '1.0.0',
    description: 'echo',
    license: 'Apache-2.0',
    extensions: {
      'dev.signet': {
        namespace,
        host: '^1.0.0',
        main: './dev.signet/main.js',
        provides: [provides],
        requires: {},
        capabilities: [{ id: 'log' }],
      },
    },
  };
  const files = {
    'plugin.json': JSON.stringify(manifest),
    'dev.signet/main.js': `// ${full}\n${source};undefined\n`,
    'README.md': 'Echoes.\n',
  };
  return packArchive(Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) })));
}

// Publishing: THREATS.md 8, 12, 29, 33, 37.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { formatPublicKey, type KeyPair } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { fetchRelease, verifyFetched } from '../../registry/fetch.ts';
import { signNamespace } from '../../registry/namespace.ts';
import { DEFAULT_RULES } from '../../registry/rules.ts';
import { archiveFacts, type SignedRelease, signRelease } from '../../registry/sign.ts';
import { provenanceStatement } from '../../registry/statement.ts';
import { DirectoryTransport } from '../../registry/transport.ts';
import type { PolicyRules } from '../../registry/trust.ts';
import type { BuilderRule } from '../../src/contracts/config.ts';
import { IN_TOTO_PAYLOAD, LOCAL_BUILDER } from '../../src/contracts/statement.ts';
import {
  archiveOf,
  createWorld,
  deliver,
  outcomeOf,
  PROVENANCE,
  PUBLISHER,
  REGISTRY_KEYS,
  START,
  STRANGER,
  type World,
} from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.close());
const code = (value: string) => expect.objectContaining({ code: value });
const files = (): Map<string, string> =>
  new Map(
    readdirSync(world.registry, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'base64')]),
  );

test('a release is laid out as FORMAT.md says, and nothing temporary is left', () => {
  expect(world.publish()).toMatchObject({ name: 'local/hello', version: '1.0.0', index: 1, created: true });
  const names = [...files().keys()].map((path) => path.slice(world.registry.length + 1)).sort();
  expect(names).toEqual([
    'checkpoint',
    'index/local.json',
    'index/local/hello.json',
    'namespace/local/1.json',
    'release/local/hello/1.0.0/archive.tar',
    'release/local/hello/1.0.0/provenance.json',
    'release/local/hello/1.0.0/release.json',
    'root/1.json',
    'status.json',
    'tile/0/000.p/1',
    'tile/0/000.p/2',
    'tile/entries/000.p/1',
    'tile/entries/000.p/2',
  ]);
});

test('a version never changes: the same archive again is no error and writes nothing, another one is refused', () => {
  const first = world.publish();
  const before = files();
  expect(world.publish()).toEqual({ ...first, created: false });
  expect(() => world.publish({ files: { 'README.md': 'other' } })).toThrow(code('E_VERSION_EXISTS'));
  expect(files()).toEqual(before);
});

test.each(['1.0', 'v1.0.0', '1.0.0+a', '01.0.0', '', '1.0.0 '])(
  'row 33: the version %j is refused',
  (version) => {
    expect(() => world.publish({ version })).toThrow(code('E_MANIFEST'));
  },
);

test('row 33: 1.0.0+a is not another 1.0.0, and a prerelease is a version of its own', () => {
  world.publish({ version: '1.0.0-beta.1' });
  world.publish({ version: '1.0.0' });
  expect(outcomeOf(world, deliver(world, 'local/hello', '1.0.0-beta.1'))).toBe('ok');
  expect(deliver(world).proof.release.inclusion.index).toBe(2);
});

test('row 8: a key that may not release there is refused before anything is written', () => {
  const before = files();
  expect(() => world.publish({}, { publishers: [STRANGER] })).toThrow(code('E_SIGNER'));
  expect(() => world.publish({}, { publishers: [PUBLISHER, STRANGER] })).toThrow(code('E_SIGNER'));
  expect(() => world.publish({}, { publishers: [] })).toThrow(code('E_UNSIGNED'));
  expect(files()).toEqual(before);
});

describe('row 28: provenance is judged as at verification, before anything is written', () => {
  const facts = archiveFacts(archiveOf());
  const CI = 'https://ci.example/';
  const signedBy = (builder: string, by: KeyPair, about = facts.digest) => {
    const statement = provenanceStatement(facts.manifest, about, PROVENANCE, START);
    statement.predicate.runDetails.builder.id = builder;
    const envelope = signEnvelope(IN_TOTO_PAYLOAD, Buffer.from(JSON.stringify(statement)), [by]);
    return { ...signRelease(facts, null, [PUBLISHER], START), provenance: formatDocument(envelope) };
  };
  const rule = {
    id: CI,
    namespaces: ['local'],
    keys: [formatPublicKey(STRANGER.publicKey)],
    sources: [PROVENANCE.repository],
  };
  const rules = (...builders: BuilderRule[]) => ({
    ...DEFAULT_RULES,
    provenance: { required: true, builders },
  });

  test.each<[string, SignedRelease, PolicyRules, string]>([
    ['none at all', { ...signedBy(CI, STRANGER), provenance: null }, rules(), 'E_PROVENANCE_MISSING'],
    ['a builder that no rule names', signedBy(CI, STRANGER), rules(), 'E_BUILDER'],
    [
      'another builder than the rule’s',
      signedBy('https://ci.example.evil/', STRANGER),
      rules(rule),
      'E_BUILDER',
    ],
    ['the builder’s word, signed by another key', signedBy(CI, PUBLISHER), rules(rule), 'E_SIGNER'],
    [
      'another source',
      signedBy(CI, STRANGER),
      rules({ ...rule, sources: ['https://other.example/x'] }),
      'E_SOURCE',
    ],
    [
      'another archive',
      signedBy(CI, STRANGER, `sha256:${'0'.repeat(64)}`),
      rules(rule),
      'E_STATEMENT_MISMATCH',
    ],
    ['an own build that a stranger signed', signedBy(LOCAL_BUILDER, STRANGER), rules(), 'E_SIGNER'],
    [
      'an own build where the rules name another builder',
      signedBy(LOCAL_BUILDER, PUBLISHER),
      rules(rule),
      'E_BUILDER',
    ],
  ])('%s', (_, signed, judge, expected) => {
    const before = files();
    expect(() => world.publish({}, { signed, rules: judge })).toThrow(code(expected));
    expect(files()).toEqual(before);
  });

  test('a rule may give the own build to a key of its own', () => {
    const own = rules({ ...rule, id: LOCAL_BUILDER });
    expect(world.publish({}, { signed: signedBy(LOCAL_BUILDER, STRANGER), rules: own }).created).toBe(true);
    expect(outcomeOf(world, deliver(world), { rules: own })).toBe('ok');
  });

  test('what the rules accept is taken in, and verifies by the same rules', () => {
    expect(world.publish({}, { signed: signedBy(CI, STRANGER), rules: rules(rule) }).created).toBe(true);
    expect(outcomeOf(world, deliver(world), { rules: rules(rule) })).toBe('ok');
    expect(outcomeOf(world, deliver(world))).toBe('provenance E_BUILDER');
  });
});

test('row 26: a registry takes in nothing by keys whose range has ended, and says who must act', () => {
  world.write((writer) => {
    const { document } = writer.namespaceChain('local')[0]!;
    const keys = [{ ...document.keys[0]!, untilIndex: 1 }];
    writer.grant(signNamespace({ ...document, version: 2, keys }, [REGISTRY_KEYS.registrar, PUBLISHER]));
  });
  expect(() => world.publish()).toThrow(
    expect.objectContaining({
      code: 'E_KEY_RANGE',
      expected: 'a threshold of 1, of keys valid at index 2',
      actual: 'none',
    }),
  );
});

test('row 8: a namespace that was never granted', () => {
  expect(() => world.publish({ name: 'acme/tool' }, { local: false })).toThrow(code('E_NAMESPACE'));
  expect(() => world.publish({ name: 'acme/tool' })).toThrow(code('E_LOCAL_ROOT'));
});

test('an archive that is none is refused before anything is written', () => {
  const before = files();
  expect(() => world.publish({}, { archive: archiveOf().subarray(0, -512) })).toThrow(
    code('E_ARCHIVE_FORMAT'),
  );
  expect(files()).toEqual(before);
});

/** The registry as a crash leaves it: everything as after publishing, but these paths as before. */
function crash(...unwritten: string[]): void {
  const before = join(world.directory, 'before');
  cpSync(world.registry, before, { recursive: true });
  world.publish();
  for (const path of unwritten) {
    rmSync(join(world.registry, path), { recursive: true, force: true });
    if (existsSync(join(before, path)))
      cpSync(join(before, path), join(world.registry, path), { recursive: true });
  }
}
const INDEX = 'index/local/hello.json';
const CRASHES: [string, string[], boolean][] = [
  ['before the release folder', [INDEX, 'status.json', 'checkpoint', 'tile', 'release'], true],
  ['after the release folder', [INDEX, 'status.json', 'checkpoint', 'tile'], true],
  ['after the tiles', [INDEX, 'status.json', 'checkpoint'], true],
  ['after the checkpoint', [INDEX, 'status.json'], false],
  ['after the status', [INDEX], false],
];
test.each(CRASHES)(
  'row 37: a crash %s leaves the old state or the new one, and publishing again completes it',
  (_, lost, created) => {
    crash(...lost);
    expect(() => deliver(world)).toThrow(code('E_NOT_FOUND'));
    expect(world.publish()).toMatchObject({ index: 1, created });
    expect(outcomeOf(world, deliver(world))).toBe('ok');
    expect(world.write((writer) => writer.size)).toBe(2);
  },
);

test('row 37: after a crash another archive may take the version only if none was logged', () => {
  crash(INDEX);
  expect(() => world.publish({ files: { 'README.md': 'other' } })).toThrow(code('E_VERSION_EXISTS'));
  world.close();
  world = createWorld();
  crash(INDEX, 'status.json', 'checkpoint', 'tile');
  expect(world.publish({ files: { 'README.md': 'other' } }).created).toBe(true);
  expect(outcomeOf(world, deliver(world))).toBe('ok');
});

test('row 12: a version is logged once, whatever index and folder say', () => {
  world.publish();
  rmSync(join(world.registry, 'release/local/hello'), { recursive: true });
  rmSync(join(world.registry, INDEX));
  expect(() => world.publish({ files: { 'README.md': 'other' } })).toThrow(code('E_VERSION_EXISTS'));
  expect(() => world.publish()).toThrow(code('E_AUDIT_MISSING'));
  expect(world.write((writer) => writer.size)).toBe(2);
  expect(world.publish({ version: '1.0.1' })).toMatchObject({ index: 2, created: true });
});

test('a registry whose index lies proves nothing', () => {
  world.publish();
  world.publish({ version: '1.1.0' });
  const path = join(world.registry, INDEX);
  const index = JSON.parse(readFileSync(path, 'utf8')) as { versions: { index: number; version: string }[] };
  const lie = (changes: object) =>
    writeFileSync(path, JSON.stringify({ ...index, versions: [{ ...index.versions[0]!, ...changes }] }));
  const fetched = () => fetchRelease(new DirectoryTransport(world.registry), 'local/hello');
  lie({ index: 2 });
  expect(verifyFetched(world.project, fetched()).verdict.code).toBe('E_LOG_ENTRY');
  lie({ index: 3 });
  expect(fetched).toThrow(code('E_REGISTRY'));
  lie({ version: '9.9.9' });
  expect(fetched).toThrow(code('E_REGISTRY'));
  lie({});
  expect(verifyFetched(world.project, fetched()).verdict.ok).toBe(true);
});

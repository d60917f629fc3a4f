// Check `namespace`: THREATS.md 2, 8, 29, 30, 32.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatPublicKey } from '../../../keys/ed25519.ts';
import { signEnvelope } from '../../../keys/envelope.ts';
import { createRoot, rootFingerprint } from '../../../keys/root.ts';
import { archiveDigest } from '../../../registry/archive.ts';
import { firstNamespace, signNamespace } from '../../../registry/namespace.ts';
import { IN_TOTO_PAYLOAD } from '../../../src/contracts/statement.ts';
import {
  archiveOf,
  createWorld,
  DAY,
  deliver,
  key,
  outcomeOf,
  PUBLISHER,
  REGISTRY_KEYS,
  remembering,
  START,
  STRANGER,
  verdictOf,
  type World,
} from '../fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

const payloadOf = (text: string): Buffer => Buffer.from(text, 'base64');
/** Version 2 of `local`, logged at the current end, signed as given. */
function grantNext(
  keys: { key: string; fromIndex: number; untilIndex?: number }[],
  signers = [REGISTRY_KEYS.registrar, PUBLISHER],
  recovery = false,
) {
  const document = { ...firstNamespace('local', [], 1, START + 300 * DAY), version: 2, keys, recovery };
  world.write((writer) => writer.grant(signNamespace(document, signers)));
}
const namespaces = ['local', 'signet', 'acme'].map((namespace) => ({
  namespace,
  keys: [PUBLISHER.publicKey],
  threshold: 1,
}));
const stranger = formatPublicKey(STRANGER.publicKey);
const zero = `sha256:${'0'.repeat(64)}`;

test('row 8: a namespace document that the stranger made for itself', () => {
  const delivered = deliver(world);
  const own = firstNamespace('local', [STRANGER.publicKey], 1, START + DAY);
  const payload = payloadOf(delivered.proof.release.envelope.payload);
  delivered.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [STRANGER]);
  delivered.proof.namespace[0]!.envelope = signNamespace(own, [STRANGER]);
  expect(outcomeOf(world, delivered)).toBe('namespace E_SIGNER');
  // Even the registrar's own signature is not enough: the document was never logged (row 30).
  delivered.proof.namespace[0]!.envelope = signNamespace(own, [REGISTRY_KEYS.registrar]);
  expect(outcomeOf(world, delivered)).toBe('log E_LOG_ENTRY');
});

test('row 29: a proof bundle that brings its own root, registrar, log and status', () => {
  const other = createWorld();
  try {
    const keys = { root: key(11), registrar: key(12), log: key(13), status: key(14) };
    const envelope = createRoot({
      root: keys.root,
      registrar: keys.registrar.publicKey,
      log: keys.log.publicKey,
      status: keys.status.publicKey,
      origin: 'signet.local/evil',
      expires: START + DAY,
    });
    const delivered = deliver(world);
    delivered.proof.root = [envelope];
    expect(outcomeOf(world, delivered)).toBe('namespace E_ROOT_UNTRUSTED');
    delivered.proof.root = [...deliver(world).proof.root, envelope];
    expect(outcomeOf(world, delivered)).toBe('namespace E_ROOT_ROTATION');
    expect(rootFingerprint(envelope)).not.toBe(world.fingerprint);
  } finally {
    other.close();
  }
});

test('rows 29, 32: no pin, no mapping, an empty policy, and one namespace in two registries', () => {
  const delivered = deliver(world);
  const [registry] = world.project.trustState('install').registries;
  const unpinned = verdictOf(world, delivered, { registries: [{ ...registry!, pin: undefined }] });
  expect(unpinned.code).toBe('E_ROOT_UNPINNED');
  expect(unpinned.checks.find(({ name }) => name === 'namespace')?.fix).toContain(
    `registry root pin FILE --fingerprint ${world.fingerprint}`,
  );
  expect(outcomeOf(world, delivered, { registries: [] })).toBe('namespace E_REGISTRY_UNMAPPED');
  expect(outcomeOf(world, delivered, { registries: [{ ...registry!, namespaces: ['other'] }] })).toBe(
    'namespace E_REGISTRY_UNMAPPED',
  );
  expect(outcomeOf(world, delivered, { registries: [registry!, registry!] })).toBe(
    'namespace E_REGISTRY_UNMAPPED',
  );
  expect(outcomeOf(world, delivered, { registries: [registry!] })).toBe('ok');
});

test('row 30: new keys that the old keys did not sign are refused, unless a recovery is confirmed', () => {
  world.close();
  world = createWorld();
  grantNext([{ key: stranger, fromIndex: 0 }], [REGISTRY_KEYS.registrar], true);
  world.publish({}, { publishers: [STRANGER] });
  const delivered = deliver(world);
  expect(outcomeOf(world, delivered)).toBe('namespace E_NAMESPACE_RECOVERY');
  const digest = world.write((writer) => writer.namespaceChain('local')[1]!.digest);
  expect(outcomeOf(world, delivered, { recoveries: new Set([digest]) })).toBe('ok');
});

test('row 30: the same without the word recovery', () => {
  world.close();
  world = createWorld();
  grantNext([{ key: stranger, fromIndex: 0 }], [REGISTRY_KEYS.registrar]);
  world.publish({}, { publishers: [STRANGER] });
  expect(outcomeOf(world, deliver(world))).toBe('namespace E_NAMESPACE_RECOVERY');
});

test('rows 8, 30: documents out of order, of another namespace, or the newest left out', () => {
  world.close();
  world = createWorld({
    namespaces: [
      { namespace: 'local', keys: [PUBLISHER.publicKey], threshold: 1 },
      { namespace: 'signet', keys: [PUBLISHER.publicKey], threshold: 1 },
    ],
  });
  const document = { ...firstNamespace('local', [PUBLISHER.publicKey], 1, START + 300 * DAY), version: 2 };
  world.write((writer) => writer.grant(signNamespace(document, [REGISTRY_KEYS.registrar, PUBLISHER])));
  world.publish();
  const good = deliver(world);
  expect(outcomeOf(world, good)).toBe('ok');
  const [first, second] = good.proof.namespace;
  expect(outcomeOf(world, { ...good, proof: { ...good.proof, namespace: [second!, first!] } })).toBe(
    'namespace E_NAMESPACE',
  );
  expect(outcomeOf(world, { ...good, proof: { ...good.proof, namespace: [second!] } })).toBe(
    'namespace E_NAMESPACE',
  );
  const shorter = { ...good.proof, namespace: [first!] };
  const seen = {
    namespace: 'local',
    version: 2,
    document: world.write((w) => w.namespaceChain('local')[1]!.digest),
  };
  const [registry] = world.project.trustState('install').registries;
  const remembered = { registries: [{ ...registry!, pin: { ...registry!.pin!, namespaces: [seen] } }] };
  expect(outcomeOf(world, { ...good, proof: shorter }, remembered)).toBe('namespace E_ROLLBACK');
  expect(outcomeOf(world, good, remembered)).toBe('ok');
});

test('an expired namespace document refuses installing; what is installed goes on loading, with a warning', () => {
  world.close();
  world = createWorld();
  const document = { ...firstNamespace('local', [PUBLISHER.publicKey], 1, START + 2 * DAY), version: 2 };
  world.write((writer) => writer.grant(signNamespace(document, [REGISTRY_KEYS.registrar, PUBLISHER])));
  world.publish();
  const delivered = deliver(world);
  expect(outcomeOf(world, delivered, {}, START + 2 * DAY - 1000)).toBe('ok');
  expect(outcomeOf(world, delivered, {}, START + 2 * DAY)).toBe('namespace E_EXPIRED');
  const loaded = verdictOf(world, delivered, { purpose: 'load' }, START + 3 * DAY);
  expect(loaded.ok).toBe(true);
  expect(loaded.checks.find(({ name }) => name === 'namespace')?.warning).toMatch(/expired/);
});

test('row 2: an older root, and another root of the version seen', () => {
  const root = (version: number) => ({ root: { version, fingerprint: `SHA256:${'0'.repeat(64)}` } });
  expect(outcomeOf(world, deliver(world), remembering(world, root(2)))).toBe('namespace E_ROLLBACK');
  expect(outcomeOf(world, deliver(world), remembering(world, root(1)))).toBe('namespace E_ROOT');
  expect(
    outcomeOf(
      world,
      deliver(world),
      remembering(world, { root: { version: 1, fingerprint: world.fingerprint } }),
    ),
  ).toBe('ok');
});

test('row 2: another namespace document of the version seen', () => {
  const seen = { namespace: 'local', version: 1, document: zero };
  expect(outcomeOf(world, deliver(world), remembering(world, { namespaces: [seen] }))).toBe(
    'namespace E_NAMESPACE',
  );
});

test('it grants a stranger’s namespace: refused at publishing and at verifying', () => {
  world.close();
  world = createWorld({ namespaces });
  const refusal = expect.objectContaining({ code: 'E_LOCAL_ROOT' });
  expect(() => world.publish({ name: 'acme/tool' })).toThrow(refusal);
  world.publish({ name: 'acme/tool' }, { local: false });
  expect(outcomeOf(world, deliver(world, 'acme/tool'))).toBe('namespace E_LOCAL_ROOT');
});

test('signet/… only with the digest that the package pins', () => {
  const bundle = { name: 'signet/hello' };
  const digest = archiveDigest(archiveOf(bundle));
  const firstParty = {
    type: 'first-party/1' as const,
    bundles: [{ name: 'signet/hello', version: '1.0.0', digest }],
  };
  world.close();
  world = createWorld({ namespaces, firstParty });
  world.publish(bundle);
  expect(outcomeOf(world, deliver(world, 'signet/hello'))).toBe('ok');
  const other = { ...bundle, files: { 'README.md': 'changed' } };
  const refusal = expect.objectContaining({ code: 'E_FIRST_PARTY' });
  expect(() => world.publish({ ...other, version: '1.0.1' })).toThrow(refusal);
  world.publish({ ...other, version: '1.0.1' }, { local: false });
  expect(outcomeOf(world, deliver(world, 'signet/hello'))).toBe('namespace E_FIRST_PARTY');
});

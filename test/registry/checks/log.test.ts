// Check `log`: THREATS.md 2, 5, 11-13, 26.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatPublicKey } from '../../../keys/ed25519.ts';
import { signEnvelope } from '../../../keys/envelope.ts';
import { fetchRelease } from '../../../registry/fetch.ts';
import { firstNamespace, readNamespace, signNamespace } from '../../../registry/namespace.ts';
import { parseProof } from '../../../registry/proof.ts';
import { DirectoryTransport } from '../../../registry/transport.ts';
import { IN_TOTO_PAYLOAD } from '../../../src/contracts/statement.ts';
import {
  createWorld,
  DAY,
  deliver,
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
const publisher = formatPublicKey(PUBLISHER.publicKey);
const stranger = formatPublicKey(STRANGER.publicKey);
const zero = `sha256:${'0'.repeat(64)}`;

test('row 5: proofs from one checkpoint under another', () => {
  const before = deliver(world);
  world.publish({ version: '1.1.0' });
  const after = deliver(world, 'local/hello');
  const mixed = {
    ...after.proof,
    release: { ...after.proof.release, inclusion: before.proof.release.inclusion },
  };
  expect(outcomeOf(world, { ...after, proof: mixed })).toMatch(/^log E_LOG_PROOF$/);
});

test('row 11: a genuine log proof of another entry', () => {
  world.publish({ version: '1.1.0' });
  const delivered = deliver(world);
  const { release, namespace } = delivered.proof;
  delivered.proof.release = {
    ...release,
    inclusion: { ...namespace[0]!.inclusion, index: release.inclusion.index },
  };
  expect(outcomeOf(world, delivered)).toBe('log E_LOG_PROOF');
  // The proof of another release, index and all.
  const other = fetchRelease(new DirectoryTransport(world.registry), 'local/hello', '1.0.0');
  const mixed = deliver(world);
  mixed.proof.release.inclusion = parseProof(other.proof).release.inclusion;
  expect(outcomeOf(world, mixed)).toBe('log E_LOG_ENTRY');
});

test.each<[string, (hashes: string[]) => string[]]>([
  ['shorter', (hashes) => hashes.slice(1)],
  ['longer', (hashes) => [...hashes, hashes[0]!]],
  ['of hashes that are too short', (hashes) => hashes.map(() => 'AAAA')],
])('row 13: an inclusion proof that is %s', (_, change) => {
  const delivered = deliver(world);
  const { inclusion } = delivered.proof.release;
  inclusion.hashes = change(inclusion.hashes);
  expect(outcomeOf(world, delivered)).toBe('log E_LOG_PROOF');
});

test('row 26: a key counts only inside its range; a release before the range ended stays valid', () => {
  world.close();
  world = createWorld();
  world.publish();
  grantNext([
    { key: publisher, fromIndex: 0, untilIndex: 2 },
    { key: stranger, fromIndex: 2 },
  ]);
  expect(outcomeOf(world, deliver(world))).toBe('ok');
  world.publish({ version: '1.1.0' }, { publishers: [STRANGER] });
  const now = deliver(world);
  expect(outcomeOf(world, now)).toBe('ok');
  expect(() => world.publish({ version: '1.2.0' })).toThrow(expect.objectContaining({ code: 'E_SIGNER' }));
  // The old key signs what the new one released, back-dating itself: its place in the log says otherwise.
  const payload = payloadOf(now.proof.release.envelope.payload);
  now.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [PUBLISHER]);
  expect(outcomeOf(world, now)).toMatch(/^(envelope E_SIGNER|log E_KEY_RANGE)$/);
});

test('row 26: a range that begins later does not cover an earlier release', () => {
  world.close();
  world = createWorld();
  world.publish();
  grantNext([{ key: publisher, fromIndex: 2 }]);
  expect(outcomeOf(world, deliver(world))).toBe('log E_KEY_RANGE');
});

test('row 26: a key that a later document brings in is not valid for what was logged before that document', () => {
  world.close();
  world = createWorld();
  world.publish();
  const delivered = deliver(world);
  grantNext([
    { key: publisher, fromIndex: 0 },
    { key: stranger, fromIndex: 0 },
  ]);
  const after = deliver(world);
  expect(outcomeOf(world, after)).toBe('ok');
  const payload = payloadOf(delivered.proof.release.envelope.payload);
  after.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [STRANGER]);
  expect(outcomeOf(world, after)).toBe('envelope E_SIGNER');
});

test('row 2: a checkpoint smaller than the one seen is refused for installing, and is what loading expects', () => {
  const delivered = deliver(world);
  const checkpoint = { origin: 'x', size: 3, root: zero, note: '' };
  expect(outcomeOf(world, delivered, remembering(world, { checkpoint }))).toBe('log E_ROLLBACK');
  expect(outcomeOf(world, delivered, { ...remembering(world, { checkpoint }), purpose: 'load' })).toBe('ok');
});

test('row 12: one size with two roots is equivocation, and both are named', () => {
  const checkpoint = { origin: 'x', size: 2, root: zero, note: '' };
  const verdict = verdictOf(world, deliver(world), remembering(world, { checkpoint }));
  const check = verdict.checks.find(({ name }) => name === 'log')!;
  expect(check.code).toBe('E_EQUIVOCATION');
  expect(check.expected).toContain(zero);
  expect(check.actual).toMatch(/size 2 sha256:[1-9a-f]/);
});

test.each([
  [[1, 2], 'ok'],
  [[2, 1], 'log E_NAMESPACE'],
])('row 30: namespace documents logged in the order %j', (order, expected) => {
  world.close();
  world = createWorld({ namespaces: [] });
  world.setPolicy({
    registries: [{ name: 'home', location: world.registry, root: world.fingerprint, namespaces: ['local'] }],
  });
  world.write((writer) => {
    const first = firstNamespace('local', [PUBLISHER.publicKey], 1, START + 300 * DAY);
    const versions = order.map((version) => {
      const envelope = signNamespace({ ...first, version }, [REGISTRY_KEYS.registrar, PUBLISHER]);
      const { digest } = readNamespace(envelope);
      writer.writeJson(`namespace/local/${version}.json`, envelope);
      const index = writer.commit([{ type: 'namespace', namespace: 'local', version, document: digest }]);
      return { version, document: digest, index };
    });
    const sorted = versions.sort((a, b) => a.version - b.version);
    writer.writeJson('index/local.json', { type: 'namespace-index/1', versions: sorted });
  });
  world.publish();
  expect(outcomeOf(world, deliver(world))).toBe(expected);
});

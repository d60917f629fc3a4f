// Check `envelope`: THREATS.md 7-10, 17, 32, 34.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../../keys/document.ts';
import { fingerprint } from '../../../keys/ed25519.ts';
import { signEnvelope } from '../../../keys/envelope.ts';
import { verifyRelease } from '../../../registry/verify.ts';
import { IN_TOTO_PAYLOAD, type ReleaseStatement } from '../../../src/contracts/statement.ts';
import { createWorld, deliver, outcomeOf, PUBLISHER, START, STRANGER, type World } from '../fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

const payloadOf = (text: string): Buffer => Buffer.from(text, 'base64');
const two = [{ namespace: 'local', keys: [PUBLISHER.publicKey, STRANGER.publicKey], threshold: 2 }];

test('row 9: a genuine envelope served for another bundle or version', () => {
  world.publish({ name: 'local/bar' });
  world.publish({ version: '2.0.0' });
  const [foo, bar] = [deliver(world), deliver(world, 'local/bar')];
  expect(outcomeOf(world, foo)).toBe('ok');
  expect(outcomeOf(world, { archive: bar.archive, proof: foo.proof })).toBe('envelope E_DIGEST');
  const asked = (name: string, version: string) =>
    verifyRelease(bar.archive, formatDocument(bar.proof), world.project.trustState('install'), START, {
      name,
      version,
    });
  expect(asked('local/bar', '1.0.0').ok).toBe(true);
  expect(asked('local/foo', '1.0.0').code).toBe('E_STATEMENT_MISMATCH');
  expect(asked('local/bar', '1.0.1').code).toBe('E_STATEMENT_MISMATCH');
});

test.each<[string, (p: ReleaseStatement['predicate']) => object]>([
  ['name', () => ({ name: 'other' })],
  ['version', () => ({ version: '1.0.1' })],
  ['host', () => ({ host: '*' })],
  ['files', () => ({ files: `sha256:${'1'.repeat(64)}` })],
  ['provides', (p) => ({ provides: [{ ...p.provides[0]!, name: 'other' }] })],
  ['requires', () => ({ requires: { 'parser/x': '^1.0.0' } })],
  ['capabilities', () => ({ capabilities: [] })],
  [
    'capabilities, one way of asking widened',
    () => ({ capabilities: [{ id: 'log' }, { id: 'kv', access: 'read' }] }),
  ],
  ['namespace', () => ({ namespace: 'signet' })],
])('rows 9, 34: a statement, rightly signed, whose %s is not the manifest’s own', (_, change) => {
  const delivered = deliver(world);
  const statement = JSON.parse(
    payloadOf(delivered.proof.release.envelope.payload).toString(),
  ) as ReleaseStatement;
  const same = formatDocument(statement);
  delivered.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, same, [PUBLISHER]);
  expect(outcomeOf(world, delivered)).toBe('ok');
  const predicate = { ...statement.predicate, ...change(statement.predicate) };
  const payload = formatDocument({ ...statement, predicate });
  delivered.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [PUBLISHER]);
  expect(outcomeOf(world, delivered)).toBe('envelope E_STATEMENT_MISMATCH');
});

test('row 10: provenance in the place of the release, and the other way round', () => {
  const delivered = deliver(world);
  const { provenance, release } = delivered.proof;
  const swapped = { ...delivered.proof, release: { ...release, envelope: provenance! } };
  expect(outcomeOf(world, { ...delivered, proof: swapped })).toBe('envelope E_PREDICATE');
  const other = { ...delivered.proof, provenance: release.envelope };
  expect(outcomeOf(world, { ...delivered, proof: other })).toBe('log E_LOG_ENTRY');
});

test('row 10: another payload type under the publisher’s own signature; an unparsable payload', () => {
  const delivered = deliver(world);
  const { envelope } = delivered.proof.release;
  const payload = payloadOf(envelope.payload);
  delivered.proof.release.envelope = signEnvelope('application/json', payload, [PUBLISHER]);
  expect(outcomeOf(world, delivered)).toBe('envelope E_PAYLOAD_TYPE');
  delivered.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload.subarray(1), [PUBLISHER]);
  expect(outcomeOf(world, delivered)).toBe('envelope E_JSON');
  delivered.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [PUBLISHER]);
  expect(outcomeOf(world, delivered)).toBe('ok');
});

test('row 10: a status in the place of the namespace document, by whoever may sign one', () => {
  const delivered = deliver(world);
  delivered.proof.namespace[0]!.envelope = delivered.proof.status;
  expect(outcomeOf(world, delivered)).toBe('envelope E_PAYLOAD_TYPE');
});

test('rows 8, 17: a stranger signs: refused, under its own key id and under the publisher’s', () => {
  const delivered = deliver(world);
  const payload = payloadOf(delivered.proof.release.envelope.payload);
  const envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [STRANGER]);
  delivered.proof.release.envelope = envelope;
  expect(outcomeOf(world, delivered)).toBe('envelope E_SIGNER');
  envelope.signatures[0]!.keyid = fingerprint(PUBLISHER.publicKey);
  expect(outcomeOf(world, delivered)).toBe('envelope E_SIGNATURE');
  const right = signEnvelope(IN_TOTO_PAYLOAD, payload, [PUBLISHER]);
  right.signatures[0]!.keyid = fingerprint(STRANGER.publicKey);
  delivered.proof.release.envelope = right;
  expect(outcomeOf(world, delivered)).toBe('ok');
});

test('row 32: an archive without a proof is unsigned: exit 3, and nothing after it is a pass', () => {
  const verdict = verifyRelease(
    deliver(world).archive,
    undefined,
    world.project.trustState('install'),
    START,
  );
  expect(verdict).toMatchObject({ ok: false, code: 'E_UNSIGNED' });
  expect(verdict.checks.slice(4).every(({ state }) => state === 'not_run')).toBe(true);
});

test.each([
  ['urn:signet:skill-release/v0', 'E_FORMAT_VERSION'],
  ['urn:signet:skill-release/v2', 'E_FORMAT_VERSION'],
  ['https://slsa.dev/provenance/v1', 'E_PREDICATE'],
])('row 34: a release of predicate %s', (predicateType, expected) => {
  const delivered = deliver(world);
  const statement = JSON.parse(payloadOf(delivered.proof.release.envelope.payload).toString()) as object;
  const payload = formatDocument({ ...statement, predicateType });
  delivered.proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [PUBLISHER]);
  expect(outcomeOf(world, delivered)).toBe(`envelope ${expected}`);
});

test('row 7: one of two is refused, both pass, one key twice is one', () => {
  world.close();
  world = createWorld({ namespaces: two });
  world.publish({}, { publishers: [PUBLISHER, STRANGER] });
  const delivered = deliver(world);
  expect(outcomeOf(world, delivered)).toBe('ok');
  const { envelope } = delivered.proof.release;
  const [first] = envelope.signatures;
  const signatures = [first!, { ...first!, keyid: fingerprint(STRANGER.publicKey) }];
  delivered.proof.release.envelope = { ...envelope, signatures };
  expect(outcomeOf(world, delivered)).toBe('envelope E_THRESHOLD');
});

test('row 30: a document logged after the release cannot have allowed it', () => {
  world.close();
  world = createWorld();
  world.publish();
  const delivered = deliver(world);
  delivered.proof.namespace[0]!.inclusion.index = 1;
  expect(outcomeOf(world, delivered)).toBe('envelope E_NAMESPACE');
});

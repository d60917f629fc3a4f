// Documents with one thing in them changed for something else that is valid JSON, unsigned and signed anew by the right keys: whatever
// comes of it is a verdict with a code, never a failure of Signet itself (THREATS.md 10, 18, 36).
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyPair } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { givenTrust } from '../../registry/given-root.ts';
import { verifyRelease } from '../../registry/verify.ts';
import type { Envelope } from '../../src/contracts/statement.ts';
import { createWorld, type Delivered, deliver, PUBLISHER, REGISTRY_KEYS, type World } from './fixture.ts';

let world: World;
let delivered: Delivered;
beforeAll(() => {
  world = createWorld();
  world.publish();
  delivered = deliver(world);
});
afterAll(() => world.close());

type Json = ReturnType<typeof JSON.parse>;
const JUNK: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 2 ** 53, 1e308, '', 'constructor', 'toString', '\u0000', [], {}, [[]], 'AB=='],
  ...['9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z', `ed25519:${'A'.repeat(43)}=`, '>=0', 'a'.repeat(5000)],
];
const pathsOf = (value: Json, path: string[] = []): string[][] =>
  value === null || typeof value !== 'object'
    ? [path]
    : [path, ...Object.keys(value).flatMap((key) => pathsOf(value[key], [...path, key]))];

/** The document with what stands at one of its paths replaced, taken away, doubled, or exchanged with another of its parts. */
function mutated(document: Json, place: number, how: number, junk: number): Json {
  const copy = structuredClone(document);
  const paths = pathsOf(copy).slice(1);
  const path = paths[place % paths.length]!;
  const parent = path.slice(0, -1).reduce((at, key) => at[key], copy);
  const key = path.at(-1)!;
  if (how === 0) parent[key] = JUNK[junk % JUNK.length];
  else if (how === 1 && Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (how === 1) delete parent[key];
  else if (how === 2 && Array.isArray(parent)) parent.push(parent[0]);
  else if (how === 2) parent[`${key}x`] = parent[key];
  else parent[key] = structuredClone(paths[junk % paths.length]!.reduce((at, one) => at[one], document));
  return copy;
}

const PARTS: readonly [string, (proof: Json) => Envelope, KeyPair][] = [
  ['root', (proof) => proof.root[0], REGISTRY_KEYS.root],
  ['namespace', (proof) => proof.namespace[0].envelope, REGISTRY_KEYS.registrar],
  ['release', (proof) => proof.release.envelope, PUBLISHER],
  ['provenance', (proof) => proof.provenance, PUBLISHER],
  ['status', (proof) => proof.status, REGISTRY_KEYS.status],
];

function judge(proof: Json): { ok: boolean; code: string | null } {
  const bytes = Buffer.from(JSON.stringify(proof) ?? 'null');
  const given = givenTrust({ fingerprint: world.fingerprint, host: '1.0.0' }, bytes);
  const verdicts = [world.project.trustState('install'), world.project.trustState('load'), given].map(
    // One verifier: which signatures count is not what is tried here.
    (trust) =>
      verifyRelease(delivered.archive, bytes, { ...trust, verifiers: 'one' }, world.clock.ms, {
        name: 'local/hello',
      }),
  );
  for (const { ok, code, checks } of verdicts) {
    expect(['E_INTERNAL', 'E_IO', 'E_USAGE', 'E_CONFIG']).not.toContain(code);
    const failed = checks.find(({ state }) => state === 'fail');
    if (!ok) expect([failed?.expected, failed?.actual, failed?.fix]).not.toContain(undefined);
  }
  return verdicts[0]!;
}

const change = fc.tuple(fc.nat(5000), fc.nat(3), fc.nat(500));

test('of a proof bundle', () => {
  fc.assert(
    fc.property(change, (one) => {
      judge(mutated(delivered.proof, ...one));
    }),
    { numRuns: 100 },
  );
  expect(judge(delivered.proof).ok).toBe(true);
});

test.each(PARTS)('of the %s, signed anew: never what was pinned and logged', (_, part, signer) => {
  fc.assert(
    fc.property(change, (one) => {
      const proof = structuredClone(delivered.proof);
      const envelope = part(proof);
      const before = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
      const after = mutated(before, ...one);
      Object.assign(
        envelope,
        signEnvelope(envelope.payloadType, Buffer.from(JSON.stringify(after)), [signer]),
      );
      const { ok } = judge(proof);
      // Statuses are neither pinned nor logged: a fresh one by the right key may be right.
      if (part !== PARTS[4]![1]) expect(ok).toBe(JSON.stringify(after) === JSON.stringify(before));
    }),
    { numRuns: 40 },
  );
});

// Check `status`: THREATS.md 2, 4, 5, 27, 31.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../../keys/document.ts';
import { fingerprint, formatPublicKey } from '../../../keys/ed25519.ts';
import { readRoot } from '../../../keys/root.ts';
import { archiveDigest } from '../../../registry/archive.ts';
import { addSignatures, readDraft } from '../../../registry/ceremony.ts';
import { draftRoot, planOf } from '../../../registry/ceremony-root.ts';
import { fetchRelease, refreshRegistry } from '../../../registry/fetch.ts';
import { signNamespace } from '../../../registry/namespace.ts';
import { parseProof } from '../../../registry/proof.ts';
import { signStatus } from '../../../registry/status.ts';
import { DirectoryTransport } from '../../../registry/transport.ts';
import {
  createWorld,
  DAY,
  type Delivered,
  deliver,
  key,
  outcomeOf,
  PUBLISHER,
  REGISTRY_KEYS,
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

const revoked = (delivered: Delivered) =>
  ({ type: 'revoke', digest: archiveDigest(delivered.archive), reason: 'stolen' }) as const;

test('row 4: the clock past the status expiry is stale for installing; exit 4', () => {
  const delivered = deliver(world);
  expect(outcomeOf(world, delivered, {}, START + 7 * DAY - 1000)).toBe('ok');
  expect(outcomeOf(world, delivered, {}, START + 7 * DAY)).toBe('status E_STATUS_STALE');
});

test('row 4: a shorter freshness of the policy binds before the expiry', () => {
  const freshness = { installDays: 2, loadDays: 3 };
  expect(outcomeOf(world, deliver(world), { freshness }, START + 2 * DAY)).toBe('ok');
  expect(outcomeOf(world, deliver(world), { freshness }, START + 2 * DAY + 1000)).toBe(
    'status E_STATUS_STALE',
  );
});

test('row 31: offline for a month: loading warns up to loadDays, then refuses', () => {
  const delivered = deliver(world);
  const load = (days: number) => verdictOf(world, delivered, { purpose: 'load' }, START + days * DAY);
  expect(load(6).checks.find(({ name }) => name === 'status')?.warning).toBeUndefined();
  expect(load(29)).toMatchObject({ ok: true });
  expect(load(29).checks.find(({ name }) => name === 'status')?.warning).toMatch(/29 days old/);
  expect(load(31)).toMatchObject({ ok: false, code: 'E_STATUS_STALE' });
});

test('a status from the future of this clock is refused', () => {
  expect(outcomeOf(world, deliver(world), {}, START - 9 * 60_000)).toBe('ok');
  expect(outcomeOf(world, deliver(world), {}, START - 11 * 60_000)).toBe('status E_STATUS_STALE');
});

test('row 5: checkpoint of one moment, status of another', () => {
  const before = deliver(world);
  world.publish({ version: '1.1.0' });
  const after = deliver(world);
  expect(outcomeOf(world, after)).toBe('ok');
  expect(outcomeOf(world, { ...after, proof: { ...after.proof, status: before.proof.status } })).toBe(
    'status E_STATUS_MISMATCH',
  );
  const old = { ...before.proof, status: after.proof.status };
  expect(outcomeOf(world, { ...before, proof: old })).toBe('status E_STATUS_MISMATCH');
});

test('row 5: a status of the right size with another root, and one of another log', () => {
  const delivered = deliver(world);
  const head = {
    origin: 'signet.local/b62e867fa2f33afe',
    size: 2,
    root: `sha256:${'0'.repeat(64)}`,
    hash: new Uint8Array(32),
    note: '',
  };
  const stated = { rootVersion: 1, namespaces: [], revoked: { digests: [], keys: [] } };
  delivered.proof.status = signStatus(head, stated, REGISTRY_KEYS.status, START);
  expect(outcomeOf(world, delivered)).toBe('status E_STATUS_MISMATCH');
  delivered.proof.status = signStatus({ ...head, origin: 'other' }, stated, REGISTRY_KEYS.status, START);
  expect(outcomeOf(world, delivered)).toBe('status E_STATUS_MISMATCH');
});

test('row 27: a revoked digest is refused with its reason; another one is not', () => {
  const before = deliver(world);
  world.publish({ version: '1.0.1' });
  world.write((writer) => writer.revoke(revoked(before)));
  expect(outcomeOf(world, deliver(world))).toBe('ok');
  const old = fetchRelease(new DirectoryTransport(world.registry), 'local/hello', '1.0.0');
  const verdict = verdictOf(world, { archive: old.archive, proof: parseProof(old.proof) });
  expect(verdict.code).toBe('E_REVOKED');
  expect(verdict.checks.find(({ name }) => name === 'status')?.detail).toContain('stolen');
});

test.each([
  [0, 'status E_KEY_REVOKED'],
  [1, 'status E_KEY_REVOKED'],
  [2, 'ok'],
])('row 27: a key revoked from index %d on, for a release at index 1: %s', (fromIndex, expected) => {
  const entry = {
    type: 'revoke-key',
    key: fingerprint(PUBLISHER.publicKey),
    fromIndex,
    reason: 'lost',
  } as const;
  world.write((writer) => writer.revoke(entry));
  expect(outcomeOf(world, deliver(world))).toBe(expected);
});

test('rows 27, 31: what was seen revoked binds, however old or silent the status is', () => {
  const delivered = deliver(world);
  const [registry] = world.project.trustState('install').registries;
  const digest = archiveDigest(delivered.archive);
  const remember = (index: number) => ({
    registries: [
      {
        ...registry!,
        pin: { ...registry!.pin!, revoked: { digests: [{ digest, reason: 'x', index }], keys: [] } },
      },
    ],
  });
  // Logged after this status: the status is merely older, the revocation binds.
  expect(outcomeOf(world, delivered, remember(2))).toBe('status E_REVOKED');
  expect(outcomeOf(world, delivered, { ...remember(2), purpose: 'load' }, START + 20 * DAY)).toBe(
    'status E_REVOKED',
  );
  // Logged before it: the status leaves it out.
  expect(outcomeOf(world, delivered, remember(1))).toBe('status E_STATUS_OMITS');
});

test('row 27: a status that moves a key revocation to a later index leaves it out as well', () => {
  const entry = {
    type: 'revoke-key',
    key: fingerprint(STRANGER.publicKey),
    fromIndex: 5,
    reason: '',
  } as const;
  world.write((writer) => writer.revoke(entry));
  const delivered = deliver(world);
  const [registry] = world.project.trustState('install').registries;
  const remember = (fromIndex: number) => ({
    registries: [
      {
        ...registry!,
        pin: {
          ...registry!.pin!,
          revoked: {
            digests: [],
            keys: [{ ...entry, type: undefined, fromIndex, index: 2 }].map(
              ({ type: _type, ...rest }) => rest,
            ),
          },
        },
      },
    ],
  });
  expect(outcomeOf(world, delivered, remember(4))).toBe('status E_STATUS_OMITS');
  expect(outcomeOf(world, delivered, remember(5))).toBe('ok');
});

test('row 2: a namespace chain that was cut is refused under the newest checkpoint, with no memory of it', () => {
  const [first] = world.write((writer) => writer.namespaceChain('local'));
  const next = key(9);
  const second = {
    ...first!.document,
    version: 2,
    keys: [{ key: formatPublicKey(next.publicKey), fromIndex: 0 }],
  };
  const before = deliver(world);
  world.write((writer) => writer.grant(signNamespace(second, [REGISTRY_KEYS.registrar, PUBLISHER])));
  const whole = deliver(world);
  expect(outcomeOf(world, whole)).toBe('envelope E_KEY_RANGE');
  const cut = { ...whole, proof: { ...whole.proof, namespace: whole.proof.namespace.slice(0, 1) } };
  expect(outcomeOf(world, cut)).toBe('status E_ROLLBACK');
  // The twin: the same chain, where it was the newest.
  expect(outcomeOf(world, before)).toBe('ok');
});

test('row 2: a root chain that was cut is refused by the status alone', () => {
  const plan = planOf(readRoot(readDraft(readFileSync(join(world.registry, 'root/1.json')), 'root')));
  const second = addSignatures(draftRoot({ ...plan, version: 2 }), [REGISTRY_KEYS.root]);
  const root = join(world.registry, 'root/2.json');
  writeFileSync(root, formatDocument(second));
  world.write((writer) => writer.renewStatus());
  const delivered = deliver(world);
  expect(outcomeOf(world, delivered)).toBe('ok');
  const cut = { ...delivered, proof: { ...delivered.proof, root: delivered.proof.root.slice(0, 1) } };
  expect(outcomeOf(world, cut)).toBe('status E_ROLLBACK');
});

test('a refresh remembers what the status says is newest', () => {
  refreshRegistry(world.project, world.project.policy().registries[0]!);
  expect(world.project.trust.pin(world.fingerprint)?.stated?.namespaces).toMatchObject([
    { namespace: 'local', version: 1 },
  ]);
});

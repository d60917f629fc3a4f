// What was seen binds, and the one way back: THREATS.md 2, 3, 27. The fast-forward is made for real, with the stolen keys.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { fingerprint, type KeyPair } from '../../keys/ed25519.ts';
import { sha256 } from '../../keys/hash.ts';
import { Keyring } from '../../keys/keyring.ts';
import { readRoot, type VerifiedRoot } from '../../keys/root.ts';
import { addSignatures, readDraft } from '../../registry/ceremony.ts';
import { installRoot } from '../../registry/ceremony-registry.ts';
import { draftRoot, planOf, type RootPlan } from '../../registry/ceremony-root.ts';
import { refreshRegistry } from '../../registry/fetch.ts';
import { install } from '../../registry/install.ts';
import { signHead } from '../../registry/log.ts';
import {
  bindingMemory,
  freshMemory,
  mergeRevocations,
  type Observation,
  remember,
} from '../../registry/memory.ts';
import { signStatus } from '../../registry/status.ts';
import { examineRelease } from '../../registry/verify.ts';
import { encodeBase64 } from '../../src/base64.ts';
import type { StatusDocument } from '../../src/contracts/statement.ts';
import type { Revocations } from '../../src/contracts/trust.ts';
import { leafHash, nodeHash } from '../../src/merkle.ts';
import {
  createWorld,
  DAY,
  type Delivered,
  deliver,
  key,
  REGISTRY_KEYS,
  START,
  type World,
} from './fixture.ts';

const [A, B] = ['a', 'b'].map((digit) => `SHA256:${digit.repeat(64)}`) as [string, string];
const digest = (n: number): string => `sha256:${String(n).padStart(64, '0')}`;
const code = (value: string) => expect.objectContaining({ code: value });
const id = ({ publicKey }: KeyPair): string => fingerprint(publicKey);
const role = ({ publicKey }: KeyPair) => ({ keys: [publicKey], threshold: 1 });
const ORIGIN = 'signet.local/memory';

const root = (
  version: number,
  changes: Partial<Record<'log' | 'registrar' | 'status', KeyPair>> = {},
): VerifiedRoot => ({
  fingerprint: A,
  version,
  expires: '2030-01-01T00:00:00Z',
  registrar: role(changes.registrar ?? REGISTRY_KEYS.registrar),
  log: { ...role(changes.log ?? REGISTRY_KEYS.log), origin: ORIGIN },
  status: role(changes.status ?? REGISTRY_KEYS.status),
  witness: undefined,
});
const note = (size: number, by: KeyPair): string =>
  signHead(ORIGIN, { size, root: new Uint8Array(32).fill(size) }, by);
const seen = (n: number, by: VerifiedRoot, keys = REGISTRY_KEYS): Observation => ({
  root: by,
  checkpoint: { origin: ORIGIN, size: n, root: digest(n), note: note(n, keys.log) },
  status: { issued: `2026-01-0${n}T00:00:00Z`, expires: '2027-01-01T00:00:00Z', size: n },
  stated: { size: n, namespaces: [{ namespace: 'local', version: n, document: digest(n) }] },
  revoked: { digests: [{ digest: digest(n), reason: '', index: n }], keys: [] },
  statusSigners: [id(keys.status)],
  now: START,
  namespace: { namespace: 'local', version: n, document: digest(n), by: [id(keys.registrar)] },
});
const NEW = { ...REGISTRY_KEYS, log: key(13), status: key(14), registrar: key(12) };

test('row 2: what a status said of namespaces only grows, and a newer root starts it anew', () => {
  const one = remember(freshMemory(A, false), seen(5, root(1)));
  expect(remember(one, seen(3, root(1))).stated?.size).toBe(5);
  expect(remember(one, seen(6, root(1))).stated?.size).toBe(6);
  expect(remember(one, seen(3, root(2, NEW), NEW)).stated?.size).toBe(3);
});

test('row 2: under a root of the same version nothing is set aside, whatever keys it names', () => {
  const pin = remember(freshMemory(A, false), seen(5, root(1)));
  expect(bindingMemory(pin, root(1, NEW))).toBe(pin);
  expect(remember(pin, seen(3, root(1)))).toMatchObject({
    checkpoint: { size: 5 },
    namespaces: [{ version: 5 }],
  });
});

test('row 3: a newer root that keeps the keys sets nothing aside', () => {
  const pin = remember(freshMemory(A, false), seen(5, root(1)));
  // Save what a status said of namespaces: the next one says it again.
  expect(bindingMemory(pin, root(2))).toEqual({ ...pin, stated: undefined });
  expect(remember(pin, seen(3, root(2)))).toMatchObject({ root: { version: 2 }, checkpoint: { size: 5 } });
});

test('row 3: what only keys signed that lost their role no longer binds; revocations do, but need not be repeated', () => {
  const pin = remember(freshMemory(A, false), seen(5, root(1)));
  const after = bindingMemory(pin, root(2, NEW));
  expect(after).toMatchObject({ checkpoint: null, namespaces: [] });
  expect(after.revoked.digests).toEqual([{ digest: digest(5), reason: '', index: 5, by: [] }]);
  const grown = remember(pin, seen(3, root(2, NEW), NEW));
  expect(grown).toMatchObject({
    root: { version: 2 },
    checkpoint: { size: 3 },
    namespaces: [{ version: 3 }],
  });
  expect(grown.revoked.digests.map((entry) => entry.digest).sort()).toEqual([digest(3), digest(5)]);
  // Once the new keys repeat it, leaving it out is an offence again.
  const again = remember(grown, { ...seen(4, root(2, NEW), NEW), revoked: pin.revoked });
  expect(again.revoked.digests.find((entry) => entry.digest === digest(5))?.by).toEqual([id(NEW.status)]);
});

test('row 3: each role by itself: a new log key does not forget namespaces, nor a new registrar the checkpoint', () => {
  const pin = remember(freshMemory(A, false), seen(5, root(1)));
  expect(bindingMemory(pin, root(2, { log: NEW.log }))).toEqual({
    ...pin,
    stated: undefined,
    checkpoint: null,
  });
  expect(bindingMemory(pin, root(2, { registrar: NEW.registrar }))).toEqual({
    ...pin,
    stated: undefined,
    namespaces: [],
  });
});

test('memory without signers, as an older Signet wrote it, is never set aside', () => {
  const pin = remember(freshMemory(A, false), seen(5, root(1)));
  const old = { ...pin, namespaces: pin.namespaces.map(({ by: _by, ...rest }) => rest) };
  expect(bindingMemory(old, root(2, NEW)).namespaces).toEqual(old.namespaces);
});

test('row 27: merging never loses a revocation, and of two for a key keeps the wider one', () => {
  const revocations = fc.record({
    digests: fc.array(
      fc.record({ digest: fc.nat(4).map(digest), reason: fc.constant(''), index: fc.nat(9) }),
    ),
    keys: fc.array(
      fc.record({
        key: fc.constantFrom(A, B),
        fromIndex: fc.nat(9),
        reason: fc.constant(''),
        index: fc.nat(9),
      }),
    ),
  });
  const binds = (list: Revocations, key: string, at: number): boolean =>
    list.keys.some((entry) => entry.key === key && entry.fromIndex <= at);
  fc.assert(
    fc.property(revocations, revocations, (a, b) => {
      const merged = mergeRevocations(a, b);
      for (const { digest: one } of [...a.digests, ...b.digests]) {
        expect(merged.digests.filter((entry) => entry.digest === one)).toHaveLength(1);
      }
      for (const key of [A, B]) {
        for (let at = 0; at < 10; at++)
          expect(binds(merged, key, at)).toBe(binds(a, key, at) || binds(b, key, at));
      }
    }),
  );
});

let world: World;
let keyring: Keyring;
let folder: string;
beforeEach(() => {
  world = createWorld();
  world.publish();
  folder = mkdtempSync(join(tmpdir(), 'signet-memory-'));
  keyring = new Keyring(join(folder, 'config'));
  for (const [name, pair] of Object.entries({ ...REGISTRY_KEYS, log2: NEW.log, status2: NEW.status })) {
    keyring.add(name, pair, false);
  }
});
afterEach(() => {
  world.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Puts version 2 of the root in force, with these roles changed. */
function rotate(roles: Partial<RootPlan['roles']>): void {
  const first = readDraft(readFileSync(join(world.registry, 'root/1.json')), 'root');
  const plan = planOf(readRoot(first));
  const next = draftRoot({ ...plan, version: 2, roles: { ...plan.roles, ...roles } });
  const options = { directory: world.registry, keyring, vouch: false, now: world.clock.ms };
  installRoot(addSignatures(next, [REGISTRY_KEYS.root]), options);
}

/** What a thief of log and status key makes of a genuine release: a tree of size 2^53 - 1 that holds whatever one likes. */
function fastForward({ archive, proof }: Delivered): Delivered {
  const size = Number.MAX_SAFE_INTEGER;
  const [first, second] = [proof.namespace[0]!.inclusion, proof.release.inclusion].map(({ entry }) =>
    leafHash(sha256, Buffer.from(entry, 'base64')),
  ) as [Uint8Array, Uint8Array];
  const siblings = Array.from({ length: 52 }, (_, i) => sha256(`anything ${i}`));
  const hash = siblings.reduce(
    (left, right) => nodeHash(sha256, left, right),
    nodeHash(sha256, first, second),
  );
  const hashes = (sibling: Uint8Array): string[] => [sibling, ...siblings].map(encodeBase64);
  const origin = proof.checkpoint.split('\n')[0]!;
  const checkpoint = signHead(origin, { size, root: hash }, REGISTRY_KEYS.log);
  const head = { origin, size, root: `sha256:${Buffer.from(hash).toString('hex')}`, hash, note: checkpoint };
  const genuine = JSON.parse(Buffer.from(proof.status.payload, 'base64').toString()) as StatusDocument;
  const revoked = { digests: [{ digest: digest(7), reason: 'forged', index: 0 }], keys: [] };
  const forged = { ...genuine, revoked };
  return {
    archive,
    proof: {
      ...proof,
      namespace: [
        { ...proof.namespace[0]!, inclusion: { ...proof.namespace[0]!.inclusion, hashes: hashes(second) } },
      ],
      release: { ...proof.release, inclusion: { ...proof.release.inclusion, hashes: hashes(first) } },
      checkpoint,
      status: signStatus(head, forged, REGISTRY_KEYS.status, world.clock.ms),
    },
  };
}

/** Takes a delivery in as an installation does. */
function takeIn({ archive, proof }: Delivered): void {
  const { verdict, verified } = examineRelease(
    archive,
    formatDocument(proof),
    world.project.trustState('install'),
    world.clock.ms,
  );
  expect(verdict.code).toBeNull();
  world.project.trust.observe(verified!.pin, verified!.observation);
}

const add = () => install(world.project, 'local/hello').verdict.code;
const refresh = () => refreshRegistry(world.project, world.project.policy().registries[0]!);
const trustFile = (): string => readFileSync(join(world.project.trust.directory, 'trust.json'), 'utf8');

test('row 3: size 2^53 - 1 was seen: the honest registry is a rollback until its root replaces the stolen keys, then it recovers', () => {
  takeIn(fastForward(deliver(world)));
  expect(world.project.trust.pin(world.fingerprint)?.checkpoint?.size).toBe(Number.MAX_SAFE_INTEGER);
  const before = trustFile();
  expect(add()).toBe('E_ROLLBACK');
  expect(refresh).toThrow(code('E_ROLLBACK'));
  expect([trustFile(), readdirSync(world.project.directory).includes('signet.lock.json')]).toEqual([
    before,
    false,
  ]);
  rotate({ log: role(NEW.log), status: role(NEW.status) });
  expect(refresh).not.toThrow();
  expect(add()).toBeNull();
  const pin = world.project.trust.pin(world.fingerprint)!;
  expect(pin).toMatchObject({ root: { version: 2 }, checkpoint: { size: 2 } });
  // What the thief revoked stays refused; the honest status need not repeat it.
  expect(pin.revoked.digests).toMatchObject([{ digest: digest(7), by: [] }]);
  // And the way is not open a second time: what the thief signed is worth nothing now.
  expect(install(world.project, 'local/hello').verdict.ok).toBe(true);
  const forged = fastForward(deliver(world));
  const trust = world.project.trustState('install');
  expect(examineRelease(forged.archive, formatDocument(forged.proof), trust, START).verdict.code).toBe(
    'E_NOTE_UNTRUSTED',
  );
});

test('row 3: a rotation that leaves the log key in its role recovers nothing', () => {
  takeIn(fastForward(deliver(world)));
  rotate({ status: role(NEW.status) });
  expect(add()).toBe('E_ROLLBACK');
});

test('row 27: a revocation that the status key itself signed may not be left out after the log key was replaced', () => {
  takeIn(fastForward(deliver(world)));
  rotate({ log: role(NEW.log) });
  expect(add()).toBe('E_STATUS_OMITS');
});

test('rows 2, 3: a root document that jumps to version 2^53 - 1 is refused, and nothing of it is remembered', () => {
  const first = readDraft(readFileSync(join(world.registry, 'root/1.json')), 'root');
  const plan = planOf(readRoot(first));
  const jump = addSignatures(draftRoot({ ...plan, version: Number.MAX_SAFE_INTEGER, expires: START + DAY }), [
    REGISTRY_KEYS.root,
  ]);
  const delivered = deliver(world);
  takeIn(delivered);
  const before = trustFile();
  delivered.proof.root.push({ ...jump, signatures: jump.signatures });
  const trust = world.project.trustState('install');
  const verdict = examineRelease(delivered.archive, formatDocument(delivered.proof), trust, START).verdict;
  expect(verdict.code).toBe('E_ROOT_ROTATION');
  expect(trustFile()).toBe(before);
  expect(add()).toBeNull();
});

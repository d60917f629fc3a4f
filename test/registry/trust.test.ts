// What was seen is never forgotten: THREATS.md 1, 2, 12, 27, 29.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VerifiedRoot } from '../../keys/root.ts';
import type { Observation } from '../../registry/memory.ts';
import { TrustStore, trustedRegistries } from '../../registry/trust.ts';
import { Policy } from '../../src/contracts/config.ts';
import { REGISTRY_KEYS, START } from './fixture.ts';

const [A, B] = ['a', 'b'].map((digit) => `SHA256:${digit.repeat(64)}`) as [string, string];
const digest = (n: number): string => `sha256:${String(n).padStart(64, '0')}`;
let folder: string;
let store: TrustStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-trust-store-'));
  store = new TrustStore(join(folder, 'trust'), join(folder, 'config'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const code = (value: string) => expect.objectContaining({ code: value });
const role = (pair: { publicKey: Uint8Array }) => ({ keys: [pair.publicKey], threshold: 1 });
const root = (version: number): VerifiedRoot => ({
  fingerprint: A,
  version,
  expires: '2030-01-01T00:00:00Z',
  registrar: role(REGISTRY_KEYS.registrar),
  log: { ...role(REGISTRY_KEYS.log), origin: 'o' },
  status: role(REGISTRY_KEYS.status),
  witness: undefined,
});
const seen = (n: number, changes: Partial<Observation> = {}): Observation => ({
  root: root(1),
  checkpoint: { origin: 'o', size: n, root: digest(n), note: `note ${n}` },
  status: { issued: `2026-01-0${n}T00:00:00Z`, expires: '2027-01-01T00:00:00Z', size: n },
  stated: { size: n, namespaces: [] },
  revoked: { digests: [{ digest: digest(n), reason: '', index: n }], keys: [] },
  statusSigners: [B],
  now: Date.UTC(2026, 0, 20),
  namespace: { namespace: 'local', version: n, document: digest(n) },
  ...changes,
});

test('a root counts from when it is pinned; pinning again changes nothing', () => {
  expect(store.roots()).toEqual([]);
  expect(store.pin(A)).toBeUndefined();
  store.pinRoot(A, true);
  store.observe(A, seen(1));
  const before = store.pin(A);
  store.pinRoot(A, true);
  expect(store.pin(A)).toEqual(before);
  expect(store.pin(A)?.local).toBe(true);
  expect(store.pin(B)).toBeUndefined();
});

test('row 29: whether a root is local cannot be changed by pinning it again', () => {
  store.pinRoot(A, false);
  expect(() => store.pinRoot(A, true)).toThrow(code('E_ROOT'));
  expect(store.pin(A)?.local).toBe(false);
});

test('row 27: a root that is unpinned counts no more, and when it is pinned again what was seen binds', () => {
  store.pinRoot(A, false);
  store.observe(A, seen(1));
  const before = store.pin(A);
  store.unpinRoot(A);
  expect(store.pin(A)).toBeUndefined();
  expect(() => store.unpinRoot(A)).toThrow(code('E_ROOT_UNPINNED'));
  expect(() => store.pinRoot(A, true)).toThrow(code('E_ROOT'));
  store.pinRoot(A, false);
  expect(store.pin(A)).toEqual(before);
});

test('row 27: a root that replaces another takes its revocations over, and they are no offence of the new one', () => {
  store.pinRoot(A, false);
  store.observe(A, seen(1));
  expect(() => store.pinRoot(B, false, digest(9))).toThrow(code('E_ROOT_UNPINNED'));
  store.pinRoot(B, false, A);
  expect(store.roots().map(({ fingerprint }) => fingerprint)).toEqual([B]);
  expect(store.pin(B)).toMatchObject({
    checkpoint: null,
    revoked: { digests: [{ digest: digest(1), by: [] }] },
  });
});

test('row 30: a recovery is confirmed by its digest, once, and survives what else is written', () => {
  expect(store.recoveries()).toEqual([]);
  expect(store.confirmRecovery(digest(1))).toBe(true);
  expect(store.confirmRecovery(digest(1))).toBe(false);
  store.pinRoot(A, true);
  store.observe(A, seen(1));
  expect(new TrustStore(store.directory, join(folder, 'config')).recoveries()).toEqual([digest(1)]);
});

test('nothing is remembered for a root that is not pinned', () => {
  expect(() => store.observe(A, seen(1))).toThrow(code('E_ROOT_UNPINNED'));
});

test('rows 2, 27: what is remembered only grows, in whatever order it is seen', () => {
  store.pinRoot(A, true);
  for (const n of [2, 1, 3, 1]) store.observe(A, seen(n));
  const pin = new TrustStore(store.directory, join(folder, 'config')).pin(A)!;
  expect(pin.checkpoint).toEqual(seen(3).checkpoint);
  expect(pin.status?.issued).toBe('2026-01-03T00:00:00Z');
  expect(pin.namespaces).toEqual([seen(3).namespace]);
  expect(pin.revoked.digests.map((entry) => entry.digest).sort()).toEqual([digest(1), digest(2), digest(3)]);
});

test.each<[string, (text: string) => string, string]>([
  ['cut', (text) => text.slice(0, -1), 'E_TRUST_STATE'],
  ['emptied', () => '', 'E_TRUST_STATE'],
  ['with an unknown field', (text) => text.replace('"local"', '"loca1"'), 'E_TRUST_STATE'],
  [
    'with one root twice',
    (text) => text.replace(/"roots":\[(.*)\],"unpinned"/, '"roots":[$1,$1],"unpinned"'),
    'E_TRUST_STATE',
  ],
  ['of a later format', (text) => text.replace('trust/1', 'trust/2'), 'E_FORMAT_VERSION'],
])('row 1: a trust state that was %s is refused, never taken for an empty one', (_, change, expected) => {
  store.pinRoot(A, true);
  const path = join(store.directory, 'trust.json');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, change(text));
  expect(() => store.roots()).toThrow(code(expected));
  expect(() => store.pinRoot(B, true)).toThrow(code(expected));
  writeFileSync(path, text);
  expect(store.roots()).toHaveLength(1);
});

test('row 12: evidence is kept once, with both notes as they were signed', () => {
  const path = store.keepEvidence('o', 'first', 'second', START);
  expect(store.keepEvidence('o', 'first', 'second', START + 5000)).toBe(path);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
    type: 'equivocation/1',
    origin: 'o',
    foundAt: '2026-01-01T00:00:00Z',
    checkpoints: ['first', 'second'],
  });
  store.keepEvidence('o', 'first', 'third', START);
  expect(readdirSync(join(store.directory, 'evidence'))).toHaveLength(2);
});

test('a registry of the policy has a pin only where exactly its root is pinned', () => {
  store.pinRoot(A, true);
  const registry = (root: string) => ({ name: 'home', location: '.', root, namespaces: ['local'] });
  const policy = Policy.parse({ version: 1, registries: [registry(A), registry(B)] });
  expect(trustedRegistries(policy, store.roots()).map(({ pin }) => pin?.fingerprint)).toEqual([A, undefined]);
});

describe('trust that another user decided on', () => {
  const path = (): string => join(store.directory, 'trust.json');
  const stranger = (): TrustStore => new TrustStore(store.directory, join(folder, 'stranger'));
  const edit = (change: (file: ReturnType<typeof JSON.parse>) => void): void => {
    const file = JSON.parse(readFileSync(path(), 'utf8'));
    change(file);
    writeFileSync(path(), JSON.stringify(file));
  };

  test('a pin, its memory and a confirmed recovery are as if absent for anyone else', () => {
    store.pinRoot(A, true);
    store.observe(A, seen(2));
    store.confirmRecovery(digest(1));
    expect(stranger().roots()).toEqual([]);
    expect(stranger().recoveries()).toEqual([]);
    expect(() => stranger().observe(A, seen(3))).toThrow(code('E_ROOT_UNPINNED'));
    // The twin: who made them.
    expect(store.pin(A)?.checkpoint?.size).toBe(2);
    expect(store.recoveries()).toEqual([digest(1)]);
    stranger().pinRoot(A, false);
    expect(stranger().pin(A)).toMatchObject({ local: false, checkpoint: null, status: null });
    expect(stranger().recoveries()).toEqual([]);
  });

  test.each<[string, (root: ReturnType<typeof JSON.parse>) => void]>([
    ['without a MAC', (root) => delete root.mac],
    ['with another MAC', (root) => (root.mac = Buffer.alloc(32).toString('base64'))],
    ['made local', (root) => (root.local = true)],
    ['of another root', (root) => (root.fingerprint = B)],
  ])('a pin %s is no pin', (_what, change) => {
    store.pinRoot(A, false);
    expect(store.roots()).toHaveLength(1);
    edit((file) => change(file.roots[0]));
    expect(store.roots()).toEqual([]);
  });

  test('a MAC of a pin confirms no recovery, and the other way round', () => {
    store.pinRoot(A, false);
    edit((file) => file.recoveries.push({ document: digest(1), mac: file.roots[0].mac }));
    expect(store.recoveries()).toEqual([]);
    expect(store.roots()).toHaveLength(1);
  });

  test('the memory of an unpinned root that someone else left is not taken over', () => {
    stranger().pinRoot(A, true);
    stranger().unpinRoot(A);
    store.pinRoot(A, false);
    expect(store.pin(A)?.local).toBe(false);
  });
});

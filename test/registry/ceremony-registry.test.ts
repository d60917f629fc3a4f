// A root put in force in a registry: THREATS.md 2, 7, 12, 30, 37. Clients of either root verify at every moment.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeyPair } from '../../keys/ed25519.ts';
import { Keyring } from '../../keys/keyring.ts';
import { readRoot, rootFingerprint } from '../../keys/root.ts';
import { addSignatures, readDraft } from '../../registry/ceremony.ts';
import { installRoot } from '../../registry/ceremony-registry.ts';
import { draftRoot, planOf, type RootPlan } from '../../registry/ceremony-root.ts';
import { install } from '../../registry/install.ts';
import { firstNamespace, signNamespace } from '../../registry/namespace.ts';
import { RegistryWriter } from '../../registry/writer.ts';
import {
  createWorld,
  DAY,
  deliver,
  key,
  outcomeOf,
  PUBLISHER,
  REGISTRY_KEYS,
  START,
  type World,
} from './fixture.ts';

let world: World;
let folder: string;
let keyring: Keyring;
const NEW = { registrar: key(12), log: key(13), status: key(14) };
const { root: holder } = REGISTRY_KEYS;
beforeEach(() => {
  world = createWorld();
  world.publish();
  folder = mkdtempSync(join(tmpdir(), 'signet-ceremony-'));
  keyring = new Keyring(join(folder, 'config'));
  for (const [name, pair] of Object.entries(REGISTRY_KEYS)) keyring.add(name, pair, false);
  for (const [name, pair] of Object.entries(NEW)) keyring.add(`${name}-2`, pair, false);
});
afterEach(() => {
  world.close();
  rmSync(folder, { recursive: true, force: true });
});
const code = (value: string) => expect.objectContaining({ code: value });
const role = ({ publicKey }: KeyPair) => ({ keys: [publicKey], threshold: 1 });
const first = () => readDraft(readFileSync(join(world.registry, 'root/1.json')), 'root');
const plan = (): RootPlan => planOf(readRoot(first()));
const successor = (roles: Partial<RootPlan['roles']> = {}, version = 2) => {
  const before = plan();
  return draftRoot({ ...before, version, roles: { ...before.roles, ...roles } });
};
const put = (draft: ReturnType<typeof successor>, changes: Partial<Parameters<typeof installRoot>[1]> = {}) =>
  installRoot(draft, { directory: world.registry, keyring, vouch: false, now: world.clock.ms, ...changes });
const signed = (draft: ReturnType<typeof successor>) => addSignatures(draft, [holder]);
function snapshot(directory = world.registry): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'base64')]),
  );
}

test('every working key is replaced: who pinned the first root goes on, and the new keys write', () => {
  install(world.project, 'local/hello');
  const roles = { registrar: role(NEW.registrar), log: role(NEW.log), status: role(NEW.status) };
  const done = put(signed(successor(roles)), { vouch: true });
  expect(done).toMatchObject({ version: 2, vouched: ['local v1'] });
  expect(install(world.project, 'local/hello').verdict.code).toBeNull();
  expect(() => new RegistryWriter(world.registry, REGISTRY_KEYS, START)).toThrow(code('E_REGISTRY'));
  world.publish({ version: '1.1.0' }, { keys: NEW });
  expect(install(world.project, 'local/hello', '1.1.0').verdict.code).toBeNull();
});

test('row 37: at each file that was written, clients of the old and of the new root verify', () => {
  const root1 = first();
  const status = readFileSync(join(world.registry, 'status.json'));
  put(signed(successor({ registrar: role(NEW.registrar), log: role(NEW.log) })), { vouch: true });
  // A crash before the last step leaves everything but the new root.
  const root2 = readDraft(readFileSync(join(world.registry, 'root/2.json')), 'root');
  rmSync(join(world.registry, 'root/2.json'));
  // A status that names the new root is written after it; without the root it is a chain that was cut.
  expect(outcomeOf(world, deliver(world))).toBe('status E_ROLLBACK');
  writeFileSync(join(world.registry, 'status.json'), status);
  expect(outcomeOf(world, deliver(world))).toBe('ok');
  put(root2, { vouch: true });
  expect(outcomeOf(world, deliver(world))).toBe('ok');
  // The same again is no error.
  expect(put(root2).version).toBe(2);
  expect(first()).toEqual(root1);
});

test('row 30: what the new registrar did not vouch for is listed, and nothing is written', () => {
  const before = snapshot();
  const attempt = () => put(signed(successor({ registrar: role(NEW.registrar) })));
  expect(attempt).toThrow(expect.objectContaining({ code: 'E_NAMESPACE_RECOVERY', actual: 'local v1' }));
  expect(snapshot()).toEqual(before);
});

test.each<[string, () => unknown, string]>([
  ['it is not signed', () => put(successor()), 'E_THRESHOLD'],
  ['it skips a version', () => put(signed(successor({}, 3))), 'E_ROOT_ROTATION'],
  ['it has expired', () => put(signed(draftRoot({ ...plan(), version: 2, expires: START }))), 'E_EXPIRED'],
  ['its log key is not here', () => put(signed(successor({ log: role(key(99)) }))), 'E_NOT_FOUND'],
  [
    'the registrar is not here',
    () => put(signed(successor({ registrar: role(key(99)) })), { vouch: true }),
    'E_THRESHOLD',
  ],
  [
    'its log role needs two',
    () =>
      put(
        signed(successor({ log: { keys: [NEW.log.publicKey, REGISTRY_KEYS.log.publicKey], threshold: 2 } })),
      ),
    'E_THRESHOLD',
  ],
])('rows 2, 7: a root is not put in force where %s, and nothing is written', (_, attempt, expected) => {
  const before = snapshot();
  expect(attempt).toThrow(code(expected));
  expect(snapshot()).toEqual(before);
});

test('row 12: a checkpoint that the old log key did not sign gets no new signature', () => {
  const path = join(world.registry, 'checkpoint');
  const note = readFileSync(path, 'utf8');
  writeFileSync(path, note.replace('\n2\n', '\n3\n'));
  const before = snapshot();
  const draft = signed(successor({ log: role(NEW.log) }));
  expect(() => put(draft)).toThrow(code('E_NOTE_SIGNATURE'));
  expect(snapshot()).toEqual(before);
  writeFileSync(path, note);
  expect(() => put(draft)).not.toThrow();
});

test('a first root makes the folder, which then takes namespaces and releases', () => {
  const directory = join(folder, 'registry');
  const draft = signed(draftRoot({ ...plan(), version: 1 }));
  const done = installRoot(draft, { directory, keyring, vouch: false, now: START });
  expect(done).toEqual({ version: 1, fingerprint: rootFingerprint(draft), vouched: [] });
  const writer = new RegistryWriter(directory, REGISTRY_KEYS, START);
  writer.grant(
    signNamespace(firstNamespace('acme', [PUBLISHER.publicKey], 1, START + DAY), [REGISTRY_KEYS.registrar]),
  );
  expect(writer.size).toBe(1);
  writer.close();
});

test.each<[string, () => unknown, string]>([
  ['version 2', () => put(signed(successor()), { directory: join(folder, 'new') }), 'E_ROOT_ROTATION'],
  ['one that is not signed', () => put(draftRoot(plan()), { directory: join(folder, 'new') }), 'E_THRESHOLD'],
])('no registry begins with %s', (_, attempt, expected) => {
  expect(attempt).toThrow(code(expected));
  expect(existsSync(join(folder, 'new'))).toBe(false);
});

// One writer, one history: THREATS.md 12, 37, 39.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRoot } from '../../keys/root.ts';
import { firstNamespace, signNamespace } from '../../registry/namespace.ts';
import { createRegistryFolder, RegistryWriter } from '../../registry/writer.ts';
import {
  createWorld,
  DAY,
  deliver,
  key,
  outcomeOf,
  PUBLISHER,
  REGISTRY_KEYS,
  START,
  STRANGER,
  type World,
} from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());
const code = (value: string) => expect.objectContaining({ code: value });

test('a second writer is refused while the first is open, and served afterwards', () => {
  const first = new RegistryWriter(world.registry, REGISTRY_KEYS, START);
  expect(() => world.publish({ version: '2.0.0' })).toThrow(code('E_REGISTRY_BUSY'));
  first.close();
  expect(world.publish({ version: '2.0.0' }).created).toBe(true);
});

test('a writer whose lock was taken away signs nothing', () => {
  const writer = new RegistryWriter(world.registry, REGISTRY_KEYS, START);
  const before = readFileSync(join(world.registry, 'checkpoint'), 'utf8');
  writeFileSync(join(world.registry, '.lock'), `${process.pid} someone\n`);
  expect(() => writer.renewStatus()).not.toThrow();
  expect(() => writer.commit([])).toThrow(code('E_REGISTRY_BUSY'));
  expect(readFileSync(join(world.registry, 'checkpoint'), 'utf8')).toBe(before);
  rmSync(join(world.registry, '.lock'));
});

test('keys of another registry open nothing, and leave no lock', () => {
  const open = (keys: object) => new RegistryWriter(world.registry, { ...REGISTRY_KEYS, ...keys }, START);
  expect(() => open({ log: key(9) })).toThrow(code('E_REGISTRY'));
  expect(() => open({ status: key(9) })).toThrow(code('E_REGISTRY'));
  open({}).close();
});

test('tiles that do not lead to the checkpoint are refused: nothing is signed on top of them', () => {
  const tile = join(world.registry, 'tile/0/000.p/2');
  const bytes = readFileSync(tile);
  bytes[0]! ^= 1;
  writeFileSync(tile, bytes);
  expect(() => world.write(() => {})).toThrow(code('E_LOG_CORRUPT'));
  bytes[0]! ^= 1;
  writeFileSync(tile, bytes);
  expect(() => world.write(() => {})).not.toThrow();
});

test('a checkpoint that the log key did not sign is refused', () => {
  const path = join(world.registry, 'checkpoint');
  const note = readFileSync(path, 'utf8');
  writeFileSync(path, note.replace('\n2\n', '\n1\n'));
  expect(() => world.write(() => {})).toThrow(code('E_NOTE_SIGNATURE'));
});

test.each<[string, (status: string) => void]>([
  ['is gone', (status) => rmSync(status)],
  ['is damaged', (status) => writeFileSync(status, '{}')],
  ['is an older one', (status) => cpSync(`${status}.old`, status)],
])('row 37: revocations are read from the log where the status %s', (_, damage) => {
  const status = join(world.registry, 'status.json');
  cpSync(status, `${status}.old`);
  const digest = `sha256:${'a'.repeat(64)}`;
  world.write((writer) => writer.revoke({ type: 'revoke', digest, reason: 'x' }));
  damage(status);
  world.write((writer) => writer.renewStatus());
  const payload = (JSON.parse(readFileSync(status, 'utf8')) as { payload: string }).payload;
  const { revoked } = JSON.parse(Buffer.from(payload, 'base64').toString()) as { revoked: object };
  expect(revoked).toEqual({ digests: [{ digest, reason: 'x', index: 2 }], keys: [] });
});

test('a namespace document must be the next version, and is logged once whatever crashes', () => {
  const next = (version: number, keys = [PUBLISHER.publicKey]) =>
    signNamespace({ ...firstNamespace('local', keys, 1, START + DAY * 300), version }, [
      REGISTRY_KEYS.registrar,
      PUBLISHER,
    ]);
  expect(() => world.write((writer) => writer.grant(next(1)))).toThrow(code('E_NAMESPACE'));
  expect(() => world.write((writer) => writer.grant(next(3)))).toThrow(code('E_NAMESPACE'));
  const index = join(world.registry, 'index/local.json');
  const before = readFileSync(index);
  world.write((writer) => writer.grant(next(2)));
  writeFileSync(index, before);
  expect(() => world.write((writer) => writer.grant(next(2, [STRANGER.publicKey])))).toThrow(
    code('E_NAMESPACE'),
  );
  world.write((writer) => writer.grant(next(2)));
  expect(
    world.write((writer) => [writer.size, writer.namespaceIndex('local').map((entry) => entry.index)]),
  ).toEqual([3, [0, 2]]);
  expect(outcomeOf(world, deliver(world))).toBe('ok');
});

test('a registry folder without a log has no status to renew', () => {
  const folder = join(world.directory, 'new');
  const { root, registrar, log, status } = REGISTRY_KEYS;
  const document = createRoot({
    root,
    registrar: registrar.publicKey,
    log: log.publicKey,
    status: status.publicKey,
    origin: 'signet.local/new',
    expires: START + DAY,
  });
  createRegistryFolder(folder, document);
  const writer = new RegistryWriter(folder, REGISTRY_KEYS, START);
  expect(writer.size).toBe(0);
  expect(() => writer.renewStatus()).toThrow(code('E_REGISTRY'));
  writer.close();
});

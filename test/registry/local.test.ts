// The registry of this machine: DESIGN.md §3 "Local root", §7 "Keys".
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Keyring, registryId } from '../../keys/keyring.ts';
import {
  createLocalRegistry,
  createRegistry,
  localOrigin,
  localRegistryKeys,
  renewRegistry,
} from '../../registry/local.ts';
import { publish } from '../../registry/publish.ts';
import { DEFAULT_RULES } from '../../registry/rules.ts';
import {
  archiveOf,
  createWorld,
  DAY,
  key,
  NO_FIRST_PARTY,
  PROVENANCE,
  REGISTRY_KEYS,
  START,
} from './fixture.ts';

let folder: string;
let keyring: Keyring;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-local-'));
  keyring = new Keyring(join(folder, 'config'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const code = (value: string) => expect.objectContaining({ code: value });
const directory = (): string => join(folder, 'registry');
const create = () =>
  createLocalRegistry({
    directory: directory(),
    keyring,
    publisher: keyring.ensurePublisher('local'),
    now: START,
  });

test('a local registry grants local and signet, and its keys are in the keyring only', () => {
  const { fingerprint, origin } = create();
  expect(fingerprint).toMatch(/^SHA256:[0-9a-f]{64}$/);
  expect(readdirSync(join(directory(), 'namespace')).sort()).toEqual(['local', 'signet']);
  const keys = localRegistryKeys(directory(), keyring, START);
  expect(origin).toBe(`signet.local/${registryId(keys.log.publicKey)}`);
  for (const entry of readdirSync(directory(), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'latin1');
    for (const pair of Object.values(keys)) {
      expect(text).not.toContain(Buffer.from(pair.secretKey.subarray(0, 32)).toString('base64'));
    }
  }
});

test('two local registries never share a key or an origin: one log key would be two histories', () => {
  const first = create();
  const second = createLocalRegistry({
    directory: join(folder, 'other'),
    keyring,
    publisher: keyring.publisher('local'),
    now: START,
  });
  expect(second.origin).not.toBe(first.origin);
  expect(second.fingerprint).not.toBe(first.fingerprint);
});

test('an existing folder is left alone, and no keys are made for it', () => {
  mkdirSync(directory());
  expect(create).toThrow(code('E_REGISTRY'));
  expect(readdirSync(directory())).toEqual([]);
  expect(() => readdirSync(join(keyring.directory, 'local'))).toThrow();
  expect(() =>
    createRegistry({ directory: directory(), keys: REGISTRY_KEYS, namespaces: [], now: START }),
  ).toThrow(code('E_REGISTRY'));
});

test('a registry that cannot be made leaves nothing behind', () => {
  const off = new Uint8Array(32);
  off[0] = 2;
  const namespaces = [{ namespace: 'local', keys: [off], threshold: 1 }];
  expect(() =>
    createRegistry({ directory: directory(), keys: REGISTRY_KEYS, namespaces, now: START }),
  ).toThrow(code('E_KEY'));
  expect(readdirSync(folder)).toEqual([]);
});

test('what this machine keeps it can publish into; a registry of others it cannot', () => {
  create();
  const options = {
    archive: archiveOf(),
    provenance: PROVENANCE,
    publishers: [keyring.publisher('local')],
    rules: DEFAULT_RULES,
    local: true,
    firstParty: NO_FIRST_PARTY,
    now: START,
  };
  const keys = localRegistryKeys(directory(), keyring, START);
  expect(publish({ ...options, directory: directory(), keys }).created).toBe(true);
  const world = createWorld();
  try {
    expect(() => localRegistryKeys(world.registry, keyring, START)).toThrow(code('E_NOT_FOUND'));
  } finally {
    world.close();
  }
});

test('renewing signs a new status of the same log', () => {
  create();
  const status = () => {
    const { payload } = JSON.parse(readFileSync(join(directory(), 'status.json'), 'utf8')) as {
      payload: string;
    };
    return JSON.parse(Buffer.from(payload, 'base64').toString()) as {
      issued: string;
      expires: string;
      size: number;
    };
  };
  const before = status();
  renewRegistry(directory(), keyring, START + 20 * DAY);
  expect(status()).toEqual({ ...before, issued: '2026-01-21T00:00:00Z', expires: '2026-01-28T00:00:00Z' });
});

test('the origin names the log key', () => {
  expect(localOrigin(key(3).publicKey)).toMatch(/^signet\.local\/[0-9a-f]{16}$/);
});

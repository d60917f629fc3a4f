// DESIGN.md §7 "Keys": 0600 in 0700, exclusive, and silent about what it holds.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fingerprint, generateKeyPair } from '../../keys/ed25519.ts';
import { configDirectory, Keyring, registryId } from '../../keys/keyring.ts';
import type { SecretSource } from '../../keys/secret-source.ts';
import { SignetError } from '../../src/error.ts';

let parent: string;
let keyring: Keyring;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'signet-keys-'));
  keyring = new Keyring(join(parent, 'signet'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));
const code = (value: string) => expect.objectContaining({ code: value });
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const publisherFile = (): string => join(keyring.directory, 'publisher', 'local.json');

test.each([
  [{ SIGNET_CONFIG_DIR: '/a', XDG_CONFIG_HOME: '/b', HOME: '/c' }, '/a'],
  [{ XDG_CONFIG_HOME: '/b', HOME: '/c' }, '/b/signet'],
  [{ HOME: '/c' }, '/c/.config/signet'],
  [{ SIGNET_CONFIG_DIR: '', XDG_CONFIG_HOME: '', HOME: '/c' }, '/c/.config/signet'],
])('the configuration directory of %j is %s', (env, expected) => {
  expect(configDirectory(env)).toBe(expected);
});

test('a relative configuration directory is refused: it would depend on where a command is run', () => {
  expect(() => configDirectory({ SIGNET_CONFIG_DIR: 'keys' })).toThrow(code('E_USAGE'));
});

test('a publisher key is made once, 0600 in 0700, and is the same afterwards', () => {
  const made = keyring.ensurePublisher('local');
  expect(keyring.ensurePublisher('local')).toEqual(made);
  expect(new Keyring(keyring.directory).publisher('local')).toEqual(made);
  expect(modeOf(publisherFile())).toBe('600');
  expect(modeOf(join(keyring.directory, 'publisher'))).toBe('700');
  expect(modeOf(keyring.directory)).toBe('700');
  expect(keyring.list()).toEqual([{ name: 'local', publicKey: made.publicKey, encrypted: false }]);
  expect(made.publicKey).not.toEqual(keyring.ensurePublisher('acme').publicKey);
});

test('a key that is not there is E_NOT_FOUND; none at all is an empty list', () => {
  expect(() => keyring.publisher('nobody')).toThrow(code('E_NOT_FOUND'));
  expect(keyring.list()).toEqual([]);
});

test.each(['../x', 'a/b', '', 'constructor', '__proto__', 'A'])('the name %j is refused', (name) => {
  expect(() => keyring.ensurePublisher(name)).toThrow(code('E_USAGE'));
});

test.each([0o640, 0o604, 0o620, 0o644, 0o666])('a key file of mode %o is refused', (mode) => {
  keyring.ensurePublisher('local');
  chmodSync(publisherFile(), mode);
  expect(() => keyring.publisher('local')).toThrow(code('E_KEY_FILE'));
  chmodSync(publisherFile(), 0o600);
  expect(() => keyring.publisher('local')).not.toThrow();
});

test('a folder that others may enter is refused', () => {
  keyring.ensurePublisher('local');
  for (const folder of [keyring.directory, join(keyring.directory, 'publisher')]) {
    chmodSync(folder, 0o755);
    expect(() => keyring.publisher('local')).toThrow(code('E_KEY_FILE'));
    expect(() => keyring.ensurePublisher('other')).toThrow(code('E_KEY_FILE'));
    chmodSync(folder, 0o700);
  }
  expect(() => keyring.publisher('local')).not.toThrow();
});

test.skipIf(process.getuid?.() !== 0)('a key of another user is refused (needs root)', () => {
  keyring.ensurePublisher('local');
  chownSync(publisherFile(), 65534, 65534);
  expect(() => keyring.publisher('local')).toThrow(code('E_KEY_FILE'));
});

test('a link in the place of a key file or folder is refused', () => {
  keyring.ensurePublisher('local');
  symlinkSync('local.json', join(keyring.directory, 'publisher', 'link.json'));
  expect(() => keyring.publisher('link')).toThrow(code('E_IO'));
  mkdirSync(join(parent, 'elsewhere'), { mode: 0o700 });
  const other = new Keyring(join(parent, 'linked'));
  mkdirSync(other.directory, { mode: 0o700 });
  symlinkSync(join(parent, 'elsewhere'), join(other.directory, 'publisher'));
  expect(() => other.ensurePublisher('local')).toThrow(code('E_KEY_FILE'));
});

test('no error shows any part of what a damaged key file holds', () => {
  keyring.ensurePublisher('local');
  const text = readFileSync(publisherFile(), 'utf8');
  const { seed } = (JSON.parse(text) as { secret: { seed: string } }).secret;
  const damaged = [
    text.slice(0, -1),
    `x${text}`,
    text.replace('"seed"', '"sed"'),
    text.replace('"plain"', `"${seed.slice(0, 20)}"`),
    text.replace(seed, `${seed.slice(0, 20)}*${seed.slice(21)}`),
    text.replace(/"publicKey":"ed25519:./, '"publicKey":"ed25519:~'),
    text.replace('{', `{"${seed.slice(0, 30)}":1,`),
    seed,
    '',
  ];
  for (const content of damaged) {
    writeFileSync(publisherFile(), content);
    let thrown: unknown;
    try {
      keyring.publisher('local');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SignetError);
    expect((thrown as SignetError).code).toBe('E_KEY_FILE');
    const shown = inspect(thrown, { depth: 10 }) + JSON.stringify(thrown);
    for (let i = 0; i + 8 <= seed.length; i += 4) expect(shown).not.toContain(seed.slice(i, i + 8));
  }
  writeFileSync(publisherFile(), text);
  expect(() => keyring.publisher('local')).not.toThrow();
});

test('a public key that does not belong to the secret is refused', () => {
  keyring.ensurePublisher('local');
  keyring.ensurePublisher('acme');
  const read = (name: string) =>
    JSON.parse(readFileSync(join(keyring.directory, 'publisher', name), 'utf8')) as Record<string, unknown>;
  const mixed = { ...read('local.json'), publicKey: read('acme.json')['publicKey'] };
  writeFileSync(publisherFile(), JSON.stringify(mixed));
  expect(() => keyring.publisher('local')).toThrow(code('E_KEY_FILE'));
});

test('a key file of a later format says upgrade', () => {
  keyring.ensurePublisher('local');
  writeFileSync(publisherFile(), readFileSync(publisherFile(), 'utf8').replace('key/1', 'key/2'));
  expect(() => keyring.publisher('local')).toThrow(code('E_FORMAT_VERSION'));
});

test('the keys of a registry are four, its own, and found by their public halves', () => {
  const one = keyring.createRegistryKeys();
  const two = keyring.createRegistryKeys();
  const all = [one, two].flatMap((keys) => Object.values(keys).map((pair) => fingerprint(pair.publicKey)));
  expect(new Set(all).size).toBe(8);
  const id = registryId(one.log.publicKey);
  for (const pair of Object.values(one)) expect(keyring.find(pair.publicKey, id)).toEqual(pair);
  expect(keyring.find(two.log.publicKey, id)).toBeUndefined();
  expect(fingerprint(one.log.publicKey)).toContain(`SHA256:${id}`);
  expect(modeOf(join(keyring.directory, 'local', id, 'log.json'))).toBe('600');
  expect(keyring.list().map(({ name }) => name.split('/')[0])).toEqual(Array(8).fill('local'));
});

const secrets = (passphrase: string, next: string): SecretSource => ({
  passphrase: () => passphrase,
  newPassphrase: () => next,
  signingKey: () => undefined,
});
const opened = (passphrase: string, next = ''): Keyring =>
  new Keyring(keyring.directory, secrets(passphrase, next));

test('a key that is encrypted opens with its passphrase only, and is found without one', () => {
  const made = keyring.ensurePublisher('local');
  expect(opened('correct horse').encrypt('local')).toMatchObject({ name: 'local', encrypted: true });
  expect(modeOf(publisherFile())).toBe('600');
  const text = readFileSync(publisherFile(), 'latin1');
  const seed = Buffer.from(made.secretKey.subarray(0, 32));
  for (const form of ['base64', 'base64url', 'hex', 'latin1'] as const)
    expect(text).not.toContain(seed.toString(form));
  expect(opened('correct horse').publisher('local')).toEqual(made);
  expect(() => opened('wrong').publisher('local')).toThrow(code('E_PASSPHRASE'));
  expect(() => opened('correct horse').encrypt('local')).toThrow(code('E_KEY_FILE'));
  expect(opened('').list()).toEqual([{ name: 'local', publicKey: made.publicKey, encrypted: true }]);
});

test('another passphrase opens the same key, and the old one no more', () => {
  const made = keyring.ensurePublisher('local');
  expect(() => opened('one', 'two').changePassphrase('local')).toThrow(code('E_KEY_FILE'));
  opened('one').encrypt('local');
  expect(opened('one', 'two').changePassphrase('local')).toMatchObject({ name: 'local', encrypted: true });
  expect(modeOf(publisherFile())).toBe('600');
  expect(opened('two').publisher('local')).toEqual(made);
  expect(() => opened('one').publisher('local')).toThrow(code('E_PASSPHRASE'));
});

test('where changing the passphrase fails, the file is as it was, and so is the folder', () => {
  keyring.ensurePublisher('local');
  opened('one').encrypt('local');
  const folder = join(keyring.directory, 'publisher');
  const before = readFileSync(publisherFile());
  const none = { ...secrets('one', ''), newPassphrase: () => noPassphrase() };
  const tries: [Keyring, string][] = [
    [opened('wrong', 'two'), 'E_PASSPHRASE'],
    [opened('one', 'one'), 'E_PASSPHRASE'],
    [new Keyring(keyring.directory, none), 'E_PASSPHRASE'],
  ];
  for (const [ring, expected] of tries) expect(() => ring.changePassphrase('local')).toThrow(code(expected));
  expect(() => opened('one', 'two').changePassphrase('nobody')).toThrow(code('E_NOT_FOUND'));
  // A folder in which nothing can be written: root may write all the same.
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500);
    expect(() => opened('one', 'two').changePassphrase('local')).toThrow(code('E_IO'));
    chmodSync(folder, 0o700);
  }
  expect(readFileSync(publisherFile())).toEqual(before);
  expect(readdirSync(folder)).toEqual(['local.json']);
  opened('one', 'two').changePassphrase('local');
  expect(readFileSync(publisherFile())).not.toEqual(before);
});
const noPassphrase = (): never => {
  throw new SignetError('E_PASSPHRASE', 'there is none');
};

test('a key that is added keeps its name for itself', () => {
  const key = generateKeyPair();
  expect(opened('x').add('acme', key, true)).toEqual({
    name: 'acme',
    publicKey: key.publicKey,
    encrypted: true,
  });
  const before = readFileSync(join(keyring.directory, 'publisher', 'acme.json'));
  expect(() => opened('x').add('acme', generateKeyPair(), false)).toThrow(code('E_KEY_FILE'));
  expect(readFileSync(join(keyring.directory, 'publisher', 'acme.json'))).toEqual(before);
  expect(opened('x').publisher('acme')).toEqual(key);
});

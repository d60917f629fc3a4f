// Signing keys in the user's configuration directory (DESIGN.md §3 "Local root", §7 "Keys"): folders 0700, files 0600, made
// exclusively, never in the state directory. What a key file holds never reaches an error, a log or an answer.
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { decodeBase64, encodeBase64 } from '../src/base64.ts';
import { NamePart } from '../src/contracts/common.ts';
import { KeyFile } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { formatDocument, parseDocument } from './document.ts';
import { fingerprint, formatPublicKey, generateKeyPair, type KeyPair, keyPairFromSeed } from './ed25519.ts';
import { createFileExclusive, readRegularFile } from './safe-file.ts';

/** The keys by which a directory registry on this machine is kept. */
export interface RegistryKeys {
  readonly root: KeyPair;
  readonly registrar: KeyPair;
  readonly log: KeyPair;
  readonly status: KeyPair;
}

const REGISTRY_ROLES = ['root', 'registrar', 'log', 'status'] as const;
const MAX_KEY_FILE = 4096;

/** `$SIGNET_CONFIG_DIR`, else `$XDG_CONFIG_HOME/signet`, else `~/.config/signet`; a relative one is E_USAGE. */
export function configDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const directory =
    env['SIGNET_CONFIG_DIR'] ||
    join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'signet');
  if (isAbsolute(directory)) return directory;
  throw new SignetError('E_USAGE', 'the configuration directory must be an absolute path', {
    actual: directory,
  });
}

/** The id of a local registry: the first 16 hexadecimal digits of its log key's fingerprint. Two logs never share a key. */
export function registryId(logKey: Uint8Array): string {
  return fingerprint(logKey).slice('SHA256:'.length, 'SHA256:'.length + 16);
}

/** Keys by name below one directory. Every method may throw E_KEY_FILE; none prints what a file holds. */
export class Keyring {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The publisher key of that name. Missing: E_NOT_FOUND. */
  publisher(name: string): KeyPair {
    return this.#load('publisher', keyName(name));
  }

  /** The publisher key of that name, made where there is none. */
  ensurePublisher(name: string): KeyPair {
    this.#createExclusive('publisher', keyName(name), generateKeyPair());
    return this.publisher(name);
  }

  /** Names of the publisher keys, sorted. */
  publishers(): string[] {
    try {
      const names = readdirSync(join(this.directory, 'publisher'));
      return names
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -5))
        .sort();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new SignetError('E_IO', 'the publisher keys cannot be listed', { item: this.directory, cause });
    }
  }

  /** Makes and keeps the four keys of a new local registry. */
  createRegistryKeys(): RegistryKeys {
    const keys = {
      root: generateKeyPair(),
      registrar: generateKeyPair(),
      log: generateKeyPair(),
      status: generateKeyPair(),
    };
    const folder = join('local', registryId(keys.log.publicKey));
    for (const role of REGISTRY_ROLES) {
      if (!this.#createExclusive(folder, role, keys[role]))
        refuse(this.#path(folder, role), 'exists already');
    }
    return keys;
  }

  /** The four keys of the local registry with that log key. Missing: E_NOT_FOUND. */
  registryKeys(logKey: Uint8Array): RegistryKeys {
    const folder = join('local', registryId(logKey));
    const [root, registrar, log, status] = REGISTRY_ROLES.map((role) => this.#load(folder, role));
    return { root: root!, registrar: registrar!, log: log!, status: status! };
  }

  #path(folder: string, name: string): string {
    return join(this.directory, folder, `${name}.json`);
  }

  #load(folder: string, name: string): KeyPair {
    const path = this.#path(folder, name);
    for (const part of [this.directory, join(this.directory, folder)]) this.#checkFolder(part);
    const file = readRegularFile(path, MAX_KEY_FILE);
    if (file === undefined) throw new SignetError('E_NOT_FOUND', `there is no key ${path}`, { item: path });
    refuseShared(path, file.stats.mode, file.stats.uid, '0600');
    return decodeKey(file.bytes, path);
  }

  #createExclusive(folder: string, name: string, key: KeyPair): boolean {
    const path = this.#path(folder, name);
    mkdirSync(join(this.directory, folder), { recursive: true, mode: 0o700 });
    for (const part of [this.directory, join(this.directory, folder)]) this.#checkFolder(part);
    const document: KeyFile = {
      type: 'key/1',
      publicKey: formatPublicKey(key.publicKey),
      secret: { encoding: 'plain', seed: encodeBase64(key.secretKey.subarray(0, 32)) },
    };
    return createFileExclusive(path, formatDocument(document), 0o600);
  }

  #checkFolder(path: string): void {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (!stats.isDirectory()) refuse(path, 'is no folder');
    refuseShared(path, stats.mode, stats.uid, '0700');
  }
}

const keyName = (name: string): string => parseShape(NamePart, name, 'the name of a key', 'E_USAGE');

/** Refuses what belongs to someone else or has any bit set for group or others. */
function refuseShared(path: string, mode: number, uid: number, expected: string): void {
  const actual = (mode & 0o7777).toString(8).padStart(4, '0');
  if ((mode & 0o077) !== 0) refuse(path, 'is open to other users', expected, actual);
  if (process.getuid !== undefined && uid !== process.getuid())
    refuse(path, 'belongs to another user', String(process.getuid()), String(uid));
}

/** Neither the parser's message nor a cause is passed on: both may quote the file. */
function decodeKey(bytes: Uint8Array, path: string): KeyPair {
  let pair: KeyPair | undefined;
  let stated: string | undefined;
  try {
    const file = parseDocument(KeyFile, bytes, 'key/1', path);
    stated = file.publicKey;
    pair = keyPairFromSeed(decodeBase64(file.secret.seed));
  } catch (thrown) {
    if (thrown instanceof SignetError && thrown.code === 'E_FORMAT_VERSION') throw thrown;
  }
  if (pair === undefined) return refuse(path, 'is no key file');
  const actual = formatPublicKey(pair.publicKey);
  if (actual !== stated)
    refuse(path, 'holds a secret that does not belong to its public key', stated, actual);
  return pair;
}

function refuse(path: string, what: string, expected?: string, actual?: string): never {
  throw new SignetError('E_KEY_FILE', `${path} ${what}`, {
    item: path,
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
  });
}

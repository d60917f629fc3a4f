// Signing keys in the user's configuration directory (DESIGN.md §3 "Local root", §7 "Keys"): folders 0700, files 0600, made
// exclusively, never in the state directory. What a key file holds never reaches an error, a log or an answer.
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { NamePart } from '../src/contracts/common.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { fingerprint, generateKeyPair, type KeyPair } from './ed25519.ts';
import {
  decodeKey,
  encodeKey,
  type KeyInfo,
  MAX_KEY_FILE,
  readKeyInfo,
  refuseKeyFile,
  refuseShared,
  refuseSharedFolder,
} from './key-file.ts';
import { createFileExclusive, readRegularFile, writeFileAtomic } from './safe-file.ts';
import { processSecrets, type SecretSource } from './secret-source.ts';

/** The keys by which a directory registry on this machine is kept. */
export interface RegistryKeys {
  readonly root: KeyPair;
  readonly registrar: KeyPair;
  readonly log: KeyPair;
  readonly status: KeyPair;
}

/** The public part of a key on this machine. */
export interface ListedKey extends KeyInfo {
  /** `NAME`, or `local/<registry id>/<role>`. */
  readonly name: string;
}

const REGISTRY_ROLES = ['root', 'registrar', 'log', 'status'] as const;
const PUBLISHER = 'publisher';
const LOCAL = 'local';
const JOURNAL = 'journal';

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
  readonly #secrets: SecretSource;

  constructor(directory: string, secrets: SecretSource = processSecrets()) {
    this.directory = directory;
    this.#secrets = secrets;
  }

  /** The named key. Missing: E_NOT_FOUND; encrypted, and no or a wrong passphrase: E_PASSPHRASE. */
  publisher(name: string): KeyPair {
    return this.#load(PUBLISHER, keyName(name));
  }

  /** The key of that name, made where there is none. */
  ensurePublisher(name: string): KeyPair {
    this.#createExclusive(PUBLISHER, keyName(name), encodeKey(generateKeyPair()));
    return this.publisher(name);
  }

  /** Keeps a key under a new name, under a passphrase if it is to be `encrypted`. A name that is taken: E_KEY_FILE. */
  add(name: string, key: KeyPair, encrypted: boolean): ListedKey {
    const path = this.#path(PUBLISHER, keyName(name));
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) refuseKeyFile(path, 'exists already');
    const bytes = encodeKey(key, encrypted ? this.#secrets.passphrase(`key ${name}`, true) : undefined);
    if (!this.#createExclusive(PUBLISHER, name, bytes)) refuseKeyFile(path, 'exists already');
    return { name, publicKey: key.publicKey, encrypted };
  }

  /** Puts a plain key under a passphrase. One that is encrypted already: E_KEY_FILE. */
  encrypt(name: string): ListedKey {
    const path = this.#path(PUBLISHER, keyName(name));
    if (this.info(name).encrypted) refuseKeyFile(path, 'is encrypted already');
    const key = this.publisher(name);
    writeFileAtomic(path, encodeKey(key, this.#secrets.passphrase(`key ${name}`, true)), 0o600);
    return { name, publicKey: key.publicKey, encrypted: true };
  }

  /**
   * Puts an encrypted key under another passphrase; until that is done whole, the old one opens it. A plain key: E_KEY_FILE; a
   * wrong passphrase, or the same again: E_PASSPHRASE.
   */
  changePassphrase(name: string): ListedKey {
    const path = this.#path(PUBLISHER, keyName(name));
    const item = `key ${name}`;
    const bytes = this.#read(PUBLISHER, name);
    if (!readKeyInfo(bytes, item).encrypted) refuseKeyFile(path, 'is under no passphrase');
    const old = this.#secrets.passphrase(item);
    const key = decodeKey(bytes, item, () => old);
    const next = this.#secrets.newPassphrase(item);
    if (next.normalize('NFC') === old.normalize('NFC'))
      throw new SignetError('E_PASSPHRASE', `the new passphrase of ${item} is the old one`, { item });
    writeFileAtomic(path, encodeKey(key, next), 0o600);
    return { name, publicKey: key.publicKey, encrypted: true };
  }

  /** What can be said of the named key without opening it. Missing: E_NOT_FOUND. */
  info(name: string): ListedKey {
    return { name, ...readKeyInfo(this.#read(PUBLISHER, keyName(name)), `key ${name}`) };
  }

  /** Every named key, then those of the registries that this machine keeps; sorted by name. */
  list(): ListedKey[] {
    return [...this.#named(), ...this.#registries().flatMap((id) => this.#roles(id))];
  }

  /**
   * The key pair whose public half this is, if it is among the named keys or those of the registry with that id; only that
   * one is opened.
   */
  find(publicKey: Uint8Array, id: string): KeyPair | undefined {
    const keys = [...this.#named(), ...this.#roles(id)];
    const found = keys.find((key) => Buffer.compare(key.publicKey, publicKey) === 0);
    if (found === undefined) return undefined;
    const parts = found.name.split('/');
    return parts.length === 1 ? this.publisher(found.name) : this.#load(join(LOCAL, parts[1]!), parts[2]!);
  }

  /** Makes and keeps the four keys of a new local registry. */
  createRegistryKeys(): RegistryKeys {
    const keys = {
      root: generateKeyPair(),
      registrar: generateKeyPair(),
      log: generateKeyPair(),
      status: generateKeyPair(),
    };
    const folder = join(LOCAL, registryId(keys.log.publicKey));
    for (const role of REGISTRY_ROLES) {
      if (!this.#createExclusive(folder, role, encodeKey(keys[role])))
        refuseKeyFile(this.#path(folder, role), 'exists already');
    }
    return keys;
  }

  /** The key of a journal by its id, which `registryId` makes of it: two journals never share one. Missing: E_NOT_FOUND. */
  journal(id: string): KeyPair {
    return this.#load(JOURNAL, parseShape(JournalId, id, 'the id of a journal', 'E_USAGE'));
  }

  /** Makes and keeps the key of a new journal. */
  createJournalKey(): KeyPair {
    const key = generateKeyPair();
    const id = registryId(key.publicKey);
    if (!this.#createExclusive(JOURNAL, id, encodeKey(key)))
      refuseKeyFile(this.#path(JOURNAL, id), 'exists already');
    return key;
  }

  #path(folder: string, name: string): string {
    return join(this.directory, folder, `${name}.json`);
  }

  #named(): ListedKey[] {
    return this.#names(PUBLISHER).map((name) => this.info(name));
  }

  #roles(id: string): ListedKey[] {
    return this.#names(join(LOCAL, id)).map((role) => {
      const name = `${LOCAL}/${id}/${role}`;
      return { name, ...readKeyInfo(this.#read(join(LOCAL, id), role), `key ${name}`) };
    });
  }

  #names(folder: string): string[] {
    const files = this.#entries(folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
    return files.map((name) => name.slice(0, -'.json'.length)).sort();
  }

  #registries(): string[] {
    return this.#entries(LOCAL)
      .filter((id) => /^[0-9a-f]{16}$/.test(id))
      .sort();
  }

  #entries(folder: string): string[] {
    try {
      return readdirSync(join(this.directory, folder));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new SignetError('E_IO', 'the keys cannot be listed', { item: this.directory, cause });
    }
  }

  #load(folder: string, name: string): KeyPair {
    const item = folder === PUBLISHER ? `key ${name}` : this.#path(folder, name);
    return decodeKey(this.#read(folder, name), item, () => this.#secrets.passphrase(item));
  }

  /** The bytes of a key file that no one else may read. */
  #read(folder: string, name: string): Uint8Array {
    const path = this.#path(folder, name);
    for (const part of [this.directory, join(this.directory, folder)]) refuseSharedFolder(part);
    const file = readRegularFile(path, MAX_KEY_FILE);
    if (file === undefined) {
      throw new SignetError('E_NOT_FOUND', `there is no key ${path}`, {
        item: path,
        fix: folder === PUBLISHER ? `registry keys new ${name}` : 'registry keys list',
      });
    }
    refuseShared(path, file.stats.mode, file.stats.uid, '0600');
    return file.bytes;
  }

  #createExclusive(folder: string, name: string, bytes: Uint8Array): boolean {
    mkdirSync(join(this.directory, folder), { recursive: true, mode: 0o700 });
    for (const part of [this.directory, join(this.directory, folder)]) refuseSharedFolder(part);
    return createFileExclusive(this.#path(folder, name), bytes, 0o600);
  }
}

const JournalId = z.string().regex(/^[0-9a-f]{16}$/);
const keyName = (name: string): string => parseShape(NamePart, name, 'the name of a key', 'E_USAGE');

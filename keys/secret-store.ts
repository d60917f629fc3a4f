// The secrets of the operator (DESIGN.md §4 "`secret` never enters the isolate"; THREATS.md H11): in the user's configuration
// directory (folder 0700, files 0600, sealed where a passphrase was given), or from variable or command. Never in a project, and
// no error, list or log has a value.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SecretName, SecretValue } from '../src/contracts/common.ts';
import { SecretFile } from '../src/contracts/trust.ts';
import { SignetError } from '../src/error.ts';
import { formatDocument, parseDocument } from './document.ts';
import { refuseShared, refuseSharedFolder } from './key-file.ts';
import { readRegularFile, writeFileAtomic } from './safe-file.ts';
import { seal, unsealLater } from './secret-box.ts';
import { processSecrets, type SecretSource, type UnattendedSource } from './secret-source.ts';

const FOLDER = 'secrets';
const MAX_FILE = 16 * 1024;

/** One object for as long as the value stays the same. */
export interface Secret {
  readonly name: string;
  /** 8 to 4096 visible ASCII characters. */
  readonly value: string;
}

export interface ListedSecret {
  readonly name: string;
  /** A variable or command comes before a file of the same name. */
  readonly from: 'variable' | 'command' | 'file' | 'encrypted file';
}

/** What was read once: files by what `stat` said of them, so that a sealed one costs scrypt once. */
interface Opened {
  readonly stamp: string;
  readonly secret: Promise<Secret>;
}

/** Secrets by name. */
export class SecretStore {
  readonly #folder: string;
  readonly #source: SecretSource & UnattendedSource;
  readonly #opened = new Map<string, Opened>();

  constructor(directory: string, source: SecretSource & UnattendedSource = processSecrets()) {
    this.#folder = join(directory, FOLDER);
    this.#source = source;
  }

  /** Keeps the value under that name, in the place of what it was. E_SECRET for a name or value of another form. */
  set(name: string, value: string, encrypted: boolean): ListedSecret {
    requireName(name);
    checked(name, value);
    const secret: SecretFile['secret'] = encrypted
      ? seal(Buffer.from(value), this.#source.passphrase(`secret ${name}`, true), purposeOf(name))
      : { encoding: 'plain', value };
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    refuseSharedFolder(this.#folder);
    const file = formatDocument({ type: 'secret/1', name, secret } satisfies SecretFile);
    writeFileAtomic(this.#path(name), file, 0o600);
    return { name, from: encrypted ? 'encrypted file' : 'file' };
  }

  /** Every name, sorted. */
  list(): ListedSecret[] {
    const files = this.#files().map((name): [string, ListedSecret['from']] => [
      name,
      this.#read(name)?.file.secret.encoding === 'plain' ? 'file' : 'encrypted file',
    ]);
    return [...new Map([...files, ...this.#source.secretNames()])]
      .map(([name, from]) => ({ name, from }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Removes the file of that name. E_SECRET where there is none. */
  remove(name: string): ListedSecret {
    const found = this.#read(requireName(name));
    if (found === undefined) throw missing(name);
    rmSync(this.#path(name));
    return { name, from: found.file.secret.encoding === 'plain' ? 'file' : 'encrypted file' };
  }

  /** The secret; never asks on a terminal. E_SECRET: there is none, or a command failed. E_PASSPHRASE, E_KEY_FILE. */
  async open(name: string): Promise<Secret> {
    requireName(name);
    const given = this.#source.secretNames().has(name);
    const found = given ? undefined : this.#read(name);
    if (!given && found === undefined) throw missing(name);
    const stamp = found?.stamp ?? 'given';
    const known = this.#opened.get(name);
    if (known?.stamp === stamp) return known.secret;
    const secret = found === undefined ? this.#given(name) : this.#unsealed(found.file);
    this.#opened.set(name, { stamp, secret });
    // A command is run again; a file that did not open does not until it is another.
    if (given) secret.catch(() => this.#opened.delete(name));
    return secret;
  }

  /** The same where it takes no command that has not yielded it before: undefined for whatever else there is to say. */
  async known(name: string): Promise<Secret | undefined> {
    if (this.#source.secretNames().get(name) === 'command' && !this.#opened.has(name)) return undefined;
    // Whoever needs it opens it, and hears why that fails.
    return this.open(name).catch(() => undefined);
  }

  async #given(name: string): Promise<Secret> {
    return checked(name, (await this.#source.secret(name)) ?? '');
  }

  async #unsealed({ name, secret }: SecretFile): Promise<Secret> {
    if (secret.encoding === 'plain') return { name, value: secret.value };
    const item = `the secret ${name}`;
    const passphrase = await this.#source.unattendedPassphrase();
    if (passphrase === undefined) {
      throw new SignetError('E_PASSPHRASE', `${item} is encrypted, and a host does not ask for passphrases`, {
        item: name,
        fix: 'Start the host with SIGNET_KEY_PASSPHRASE or SIGNET_KEY_PASSPHRASE_COMMAND.',
      });
    }
    return checked(
      name,
      Buffer.from(await unsealLater(secret, passphrase, purposeOf(name), item)).toString(),
    );
  }

  #read(name: string): { file: SecretFile; stamp: string } | undefined {
    const path = this.#path(name);
    const read = readRegularFile(path, MAX_FILE);
    if (read === undefined) return undefined;
    refuseSharedFolder(this.#folder);
    const { mode, uid, ino, size, mtimeMs, ctimeMs } = read.stats;
    refuseShared(path, mode, uid, '0600');
    let file: SecretFile;
    try {
      file = parseDocument(SecretFile, read.bytes, 'secret/1', path);
    } catch (thrown) {
      if (thrown instanceof SignetError && thrown.code === 'E_FORMAT_VERSION') throw thrown;
      // No cause: a parser's message may quote the file.
      throw damaged(name, path);
    }
    if (file.name !== name) throw damaged(name, path);
    return { file, stamp: [ino, size, mtimeMs, ctimeMs].join(' ') };
  }

  #files(): string[] {
    try {
      return readdirSync(this.#folder).flatMap((file) => /^([A-Z][A-Z0-9_]*)\.json$/.exec(file)?.[1] ?? []);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new SignetError('E_IO', 'the secrets cannot be listed', { item: this.#folder, cause });
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

/** What a sealed secret is bound to. */
const purposeOf = (name: string): string => `secret/1 ${name}`;

function requireName(name: string): string {
  if (SecretName.safeParse(name).success) return name;
  throw new SignetError('E_SECRET', 'that is no name of a secret', {
    expected: 'capital letters, digits and underscores',
  });
}

function checked(name: string, value: string): Secret {
  if (SecretValue.safeParse(value).success) return { name, value };
  throw new SignetError('E_SECRET', `the value of the secret ${name} cannot be used`, {
    item: name,
    expected: '8 to 4096 visible ASCII characters, without spaces',
    fix: 'Encode it, for example as base64, if it has others.',
  });
}

const missing = (name: string): SignetError =>
  new SignetError('E_SECRET', `there is no secret ${name}`, { item: name, fix: `signet secret set ${name}` });

const damaged = (name: string, path: string): SignetError =>
  new SignetError('E_SECRET', `the file of the secret ${name} is damaged`, {
    item: path,
    fix: `signet secret set ${name}`,
  });

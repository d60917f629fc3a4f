// The key that seals what an operator decided to trust (DESIGN.md §3 "Root"; THREATS.md 29): it lies in the user's configuration
// directory and never in a project, so that a pin which came with a folder counts for no one but who made it.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { refuseKeyFile, refuseShared } from './key-file.ts';
import { createFileExclusive, readRegularFile } from './safe-file.ts';

const KEY_FILE = 'pins.key';
const KEY_BYTES = 32;

/** Seals and checks decisions with `pins.key` of one configuration directory. Every method may throw E_KEY_FILE, E_IO. */
export class PinKey {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The base64 HMAC-SHA256 over the text; the key (32 random bytes, 0600 in a 0700 folder) is made where there is none. */
  seal(text: string): string {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    this.#make();
    return macOf(this.#read() as Uint8Array, text);
  }

  /** Whether this user sealed each text so; never, where this user has no key. The key is read once. */
  checker(): (text: string, mac: string | undefined) => boolean {
    const key = this.#read();
    return (text, mac) => key !== undefined && mac !== undefined && isMac(macOf(key, text), mac);
  }

  #make(): void {
    const path = this.#path();
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined)
      createFileExclusive(path, randomBytes(KEY_BYTES), 0o600);
  }

  #path(): string {
    return join(this.directory, KEY_FILE);
  }

  #read(): Uint8Array | undefined {
    const path = this.#path();
    const file = readRegularFile(path, KEY_BYTES);
    if (file === undefined) return undefined;
    const folder = lstatSync(this.directory);
    refuseShared(this.directory, folder.mode, folder.uid, '0700');
    refuseShared(path, file.stats.mode, file.stats.uid, '0600');
    if (file.bytes.length === KEY_BYTES) return file.bytes;
    return refuseKeyFile(path, 'is no key of pins', `${KEY_BYTES} bytes`, String(file.bytes.length));
  }
}

const macOf = (key: Uint8Array, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64');

function isMac(expected: string, mac: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(mac)];
  return a.length === b.length && timingSafeEqual(a, b);
}

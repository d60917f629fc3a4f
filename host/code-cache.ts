// V8 code caches (DESIGN.md §4 "Load"): made by a fresh worker before any guest code runs, never taken from a bundle. V8 checks
// little more than the source's length, so a cache counts only for the exact texts, engine and flags it was made of, and on
// disk only under a MAC whose key never reaches a worker.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../keys/hash.ts';
import { createFileExclusive, readRegularFile } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';
import type { BundledScripts } from './bundled.ts';
import { FieldReader, formatFields } from './wire.ts';
import { WORKER_FLAGS } from './worker/launch.ts';

export interface CachedCode {
  readonly prelude: Uint8Array;
  readonly code: Uint8Array;
}

export interface CodeCacheOptions {
  /** Where caches outlive the process. */
  readonly directory: string;
  /** At least 32 secret bytes. */
  readonly key: Uint8Array;
}

const MAC_BYTES = 32;
const KEY_BYTES = 32;

/** The options for caches in a folder; their key is made there once, 0600. E_IO. */
export function codeCacheIn(directory: string): CodeCacheOptions {
  const file = path.join(directory, 'key');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  createFileExclusive(file, randomBytes(KEY_BYTES), 0o600);
  const key = readRegularFile(file, KEY_BYTES)?.bytes ?? new Uint8Array();
  return { directory, key };
}

export class CodeCache {
  readonly #disk: CodeCacheOptions | undefined;
  readonly #memory = new Map<string, CachedCode>();

  /** Without options, in memory only. A key that is too short: E_KEY. */
  constructor(disk?: CodeCacheOptions) {
    if (disk !== undefined && disk.key.length < 32) {
      throw new SignetError('E_KEY', 'the key of the code cache is shorter than 32 bytes');
    }
    this.#disk = disk;
  }

  /** The caches made of exactly this code, or undefined. What is on disk under another MAC is as if it were not there. */
  get(scripts: BundledScripts, code: string): CachedCode | undefined {
    const id = identify(scripts, code);
    const known = this.#memory.get(id);
    if (known !== undefined || this.#disk === undefined) return known;
    const found = readCache(this.#disk, id);
    if (found !== undefined) this.#memory.set(id, found);
    return found;
  }

  /** E_IO where it cannot be written. */
  set(scripts: BundledScripts, code: string, cached: CachedCode): void {
    const id = identify(scripts, code);
    this.#memory.set(id, cached);
    if (this.#disk === undefined) return;
    const payload = formatFields([cached.prelude, cached.code]);
    const file = fileOf(this.#disk, id);
    try {
      mkdirSync(this.#disk.directory, { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.${process.pid}`, Buffer.concat([macOf(this.#disk, id, payload), payload]), {
        mode: 0o600,
      });
      renameSync(`${file}.${process.pid}`, file);
    } catch (cause) {
      throw new SignetError('E_IO', 'a code cache cannot be written', { item: file, cause });
    }
  }
}

const hash = (text: string): string => Buffer.from(sha256(text)).toString('hex');

/** The engine and Signet's own scripts, hashed once a process. */
const engines = new WeakMap<BundledScripts, string>();

function engineOf(scripts: BundledScripts): string {
  const known = engines.get(scripts);
  if (known !== undefined) return known;
  const engine = [process.versions.v8, process.version, process.platform, process.arch, ...WORKER_FLAGS];
  const id = hash(JSON.stringify([engine, hash(scripts.worker), hash(scripts.prelude)]));
  engines.set(scripts, id);
  return id;
}

function identify(scripts: BundledScripts, code: string): string {
  return hash(JSON.stringify([engineOf(scripts), hash(code)]));
}

function fileOf(disk: CodeCacheOptions, id: string): string {
  return path.join(disk.directory, `${id}.cache`);
}

function macOf(disk: CodeCacheOptions, id: string, payload: Uint8Array): Buffer {
  return createHmac('sha256', disk.key).update(id).update(payload).digest();
}

function readCache(disk: CodeCacheOptions, id: string): CachedCode | undefined {
  const file = fileOf(disk, id);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SignetError('E_IO', 'a code cache cannot be read', { item: file, cause });
  }
  const payload = bytes.subarray(MAC_BYTES);
  const mac = macOf(disk, id, payload);
  if (bytes.length < MAC_BYTES || !timingSafeEqual(bytes.subarray(0, MAC_BYTES), mac)) return undefined;
  const fields = new FieldReader(payload);
  const cached = { prelude: fields.bytes(), code: fields.bytes() };
  fields.end();
  return cached;
}

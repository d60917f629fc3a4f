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
import { WORKER_FLAGS } from './worker/launch.ts';

export interface CodeCacheOptions {
  /** Where caches outlive the process. */
  readonly directory: string;
  /** At least 32 secret bytes. */
  readonly key: Uint8Array;
}

const MAC_BYTES = 32;
const KEY_BYTES = 32;
/** Of caches in memory: a host with thousands of bundles keeps the rest on disk, or makes do without. */
const MAX_MEMORY_BYTES = 32 * 1024 * 1024;

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
  /** The oldest first. */
  readonly #memory = new Map<string, Uint8Array>();
  #memoryBytes = 0;

  /** Without options, in memory only. A key that is too short: E_KEY. */
  constructor(disk?: CodeCacheOptions) {
    if (disk !== undefined && disk.key.length < 32) {
      throw new SignetError('E_KEY', 'the key of the code cache is shorter than 32 bytes');
    }
    this.#disk = disk;
  }

  /** The cache made of exactly this text, or undefined. What is on disk under another MAC is as if it were not there. */
  get(scripts: BundledScripts, text: string): Uint8Array | undefined {
    const id = identify(scripts, text);
    const known = this.#memory.get(id);
    if (known !== undefined || this.#disk === undefined) return known;
    const found = readCache(this.#disk, id);
    if (found !== undefined) this.#remember(id, found);
    return found;
  }

  /** E_IO where it cannot be written. */
  set(scripts: BundledScripts, text: string, cache: Uint8Array): void {
    const id = identify(scripts, text);
    this.#remember(id, cache);
    if (this.#disk === undefined) return;
    const file = fileOf(this.#disk, id);
    try {
      mkdirSync(this.#disk.directory, { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.${process.pid}`, Buffer.concat([macOf(this.#disk, id, cache), cache]), {
        mode: 0o600,
      });
      renameSync(`${file}.${process.pid}`, file);
    } catch (cause) {
      throw new SignetError('E_IO', 'a code cache cannot be written', { item: file, cause });
    }
  }

  #remember(id: string, cache: Uint8Array): void {
    this.#memoryBytes += cache.length - (this.#memory.get(id)?.length ?? 0);
    this.#memory.set(id, cache);
    for (const [oldest, { length }] of this.#memory) {
      if (this.#memoryBytes <= MAX_MEMORY_BYTES || oldest === id) return;
      this.#memory.delete(oldest);
      this.#memoryBytes -= length;
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

function identify(scripts: BundledScripts, text: string): string {
  return hash(JSON.stringify([engineOf(scripts), hash(text)]));
}

function fileOf(disk: CodeCacheOptions, id: string): string {
  return path.join(disk.directory, `${id}.cache`);
}

function macOf(disk: CodeCacheOptions, id: string, payload: Uint8Array): Buffer {
  return createHmac('sha256', disk.key).update(id).update(payload).digest();
}

function readCache(disk: CodeCacheOptions, id: string): Uint8Array | undefined {
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
  return payload;
}

// The key-value store of bundles (DESIGN.md §4 "kv"): each bundle and tenant sees its own values and no others
// (THREATS.md H10, H16). Keys and values are stored as bytes, so that nothing depends on collations or NUL characters.
import { DatabaseSync } from 'node:sqlite';
import { SignetError } from '../src/error.ts';
import { ioError } from './files.ts';

const MAX_KEY_BYTES = 512;
const MAX_VALUE_BYTES = 256 * 1024;
const MAX_KEYS = 10_000;
/** Of all values of one bundle and tenant together. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

/** Whose values: the bundle's full name, whatever its version, and the tenant. */
export interface KeySpace {
  readonly bundle: string;
  readonly tenant: string;
}

/** What a bundle and tenant take up. */
interface Used {
  keys: number;
  bytes: number;
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS kv (
  bundle TEXT NOT NULL, tenant TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (bundle, tenant, key)
) STRICT, WITHOUT ROWID`;

/** The store in the state database. Every change is durable when the method returns. */
export class KeyValueStore {
  readonly #database: DatabaseSync;
  readonly #used = new Map<string, Used>();

  /** Opens or creates the database file. E_IO where that fails. */
  constructor(file: string) {
    try {
      this.#database = new DatabaseSync(file, { timeout: 5_000 });
      this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${SCHEMA}`);
    } catch (cause) {
      throw ioError(file, cause);
    }
  }

  get(space: KeySpace, key: string): string | null {
    const row = this.#database
      .prepare('SELECT value FROM kv WHERE bundle = ? AND tenant = ? AND key = ?')
      .get(space.bundle, space.tenant, keyBytes(key));
    return row === undefined ? null : text(row['value']);
  }

  /** E_LIMIT for a key beyond 512 bytes, a value beyond 256 KiB, more than 10,000 keys, or 64 MiB of values together. */
  set(space: KeySpace, key: string, value: string): void {
    const bytes = Buffer.from(value);
    refuseBeyond('the value', bytes.length, MAX_VALUE_BYTES, 'bytes');
    const used = this.#usedBy(space);
    const before = this.#lengthOf(space, key);
    refuseBeyond(
      `the store of ${space.bundle}`,
      used.keys + (before === undefined ? 1 : 0),
      MAX_KEYS,
      'keys',
    );
    const total = used.bytes - (before ?? 0) + bytes.length;
    refuseBeyond(`the store of ${space.bundle}`, total, MAX_TOTAL_BYTES, 'bytes');
    this.#database
      .prepare('INSERT INTO kv VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value')
      .run(space.bundle, space.tenant, keyBytes(key), bytes);
    used.bytes = total;
    if (before === undefined) used.keys++;
  }

  /** A key that is not there is deleted already. */
  delete(space: KeySpace, key: string): void {
    const before = this.#lengthOf(space, key);
    if (before === undefined) return;
    const used = this.#usedBy(space);
    this.#database
      .prepare('DELETE FROM kv WHERE bundle = ? AND tenant = ? AND key = ?')
      .run(space.bundle, space.tenant, keyBytes(key));
    used.keys--;
    used.bytes -= before;
  }

  /** The keys that start with the prefix, in the order of their UTF-8 bytes. */
  list(space: KeySpace, prefix: string): string[] {
    const start = keyBytes(prefix);
    return this.#database
      .prepare('SELECT key FROM kv WHERE bundle = ? AND tenant = ? AND substr(key, 1, ?) = ? ORDER BY key')
      .all(space.bundle, space.tenant, start.length, start)
      .map((row) => text(row['key']));
  }

  close(): void {
    this.#database.close();
  }

  /** Counted once: this process is the one that writes. */
  #usedBy({ bundle, tenant }: KeySpace): Used {
    const space = JSON.stringify([bundle, tenant]);
    let used = this.#used.get(space);
    if (used === undefined) {
      const row = this.#database
        .prepare(
          'SELECT count(*) AS keys, total(length(value)) AS bytes FROM kv WHERE bundle = ? AND tenant = ?',
        )
        .get(bundle, tenant);
      used = { keys: Number(row?.['keys']), bytes: Number(row?.['bytes']) };
      this.#used.set(space, used);
    }
    return used;
  }

  /** Bytes of the value; undefined where there is none. */
  #lengthOf({ bundle, tenant }: KeySpace, key: string): number | undefined {
    const row = this.#database
      .prepare('SELECT length(value) AS bytes FROM kv WHERE bundle = ? AND tenant = ? AND key = ?')
      .get(bundle, tenant, keyBytes(key));
    return row === undefined ? undefined : Number(row['bytes']);
  }
}

function keyBytes(key: string): Uint8Array {
  const bytes = Buffer.from(key);
  refuseBeyond('the key', bytes.length, MAX_KEY_BYTES, 'bytes');
  return bytes;
}

const text = (stored: unknown): string => new TextDecoder().decode(stored as Uint8Array);

function refuseBeyond(what: string, actual: number, most: number, unit: string): void {
  if (actual <= most) return;
  throw new SignetError('E_LIMIT', `${what} is too large: ${actual} ${unit}, at most ${most}`, {
    expected: `at most ${most} ${unit}`,
    actual: String(actual),
    fix: 'Store less.',
  });
}

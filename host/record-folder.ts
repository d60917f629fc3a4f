// Where records lie (DESIGN.md §6 "State directory"): `records/<day>/<session>-<number>.record`, and beside them the values that are
// kept once a day, `values/<sha256>`. Old days go first, by age and by size.
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRegularFile } from '../keys/safe-file.ts';
import { GenerationId } from '../src/contracts/record.ts';
import { SignetError } from '../src/error.ts';
import { parseShape } from '../src/shape.ts';
import { errnoOf, ioError } from './files.ts';
import { hashOf, parseRecord, type RecordedGeneration } from './record-format.ts';

/** Bytes of one record, and of one value, that are read at most. */
const MAX_RECORD = 1 << 30;
const MEGABYTE = 1 << 20;
const DAY_MS = 86_400_000;
const DAY = /^[0-9]{8}$/;

export class RecordFolder {
  readonly #root: string;
  /** Values that this process has kept already. */
  readonly #kept = new Set<string>();
  /** Bytes of values that this process wrote. */
  written = 0;

  constructor(root: string) {
    this.#root = root;
  }

  pathOf(generation: string): string {
    const id = parseShape(GenerationId, generation, 'the id of a generation', 'E_USAGE');
    return join(this.#root, id.slice(0, 8), `${id.slice(9)}.record`);
  }

  /** Keeps a value beside the record, once; answers its hash. E_IO. */
  keep(generation: string, value: string): string {
    const hash = hashOf(value);
    const path = this.#valuePath(generation, hash);
    if (this.#kept.has(path)) return hash;
    try {
      mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
      writeFileSync(path, value, { mode: 0o600, flag: 'wx' });
      this.written += Buffer.byteLength(value);
    } catch (cause) {
      // Its name says what is in it; what a crash cut off has another hash, and is found when it is read.
      if (errnoOf(cause) !== 'EEXIST') throw ioError(path, cause);
    }
    if (this.#kept.size > 10_000) this.#kept.clear();
    this.#kept.add(path);
    return hash;
  }

  /** The record of a generation. Missing, or no record: E_RECORD. */
  read(generation: string): RecordedGeneration {
    const path = this.pathOf(generation);
    const file = readRegularFile(path, MAX_RECORD);
    if (file === undefined) {
      throw new SignetError('E_RECORD', `the record ${generation} is not kept any more`, { item: path });
    }
    return parseRecord(file.bytes, (hash) => {
      const value = readRegularFile(this.#valuePath(generation, hash), MAX_RECORD)?.bytes;
      return value !== undefined && hashOf(value) === hash ? value : undefined;
    });
  }

  /** Removes whole days: those older than `keepDays`, then the oldest until the rest is within `maxMb`; never today. */
  prune(now: number, { keepDays, maxMb }: { readonly keepDays: number; readonly maxMb: number }): string[] {
    const nameOf = (at: number): string => new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
    const [today, oldest] = [nameOf(now), nameOf(now - keepDays * DAY_MS)];
    const days = this.#days().map((day) => ({ day, bytes: sizeOf(join(this.#root, day)) }));
    let total = days.reduce((sum, { bytes }) => sum + bytes, 0);
    const removed: string[] = [];
    for (const { day, bytes } of days) {
      if (day >= today || (day >= oldest && total <= maxMb * MEGABYTE)) continue;
      rmSync(join(this.#root, day), { recursive: true, force: true });
      total -= bytes;
      removed.push(day);
    }
    return removed;
  }

  #days(): string[] {
    try {
      return readdirSync(this.#root)
        .filter((name) => DAY.test(name))
        .sort();
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return [];
      throw ioError(this.#root, cause);
    }
  }

  #valuePath(generation: string, hash: string): string {
    return join(this.pathOf(generation), '..', 'values', hash);
  }
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, entry) =>
        sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}

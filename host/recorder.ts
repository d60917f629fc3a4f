// The recorder of a host (DESIGN.md §4 "Record and replay"): writes each generation's record below the state directory, behind the
// calls and a few milliseconds together, and knows where a call stands in its record. What cannot be recorded is a fault, never a failed call.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RecordRules } from '../src/contracts/config.ts';
import type { GenerationEnding, GenerationHead, RecordPlace } from '../src/contracts/record.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import type { Clock } from '../src/ports.ts';
import type { Batch } from './batch.ts';
import { engineOf } from './engine.ts';
import { ioError } from './files.ts';
import type { RecordFolder } from './record-folder.ts';
import { formatBatch, formatEnding, formatHashes, formatHead, hashOf, nextChain } from './record-format.ts';
import { partsOf } from './record-parts.ts';
import type { DrainedRecord } from './records.ts';
import type { OpenOptions } from './supervisor.ts';
import type { Tape } from './tape.ts';

export interface RecorderOptions {
  readonly folder: RecordFolder;
  readonly clock: Clock;
  /** Names the host's generations: 12 hexadecimal digits. */
  readonly session: string;
  readonly rules: () => RecordRules;
  /** A record that could not be written, and goes on no further. */
  readonly fault: (error: SignetError) => void;
}

/** Places of calls that nobody asked for: of guests that are called without a host's bookkeeping. */
const MAX_PLACES = 100_000;
/** How long a batch waits to be written with others, and how many characters wait at most. */
const FLUSH_MS = 20;
const MAX_WAITING = 1 << 20;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MEGABYTE = 1 << 20;
/** What one bundle may fill in a day of what all records may take: others are recorded, whatever it does. */
const BUNDLE_SHARE = 1 / 4;

export class Recorder {
  readonly #options: RecorderOptions;
  /** By the call's id in its guest. */
  readonly #places = new Map<string, RecordPlace>();
  readonly #dirty = new Set<GenerationTape>();
  /** Bytes kept of each bundle, and of all ('*'), on that day. */
  readonly #kept = new Map<string, number>();
  #day = 0;
  /** What all records may take, as of the last look at the rules. */
  #maxBytes = 0;
  #generations = 0;
  /** When it last removed what is old. */
  #pruned = 0;
  /** Characters that wait to be written. */
  #waiting = 0;
  #flushing: NodeJS.Timeout | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** A tape for a generation that begins in an isolate with this prelude; none where nothing is to be recorded. */
  tapeFor(opened: OpenOptions, prelude: string): Tape | undefined {
    const { digest, name, version, tenant, heapMb, record: mode = 'off' } = opened;
    if (mode === 'off' || name === undefined || version === undefined) return undefined;
    const { clock, session, folder, rules } = this.#options;
    const at = clock.now();
    const id = `${dayOf(at)}-${session}-${++this.#generations}`;
    const { redact, maxMb } = rules();
    this.#maxBytes = maxMb * MEGABYTE;
    const fields = redact
      .filter(({ bundle }) => bundle === '*' || bundle === name)
      .map(({ field }) => `${JSON.stringify(field)}:`);
    const head: GenerationHead = {
      type: 'generation/1',
      id,
      at,
      engine: engineOf(prelude),
      bundle: { name, version, digest },
      tenant,
      heapMb,
      mode,
    };
    return new GenerationTape(head, folder, fields, {
      hasRoom: () => this.#hasRoom(name),
      kept: (bytes) => this.#keep(name, bytes),
      place: (call, place) => {
        if (this.#places.size < MAX_PLACES) this.#places.set(call, place);
      },
      dirty: (tape, characters) => {
        this.#dirty.add(tape);
        this.#waiting += characters;
        if (this.#waiting > MAX_WAITING) this.flush();
        else this.#flushing ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
      },
    });
  }

  /** Where a call that has ended stands in its record, once; undefined where it was not recorded. */
  take(call: string): RecordPlace | undefined {
    const place = this.#places.get(call);
    this.#places.delete(call);
    return place;
  }

  /** Removes what is kept longer, or takes more room, than the rules say; once an hour. E_IO. */
  tend(): void {
    const { clock, folder, rules } = this.#options;
    const now = clock.now();
    if (Math.abs(now - this.#pruned) < HOUR_MS) return;
    this.#pruned = now;
    folder.prune(now, rules());
  }

  /** Days are removed as a whole, never today: so a day may not take more than all of them. */
  #hasRoom(name: string): boolean {
    const today = Math.floor(this.#options.clock.now() / DAY_MS);
    if (today !== this.#day) this.#kept.clear();
    this.#day = today;
    const most = this.#maxBytes;
    return (this.#kept.get(name) ?? 0) < most * BUNDLE_SHARE && (this.#kept.get('*') ?? 0) < most;
  }

  #keep(name: string, bytes: number): void {
    for (const key of [name, '*']) this.#kept.set(key, (this.#kept.get(key) ?? 0) + bytes);
    if (this.#hasRoom(name)) return;
    const { rules, fault } = this.#options;
    const error = new SignetError('E_RECORD', `of ${name} only hashes are recorded for the rest of the day`, {
      item: name,
      expected: `host.record.maxMb: ${rules().maxMb}, a quarter of it for one bundle`,
      fix: 'Raise host.record.maxMb in policy.yaml, or say hashes for the bundle under host.record.bundles.',
    });
    fault(error);
  }

  /** Writes what waits. */
  flush(): void {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    this.#waiting = 0;
    for (const tape of this.#dirty) {
      try {
        tape.write();
      } catch (thrown) {
        this.#options.fault(asSignetError(thrown));
      }
    }
    this.#dirty.clear();
  }
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10).replaceAll('-', '');

interface TapeEvents {
  /** Whether more than hashes may be kept. */
  readonly hasRoom: () => boolean;
  readonly kept: (bytes: number) => void;
  readonly place: (call: string, place: RecordPlace) => void;
  /** So many characters more wait to be written. */
  readonly dirty: (tape: GenerationTape, characters: number) => void;
}

class GenerationTape implements Tape {
  readonly #head: GenerationHead;
  readonly #folder: RecordFolder;
  /** A batch in which one of these occurs is kept by its hashes alone. */
  readonly #redacted: readonly string[];
  readonly #events: TapeEvents;
  #waiting: (string | Buffer)[];
  #chain: string;
  #batches = 0;
  /** Every batch so far has its texts. */
  #full: boolean;
  #failed = false;

  constructor(head: GenerationHead, folder: RecordFolder, redacted: readonly string[], events: TapeEvents) {
    const { bytes, chain } = formatHead(head);
    this.#head = head;
    this.#folder = folder;
    this.#redacted = redacted;
    this.#events = events;
    this.#waiting = [bytes];
    this.#chain = chain;
    this.#full = head.mode === 'full';
  }

  born(birth: string): void {
    this.#take(birth, '', [], []);
  }

  batch(batch: Batch, drained: string, records: readonly DrainedRecord[]): void {
    this.#take(
      batch.text,
      drained,
      batch.entries.map(({ message }) => message),
      records.map(({ body }) => body),
    );
    const place = {
      generation: this.#head.id,
      batch: this.#batches - 1,
      chain: this.#chain,
      full: this.#full,
    };
    for (const call of batch.running) this.#events.place(call.id, place);
  }

  end(ending: GenerationEnding, batch?: Batch): void {
    if (this.#failed) return;
    // What it was given last explains how it ended.
    if (batch !== undefined)
      this.#take(
        batch.text,
        '',
        batch.entries.map(({ message }) => message),
        [],
      );
    this.#waiting.push(formatEnding(ending));
    this.#events.dirty(this, 0);
  }

  /** Appends what waits to its file. A record that cannot be written goes on no further: E_IO. */
  write(): void {
    if (this.#failed || this.#waiting.length === 0) return;
    const bytes = Buffer.concat(
      this.#waiting.map((one) => (typeof one === 'string' ? Buffer.from(one) : one)),
    );
    this.#waiting = [];
    const path = this.#folder.pathOf(this.#head.id);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const fd = openSync(path, 'a', 0o600);
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
      } finally {
        closeSync(fd);
      }
    } catch (cause) {
      this.#failed = true;
      throw ioError(path, cause);
    }
  }

  #take(pushed: string, drained: string, messages: readonly string[], bodies: readonly string[]): void {
    if (this.#failed) return;
    const hashes = [hashOf(pushed), hashOf(drained)] as const;
    this.#chain = nextChain(this.#chain, ...hashes);
    this.#batches++;
    const kept =
      this.#head.mode === 'full' &&
      this.#events.hasRoom() &&
      !this.#redacted.some((field) => pushed.includes(field) || drained.includes(field));
    this.#full &&= kept;
    const { written } = this.#folder;
    const frame = kept
      ? formatBatch(partsOf(pushed, messages), partsOf(drained, bodies), hashes, (value) =>
          this.#folder.keep(this.#head.id, value),
        )
      : formatHashes(...hashes);
    if (kept) this.#events.kept(frame.length + this.#folder.written - written);
    this.#waiting.push(frame);
    this.#events.dirty(this, frame.length);
  }
}

// Bundles that end their worker again and again (DESIGN.md §4 "a bundle that keeps killing workers is quarantined"): three losses in
// five minutes that one bundle caused. It is not called any more, also after a restart, until a person lifts it. What an honest
// bundle cannot do by mistake, breaking the protocol of its worker, is enough by itself (THREATS.md H9).
import { existsSync, readFileSync } from 'node:fs';
import { type QuarantinedBundle, QuarantineFile } from '../src/contracts/host.ts';
import type { Principal } from '../src/contracts/plan.ts';
import type { BundleRef } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import { parseShape } from '../src/shape.ts';
import { ioError, writeAtomic } from './files.ts';
import { requirePerson } from './operator.ts';

const LOSSES = 3;
const WINDOW_MS = 300_000;
const MAX_FILE = 16 * 1024 * 1024;

export interface QuarantineOptions {
  /** Where it is kept over restarts. */
  readonly file: string;
  readonly clock: Clock;
  readonly journal: JournalSink;
  /** A bundle was quarantined. */
  readonly told: (bundle: QuarantinedBundle) => void;
}

export class Quarantine {
  readonly #options: QuarantineOptions;
  /** By digest. */
  readonly #bundles: Map<string, QuarantinedBundle>;
  /** By digest: when the bundle lost a worker of late. */
  readonly #losses = new Map<string, number[]>();

  /** Reads what earlier hosts left. A file that is damaged: E_FORMAT, for without it nobody knows what must not run; E_IO. */
  constructor(options: QuarantineOptions) {
    this.#options = options;
    this.#bundles = new Map(read(options.file).map((bundle) => [bundle.digest, bundle]));
  }

  get list(): readonly QuarantinedBundle[] {
    return [...this.#bundles.values()];
  }

  has(digest: string): boolean {
    return this.#bundles.has(digest);
  }

  /** E_QUARANTINED with the command that lifts it, or undefined where the bundle may run. */
  refusal({ name, version, digest }: BundleRef): SignetError | undefined {
    const found = this.#bundles.size === 0 ? undefined : this.#bundles.get(digest);
    if (found === undefined) return undefined;
    return new SignetError('E_QUARANTINED', `${name}@${version} is quarantined: ${found.reason}`, {
      item: name,
      actual: `${found.losses} lost workers, since ${new Date(found.at).toISOString()}`,
      fix: `signet unquarantine ${name}`,
    });
  }

  /** The bundle caused the loss of a worker. */
  charge({ name, version, digest }: BundleRef, cause: QuarantinedBundle['cause'], reason: string): void {
    const { clock, journal, told } = this.#options;
    const at = clock.now();
    for (const [other, times] of this.#losses) {
      const recent = times.filter((time) => Math.abs(at - time) < WINDOW_MS);
      if (recent.length > 0) this.#losses.set(other, recent);
      else this.#losses.delete(other);
    }
    const losses = [...(this.#losses.get(digest) ?? []), at];
    this.#losses.set(digest, losses);
    if (this.has(digest) || (losses.length < LOSSES && cause !== 'protocol')) return;
    const bundle = { name, version, digest, at, losses: losses.length, cause, reason };
    this.#losses.delete(digest);
    this.#bundles.set(digest, bundle);
    try {
      this.#keep();
      journal.append({ type: 'bundle.quarantined', ...bundle }, { written: true });
    } finally {
      told(bundle);
    }
  }

  /** Lets every version of the bundle run again, and returns those. E_GRANT unless by a person. */
  lift(name: string, by: Principal): readonly QuarantinedBundle[] {
    requirePerson(by, 'lift a quarantine', `signet unquarantine ${name}`);
    const { clock, journal } = this.#options;
    const lifted = this.list.filter((bundle) => bundle.name === name);
    if (lifted.length === 0) return lifted;
    for (const { digest, version } of lifted) {
      this.#bundles.delete(digest);
      journal.append({ type: 'bundle.unquarantined', at: clock.now(), name, version, digest, by });
    }
    this.#keep();
    return lifted;
  }

  #keep(): void {
    const { file } = this.#options;
    writeAtomic(
      file,
      JSON.stringify({ type: 'quarantine/1', bundles: [...this.list] } satisfies QuarantineFile),
      0o600,
    );
  }
}

function read(file: string): readonly QuarantinedBundle[] {
  if (!existsSync(file)) return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw ioError(file, cause);
  }
  return parseShape(QuarantineFile, parseJson(text, file, { maxBytes: MAX_FILE }), file).bundles;
}

// The two journal records of a call (DESIGN.md §4 "Journal"). The first is written while the worker is at work, so that it costs
// the caller no time, but always before any record of an effect of the call.
import { sha256 } from '../keys/hash.ts';
import type { Kind } from '../src/contracts/manifest.ts';
import type { RecordPlace } from '../src/contracts/record.ts';
import { digestOf, digestOfJson } from '../src/digest.ts';
import type { BundleRef, CallOptions } from '../src/dispatch.ts';
import type { SignetError } from '../src/error.ts';
import type { Clock, JournalSink } from '../src/ports.ts';

export interface RecordedCall {
  readonly callId: string;
  readonly kind: Kind;
  readonly name: string;
  readonly bundle: BundleRef;
  readonly options: CallOptions;
  /** The checked input. */
  readonly value: unknown;
}

export class CallRecord {
  readonly startedAt: number;
  readonly #call: RecordedCall;
  readonly #journal: JournalSink;
  readonly #clock: Clock;
  #inputHash: string | undefined;
  #started = false;
  #failure: unknown;

  constructor(call: RecordedCall, journal: JournalSink, clock: Clock) {
    this.#call = call;
    this.#journal = journal;
    this.#clock = clock;
    this.startedAt = clock.now();
    setImmediate(() => {
      try {
        this.start();
      } catch (cause) {
        // No one waits here: the end of the call says it.
        this.#failure = cause;
      }
    });
  }

  /** `sha256:` of the input's canonical JSON: what a plan names. */
  get inputHash(): string {
    this.#inputHash ??= digestOfJson(sha256, this.#call.value);
    return this.#inputHash;
  }

  /** Writes `call.start`, once. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    const { callId, kind, name, bundle, options } = this.#call;
    this.#journal.append({
      type: 'call.start',
      at: this.startedAt,
      callId,
      kind,
      name,
      bundle: bundle.digest,
      version: bundle.version,
      tenant: options.tenant,
      dryRun: options.dryRun,
      inputHash: this.inputHash,
      planHash: options.plan?.planHash ?? null,
      stepId: options.plan?.stepId ?? null,
      ...(options.caller === undefined ? {} : { parent: options.caller.callId }),
    });
  }

  /** Writes `call.retry`: the call was lost, and is run again. */
  retry({ code, message }: SignetError): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.start();
    const { callId } = this.#call;
    const reason = message.slice(0, 1_024).toWellFormed();
    this.#journal.append({ type: 'call.retry', at: this.#clock.now(), callId, code, reason });
  }

  /** Writes `call.end`; `code` null where the call succeeded with `output`; `record`: where it stands in the record of its isolate. */
  end(code: string | null, output: string | null, effects: number, record?: RecordPlace): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.start();
    const at = this.#clock.now();
    this.#journal.append({
      type: 'call.end',
      at,
      callId: this.#call.callId,
      ok: code === null,
      code,
      outputHash: output === null ? null : digestOf(sha256, output),
      durationMs: at - this.startedAt,
      effects,
      ...(record === undefined ? {} : { record }),
    });
  }
}

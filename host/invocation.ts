// One call of a bundle's function (DESIGN.md §4): let in, run within its limits, run a second time where it was lost through no fault
// of its own and had changed nothing (issue "a lost worker fails only its in-flight calls"), and written down whatever it came to.
import { Budget } from '../src/budget.ts';
import { LIMIT_NAMES, type LimitName } from '../src/contracts/limits.ts';
import type { CapabilityRequest, Kind } from '../src/contracts/manifest.ts';
import type { RecordMode, RecordPlace } from '../src/contracts/record.ts';
import type { BundleRef, CallOptions, CheckedInput } from '../src/dispatch.ts';
import { asSignetError, type ErrorCode, SignetError } from '../src/error.ts';
import { type EffectiveLimits, limitError } from '../src/limits.ts';
import type { Lane, Ticket } from './admission.ts';
import { within } from './bounded.ts';
import type { EffectAnswer } from './broker.ts';
import type { BundleUsage } from './bundle-usage.ts';
import type { Effect } from './call.ts';
import { CallAttempt } from './call-attempt.ts';
import { CallRecord } from './call-record.ts';
import type { Guest } from './guest-handle.ts';
import type { BundleServices } from './loaded-bundle.ts';
import { lostPart } from './outcome.ts';

/** What a bundle hands to each of its calls. */
export interface InvokedBundle {
  readonly ref: BundleRef;
  readonly requests: readonly CapabilityRequest[];
  readonly services: BundleServices;
  readonly lane: Lane;
  readonly usage: BundleUsage;
  limits(kind: Kind): EffectiveLimits;
  /** How its calls are recorded, where whoever calls does not say. */
  recordMode(kind: Kind): RecordMode;
  /** Why it was closed, where that is for its callers to know. */
  readonly closedFor: SignetError | undefined;
  /** The isolate of a tenant: there, or being made. */
  guest(tenant: string, heapMb: number, record: RecordMode): Guest | Promise<Guest>;
}

type Refusal = Extract<EffectAnswer, { ok: false }>;

/** Refusals that a bundle's own error must not hide from the operator. */
const SHOWN_REFUSALS: ReadonlySet<string> = new Set<ErrorCode>([
  'E_CAPABILITY_DENIED',
  'E_PLAN_REQUIRED',
  'E_DEPTH',
  'E_BUDGET',
  'E_JOURNAL',
  'E_CONFIG',
  'E_RATE',
]);
/** A call is run twice at most. */
const ATTEMPTS = 2;

export class Invocation {
  readonly bundle: InvokedBundle;
  readonly kind: Kind;
  readonly fn: string;
  readonly options: CallOptions;
  readonly callId: string;
  readonly budget: Budget;
  readonly #limits: EffectiveLimits;
  readonly #input: CheckedInput;
  readonly #name: string;
  /** By `performance.now()`. */
  #deadline: number;
  /** Milliseconds for which its isolate was being made: the host's time, not the call's. */
  #openingMs = 0;
  #record: CallRecord | undefined;
  #effects = 0;
  /** What its attempts are called in the isolate: effects of both have ids of their own. */
  readonly #guestCalls: string[] = [];
  #refusal: Refusal | undefined;
  /** A mutation was asked for that its dry run only described. */
  #wouldMutate = false;

  constructor(bundle: InvokedBundle, kind: Kind, name: string, input: CheckedInput, options: CallOptions) {
    const { clock, nextCallId } = bundle.services;
    const { caller } = options;
    this.bundle = bundle;
    this.kind = kind;
    this.fn = `${kind}/${name}`;
    this.options = options;
    this.callId = nextCallId();
    this.#name = name;
    this.#input = input;
    this.#limits = bundle.limits(kind);
    this.budget = new Budget(this.#limits.effects, caller?.budget);
    const wallMs = Math.min(
      this.#limits.wallMs,
      caller === undefined ? Number.POSITIVE_INFINITY : caller.deadlineMs - clock.now(),
    );
    this.#deadline = performance.now() + wallMs;
  }

  /** Written from when it is first asked for. */
  get record(): CallRecord {
    const { ref, services } = this.bundle;
    const { callId, kind, options } = this;
    const { value } = this.#input;
    this.#record ??= new CallRecord(
      { callId, kind, name: this.#name, bundle: ref, options, value },
      services.journal,
      services.clock,
    );
    return this.#record;
  }

  /** When it ends at the latest: milliseconds since the epoch, by the host's clock. */
  get deadlineMs(): number {
    return Math.min(
      this.record.startedAt + this.#limits.wallMs + this.#openingMs,
      this.options.caller?.deadlineMs ?? Number.POSITIVE_INFINITY,
    );
  }

  /** What `accept` makes of the output. What the host did not take on (E_INPUT, E_RATE, E_BUSY) is not written down. */
  async run<T>(accept: (output: string) => T): Promise<{ callId: string; output: T }> {
    const { lane, services, ref, usage } = this.bundle;
    const quarantined = services.quarantine.refusal(ref);
    if (quarantined !== undefined) throw this.#end(quarantined);
    const ticket = this.#ticket();
    usage.admit(this.#limits, services.clock.now());
    const waiting = lane.enter(ticket);
    const { record } = this;
    if (waiting !== undefined) {
      try {
        await waiting;
      } catch (thrown) {
        throw this.#end(thrown);
      }
    }
    let output: string;
    let accepted: T;
    try {
      output = await this.#attempts();
      // Before the record of the call ends: it never says of an output that was refused that all was well.
      accepted = accept(output);
    } catch (thrown) {
      throw this.#end(thrown);
    } finally {
      lane.leave(ticket);
    }
    record.end(null, output, this.#effects, this.#place());
    return { callId: this.callId, output: accepted };
  }

  #ticket(): Ticket {
    const { text } = this.#input;
    const { inputBytes, concurrent } = this.#limits;
    // Counted only where it matters: a UTF-16 unit is at most three bytes.
    const bytes = text.length * 3 > inputBytes ? Buffer.byteLength(text) : text.length;
    if (bytes > inputBytes) {
      throw limitError('E_INPUT', `the input of ${this.fn} is too large`, 'inputBytes', this.#limits, {
        actual: String(bytes),
      });
    }
    const { signal, caller } = this.options;
    return { bytes, concurrent, deadline: this.#deadline, nested: caller !== undefined, signal };
  }

  async #attempts(): Promise<string> {
    for (let attempt = 1, alone = false; ; attempt++) {
      // While it waited, or was lost, that may have changed.
      const quarantined = this.bundle.services.quarantine.refusal(this.bundle.ref);
      if (quarantined !== undefined) throw quarantined;
      try {
        return await this.#attempt(attempt, alone);
      } catch (thrown) {
        const error = asSignetError(thrown);
        const part = lostPart(error);
        if (part === undefined && error.code !== 'E_WORKER_LOST') throw error;
        if (part === undefined || attempt === ATTEMPTS || !this.#mayRunAgain()) throw this.#lost(error);
        this.record.retry(error);
        alone = part === 'suspect';
      }
    }
  }

  async #attempt(attempt: number, alone: boolean): Promise<string> {
    const { bundle, options } = this;
    const { tenant, dryRun, signal } = options;
    const { heapMb, cpuMs, outputBytes, effects } = this.#limits;
    const guestCall = attempt === 1 ? this.callId : `${this.callId}_${attempt}`;
    this.#guestCalls.push(guestCall);
    const opened = bundle.guest(tenant, heapMb, this.#recordMode);
    const guest = opened instanceof Promise ? await this.#opened(opened) : opened;
    const context = new CallAttempt(this);
    try {
      return await guest.call(this.fn, this.#input.text, {
        callId: guestCall,
        wallMs: this.#deadline - performance.now(),
        cpuMs,
        outputBytes,
        effects,
        dryRun,
        alone,
        ...(signal === undefined ? {} : { signal }),
        onCpu: (ms) => bundle.usage.cpu(ms, this.#limits, bundle.services.clock.now()),
        perform: (effect) => this.#perform(context, effect),
      });
    } finally {
      context.end();
    }
  }

  /** What no call of its own can speed up: only the deadline of a caller counts on. */
  async #opened(opening: Promise<Guest>): Promise<Guest> {
    const { clock } = this.bundle.services;
    const { signal, caller } = this.options;
    const [began, beganMs] = [performance.now(), clock.now()];
    const limit = caller === undefined ? Number.POSITIVE_INFINITY : began + caller.deadlineMs - beganMs;
    const guest = await within(opening, limit, signal);
    this.#openingMs += clock.now() - beganMs;
    this.#deadline = Math.min(this.#deadline + performance.now() - began, limit);
    return guest;
  }

  async #perform(context: CallAttempt, effect: Effect): Promise<EffectAnswer> {
    const { services, usage } = this.bundle;
    this.#effects++;
    this.record.start();
    const refusal =
      usage.effect(this.#limits, services.clock.now()) ??
      (this.budget.spend() ? undefined : 'the calls that lead to this one have no effects left');
    const answer: EffectAnswer =
      refusal === undefined
        ? await services.inFlight.track(services.broker.perform(context, effect))
        : typeof refusal === 'string'
          ? { ok: false, code: 'E_EFFECT_LIMIT', message: refusal }
          : { ok: false, code: refusal.code, message: refusal.message, fix: refusal.fix };
    if (answer.ok && this.options.dryRun && answer.value.startsWith('{"status":"would"'))
      this.#wouldMutate = true;
    // No bundle ever failed of a line that was not written.
    if (!answer.ok && effect.capability !== 'log.lines' && SHOWN_REFUSALS.has(answer.code))
      this.#refusal ??= answer;
    return answer;
  }

  /** How it is recorded: as whoever calls says, else as the policy does. */
  get #recordMode(): RecordMode {
    return this.options.record ?? this.bundle.recordMode(this.kind);
  }

  /** Where its last attempt stands in a record. */
  #place(): RecordPlace | undefined {
    const places = this.#guestCalls.map((id) => this.bundle.services.placeOf(id));
    return places.at(-1);
  }

  #mayRunAgain(): boolean {
    return (
      this.budget.mutations === 0 &&
      this.options.signal?.aborted !== true &&
      performance.now() < this.#deadline
    );
  }

  /** A lost call that is not run again: what it may have done is what its caller needs to know. */
  #lost(error: SignetError): SignetError {
    const { mutations } = this.budget;
    const done =
      mutations === 0
        ? 'nothing was changed'
        : `${mutations} ${mutations === 1 ? 'effect' : 'effects'} that may have changed something had begun`;
    return new SignetError('E_WORKER_LOST', `${error.message}; ${done}`, {
      item: this.fn,
      cause: error,
      ...(mutations === 0
        ? {}
        : { fix: `See in the journal what call ${this.callId} did, before you call again.` }),
    });
  }

  /** Writes the end down, and says what the caller needs to read. */
  #end(thrown: unknown): SignetError {
    const error = this.#explain(asSignetError(thrown));
    this.record.end(error.code, null, this.#effects, this.#place());
    return error;
  }

  /**
   * Where a bundle failed after an effect was refused, the refusal; where it ran into a limit, whose it is; where it was closed for
   * a reason, that.
   */
  #explain(error: SignetError): SignetError {
    if (error.code === 'E_GUEST' && this.#refusal !== undefined) {
      const { code, message, fix } = this.#refusal;
      return new SignetError(code as ErrorCode, message, {
        ...(fix === undefined ? {} : { fix }),
        cause: error,
      });
    }
    if (error.code === 'E_GUEST' && this.#wouldMutate) {
      return new SignetError('E_GUEST', error.message, {
        ...(error.item === undefined ? {} : { item: error.item }),
        fix: 'It was a dry run, which changes nothing: call with --apply, or report a bundle that cannot bear that to its author.',
        cause: error,
      });
    }
    const { closedFor } = this.bundle;
    if (error.code === 'E_ABORTED' && closedFor !== undefined) return closedFor;
    const name = LIMIT_NAMES.find((limit): limit is LimitName => limit === error.item);
    if (name === undefined || error.expected !== undefined) return error;
    const { caller } = this.options;
    if (name === 'wallMs' && caller !== undefined && caller.deadlineMs <= this.deadlineMs) return error;
    return limitError(error.code, error.message, name, this.#limits, { cause: error });
  }
}

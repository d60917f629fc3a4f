// One verified bundle that the host runs: its functions as providers, an isolate for each tenant, and a journal record at
// the start and the end of every call (DESIGN.md §4).
import { Budget } from '../src/budget.ts';
import { EXTENSION, fullName, type Kind, type Manifest, type Provided } from '../src/contracts/manifest.ts';
import type { BundleRef, CallOptions, CheckedInput, Provider } from '../src/dispatch.ts';
import { asSignetError, type ErrorCode, SignetError } from '../src/error.ts';
import { compileSchema } from '../src/json-schema.ts';
import { type EffectiveLimits, effectiveLimits } from '../src/limits.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import type { Broker, EffectAnswer } from './broker.ts';
import { CallRecord } from './call-record.ts';
import type { CallContext } from './capabilities/capability.ts';
import type { Guest } from './guest-handle.ts';
import type { InFlight } from './in-flight.ts';
import type { Supervisor } from './supervisor.ts';

export interface BundleServices {
  readonly supervisor: Supervisor;
  readonly broker: Broker;
  readonly journal: JournalSink;
  readonly clock: Clock;
  readonly nextCallId: () => string;
  /** The trust domain of a bundle by its full name. */
  readonly domainOf: (name: string) => string;
  /** An effect outlives the call that asked for it by as long as it takes to end it. */
  readonly inFlight: InFlight;
}

/** Characters of script from which a code cache saves more than it costs to read. */
const WORTH_CACHING = 32_768;

/** Why effects of a call that is over are dropped; made once, since a reason costs more than the abort. */
const ENDED = new SignetError('E_ABORTED', 'the call has ended');

type Refusal = Extract<EffectAnswer, { ok: false }>;

/** Refusals that a bundle's own error must not hide from the operator. */
const SHOWN_REFUSALS: ReadonlySet<string> = new Set<ErrorCode>([
  'E_CAPABILITY_DENIED',
  'E_PLAN_REQUIRED',
  'E_DEPTH',
  'E_BUDGET',
  'E_JOURNAL',
  'E_CONFIG',
]);

export class LoadedBundle {
  readonly ref: BundleRef;
  readonly manifest: Manifest;
  readonly providers: readonly Provider[];
  readonly #code: string;
  readonly #services: BundleServices;
  readonly #guests = new Map<string, Promise<Guest>>();
  /** Calls that were let in and have no end yet. */
  #calls = 0;
  #state: 'open' | 'retired' | 'closed' = 'open';
  #retired: PromiseWithResolvers<void> | undefined;
  /** Why it was closed, where that is for its callers to know. */
  #reason: SignetError | undefined;

  /** `code` is the very text whose bytes were verified. */
  constructor(manifest: Manifest, digest: string, code: string, services: BundleServices) {
    this.ref = { name: fullName(manifest), version: manifest.version, digest };
    this.manifest = manifest;
    this.#code = code;
    this.#services = services;
    this.providers = this.#extension.provides.map((provided) => this.#provider(provided));
  }

  get #extension(): Manifest['extensions'][typeof EXTENSION] {
    return this.manifest.extensions[EXTENSION];
  }

  /** Makes the code cache of a script that is large enough to gain by it; the next isolate compiles from it. */
  async prepare(): Promise<void> {
    if (this.#code.length >= WORTH_CACHING) await this.#services.supervisor.prepare(this.#code);
  }

  /** How many calls are in flight. */
  get busy(): number {
    return this.#calls;
  }

  /** Ends every isolate of the bundle; calls in flight, and later ones, fail with the reason, E_ABORTED where there is none. */
  close(reason?: SignetError): void {
    this.#reason ??= reason;
    this.#state = 'closed';
    this.#endIsolates((guest) => guest.close());
    this.#retired?.resolve();
  }

  /**
   * Takes no new calls (E_ABORTED) and ends the isolates once the calls in flight have their ends; settled then, or when it is
   * closed. An isolate in which a successor of the same digest has calls is left to it.
   */
  retire(): Promise<void> {
    if (this.#state === 'open') this.#state = 'retired';
    this.#retired ??= Promise.withResolvers();
    this.#endIfDone();
    return this.#retired.promise;
  }

  /** Takes calls again; false where it has ended meanwhile. */
  resume(): boolean {
    if (this.#state === 'retired') this.#state = 'open';
    return this.#state === 'open';
  }

  #endIfDone(): void {
    if (this.#state === 'open' || this.#calls > 0) return;
    this.#state = 'closed';
    this.#endIsolates((guest) => guest.closeIfIdle());
    this.#retired?.resolve();
  }

  #endIsolates(end: (guest: Guest) => void): void {
    for (const guest of this.#guests.values()) guest.then(end, () => undefined);
    this.#guests.clear();
  }

  #provider(provided: Provided): Provider {
    const { kind, name, description } = provided;
    const item = `${kind}/${name} of ${this.ref.name}`;
    return {
      kind,
      name,
      description,
      bundle: this.ref,
      input: compileSchema(provided.input, `the input of ${item}`),
      output: compileSchema(provided.output, `the output of ${item}`),
      invoke: (input, options, accept) => this.#invoke(kind, name, input, options, accept),
    };
  }

  async #invoke<T>(
    kind: Kind,
    name: string,
    input: CheckedInput,
    options: CallOptions,
    accept: (output: string) => T,
  ): Promise<{ callId: string; output: T }> {
    if (this.#state !== 'open') throw this.#unloaded();
    this.#calls++;
    try {
      return await this.#call(kind, name, input, options, accept);
    } finally {
      this.#calls--;
      this.#endIfDone();
    }
  }

  async #call<T>(
    kind: Kind,
    name: string,
    input: CheckedInput,
    options: CallOptions,
    accept: (output: string) => T,
  ): Promise<{ callId: string; output: T }> {
    const { broker, journal, clock, nextCallId, inFlight } = this.#services;
    const limits = this.#limits(kind);
    const { text, value } = input;
    // Counted only where it matters: a UTF-16 unit is at most three bytes.
    if (text.length * 3 > limits.inputBytes && Buffer.byteLength(text) > limits.inputBytes) {
      throw new SignetError('E_INPUT', `the input of ${kind}/${name} is too large`, {
        expected: `at most ${limits.inputBytes} bytes`,
        actual: String(Buffer.byteLength(text)),
      });
    }
    const { caller } = options;
    const callId = nextCallId();
    const record = new CallRecord({ callId, kind, name, bundle: this.ref, options, value }, journal, clock);
    const ended = new AbortController();
    const call: CallContext = {
      callId,
      bundle: this.ref,
      kind,
      fn: `${kind}/${name}`,
      tenant: options.tenant,
      principal: options.principal,
      dryRun: options.dryRun,
      ...(options.plan === undefined ? {} : { plan: options.plan }),
      get inputHash() {
        return record.inputHash;
      },
      requests: this.#extension.capabilities,
      depth: caller === undefined ? 0 : caller.depth + 1,
      deadlineMs: Math.min(record.startedAt + limits.wallMs, caller?.deadlineMs ?? Number.POSITIVE_INFINITY),
      budget: new Budget(limits.effects, caller?.budget),
      signal: ended.signal,
    };
    let effects = 0;
    let refusal: Refusal | undefined;
    let output: string;
    let accepted: T;
    try {
      const guest = await this.#guest(options.tenant, limits.heapMb);
      output = await guest.call(call.fn, text, {
        callId,
        wallMs: limits.wallMs,
        cpuMs: limits.cpuMs,
        outputBytes: limits.outputBytes,
        effects: limits.effects,
        dryRun: options.dryRun,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        perform: async (effect) => {
          effects++;
          record.start();
          if (!call.budget.spend()) {
            return {
              ok: false,
              code: 'E_EFFECT_LIMIT',
              message: 'the call that leads to this one has no effects left',
            };
          }
          const answer = await inFlight.track(broker.perform(call, effect));
          // No bundle ever failed of a line that was not written.
          const mayExplain = effect.capability !== 'log' && refusal === undefined;
          if (!answer.ok && mayExplain && SHOWN_REFUSALS.has(answer.code)) refusal = answer;
          return answer;
        },
      });
      // Before the record of the call ends: it never says of an output that was refused that all was well.
      accepted = accept(output);
    } catch (thrown) {
      const ended = asSignetError(thrown);
      const error = ended.code === 'E_ABORTED' && this.#reason !== undefined ? this.#reason : ended;
      record.end(error.code, null, effects);
      throw explain(error, refusal);
    } finally {
      ended.abort(ENDED);
    }
    record.end(null, output, effects);
    return { callId, output: accepted };
  }

  /**
   * The isolate of a tenant, made when first needed; a guest begins a new generation by itself when its worker was lost. One that
   * someone else closed, such as this bundle's predecessor of the same digest, is opened again.
   */
  async #guest(tenant: string, heapMb: number): Promise<Guest> {
    const present = this.#guests.get(tenant);
    if (present !== undefined) {
      const guest = await present;
      if (guest.alive) return guest;
      if (this.#guests.get(tenant) === present) this.#guests.delete(tenant);
      return this.#guest(tenant, heapMb);
    }
    if (this.#state === 'closed') throw this.#unloaded();
    const { supervisor, domainOf } = this.#services;
    const { digest, name } = this.ref;
    const domain = domainOf(name);
    const opening = supervisor.open({ digest, tenant, domain, code: this.#code, heapMb });
    this.#guests.set(tenant, opening);
    opening.catch(() => this.#guests.delete(tenant));
    return opening;
  }

  #unloaded(): SignetError {
    return this.#reason ?? new SignetError('E_ABORTED', `${this.ref.name} is no longer loaded`);
  }

  #limits(kind: Kind): EffectiveLimits {
    return effectiveLimits({ bundle: this.ref.name, kind }, this.#extension.limits, {});
  }
}

/** Where a bundle failed after an effect was refused, the refusal is what the operator needs to read. */
function explain(error: SignetError, refusal: Refusal | undefined): SignetError {
  if (error.code !== 'E_GUEST' || refusal === undefined) return error;
  return new SignetError(refusal.code as ErrorCode, refusal.message, {
    ...(refusal.fix === undefined ? {} : { fix: refusal.fix }),
    cause: error,
  });
}

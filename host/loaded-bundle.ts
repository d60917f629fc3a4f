// One verified bundle that the host runs (DESIGN.md §4): its functions as providers, an isolate for each tenant, a lane for its
// calls, and its own limits.
import type { HostPolicy } from '../src/contracts/config.ts';
import {
  type CapabilityRequest,
  EXTENSION,
  fullName,
  type Kind,
  type Manifest,
  type Provided,
} from '../src/contracts/manifest.ts';
import type { RecordMode, RecordPlace } from '../src/contracts/record.ts';
import type { BundleRef, CallOptions, CheckedInput, Provider } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import { compileSchema } from '../src/json-schema.ts';
import { type EffectiveLimits, effectiveLimits } from '../src/limits.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import type { Admission, Lane } from './admission.ts';
import type { Broker } from './broker.ts';
import { BundleUsage } from './bundle-usage.ts';
import type { Guest } from './guest-handle.ts';
import type { InFlight } from './in-flight.ts';
import { Invocation, type InvokedBundle } from './invocation.ts';
import type { Quarantine } from './quarantine.ts';
import type { Supervisor } from './supervisor.ts';
import { trustDomain } from './trust-domain.ts';

export interface BundleServices {
  readonly supervisor: Supervisor;
  readonly broker: Broker;
  readonly journal: JournalSink;
  readonly clock: Clock;
  readonly nextCallId: () => string;
  /** How many calls the host takes on, of all bundles together. */
  readonly admission: Admission;
  readonly quarantine: Quarantine;
  /** What the operator says, now. */
  readonly policy: () => HostPolicy;
  /** An effect outlives the call that asked for it by as long as it takes to end it. */
  readonly inFlight: InFlight;
  /** Where a call stands in the record of its isolate; asked once, when it has ended. */
  readonly placeOf: (guestCall: string) => RecordPlace | undefined;
}

/** Characters of script from which a code cache saves more than it costs to read. */
const WORTH_CACHING = 32_768;

export class LoadedBundle implements InvokedBundle {
  readonly ref: BundleRef;
  readonly manifest: Manifest;
  readonly providers: readonly Provider[];
  readonly #code: string;
  readonly services: BundleServices;
  /** Where its calls wait for their turn. */
  readonly lane: Lane;
  readonly usage = new BundleUsage();
  readonly #limits = new Map<Kind, EffectiveLimits>();
  readonly #recordModes = new Map<Kind, RecordMode>();
  /** By mode of recording and tenant. */
  readonly #guests = new Map<string, Guest | Promise<Guest>>();
  /** Calls that were let in and have no end yet. */
  #calls = 0;
  #state: 'open' | 'retired' | 'closed' = 'open';
  #retired: PromiseWithResolvers<void> | undefined;
  #closedFor: SignetError | undefined;

  /** `code` is the very text whose bytes were verified. */
  constructor(manifest: Manifest, digest: string, code: string, services: BundleServices) {
    this.ref = { name: fullName(manifest), version: manifest.version, digest };
    this.manifest = manifest;
    this.#code = code;
    this.services = services;
    this.lane = services.admission.lane();
    this.providers = this.#extension.provides.map((provided) => this.#provider(provided));
  }

  get closedFor(): SignetError | undefined {
    return this.#closedFor;
  }

  get requests(): readonly CapabilityRequest[] {
    return this.#extension.capabilities;
  }

  get #extension(): Manifest['extensions'][typeof EXTENSION] {
    return this.manifest.extensions[EXTENSION];
  }

  /** Makes the code cache of a script that is large enough to gain by it; the next isolate compiles from it. */
  async prepare(): Promise<void> {
    if (this.#code.length >= WORTH_CACHING) await this.services.supervisor.prepare(this.#code);
  }

  /** How many calls are in flight. */
  get busy(): number {
    return this.#calls;
  }

  /** Ends every isolate of the bundle; calls in flight, and later ones, fail with the reason, E_ABORTED where there is none. */
  close(reason?: SignetError): void {
    this.#closedFor ??= reason;
    this.#state = 'closed';
    this.lane.expel(this.#unloaded());
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
    for (const guest of this.#guests.values()) {
      if (guest instanceof Promise) guest.then(end, () => undefined);
      else end(guest);
    }
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
      return await new Invocation(this, kind, name, input, options).run(accept);
    } finally {
      this.#calls--;
      this.#endIfDone();
    }
  }

  /**
   * The isolate of a tenant for calls that are recorded in one mode, made when first needed; a guest begins a new generation by itself when its worker was lost. One that
   * someone else closed, such as this bundle's predecessor of the same digest, is opened again.
   */
  guest(tenant: string, heapMb: number, record: RecordMode): Guest | Promise<Guest> {
    const key = `${record} ${tenant}`;
    const present = this.#guests.get(key);
    if (present instanceof Promise || present?.alive === true) return present;
    if (this.#state === 'closed') throw this.#unloaded();
    const { supervisor, policy } = this.services;
    const { digest, name, version } = this.ref;
    const domain = trustDomain(policy(), name);
    const opening = supervisor.open({
      digest,
      name,
      version,
      tenant,
      domain,
      code: this.#code,
      heapMb,
      record,
    });
    this.#guests.set(key, opening);
    const settle = (guest: Guest | undefined): void => {
      if (this.#guests.get(key) !== opening) return;
      if (guest === undefined) this.#guests.delete(key);
      else this.#guests.set(key, guest);
    };
    opening.then(settle, () => settle(undefined));
    return opening;
  }

  #unloaded(): SignetError {
    return this.#closedFor ?? new SignetError('E_ABORTED', `${this.ref.name} is no longer loaded`);
  }

  /** Those of the policy as it was when they were first asked for, or since it changed. */
  limits(kind: Kind): EffectiveLimits {
    const known = this.#limits.get(kind);
    if (known !== undefined) return known;
    const { name: bundle } = this.ref;
    const { policy, admission } = this.services;
    const operator = policy();
    admission.limits = operator.queue;
    const limits = effectiveLimits({ bundle, kind }, this.#extension.limits, operator);
    this.#limits.set(kind, limits);
    return limits;
  }

  recordMode(kind: Kind): RecordMode {
    const known = this.#recordModes.get(kind);
    if (known !== undefined) return known;
    const { bundles, kinds, default: otherwise } = this.services.policy().record;
    const mode = bundles[this.ref.name] ?? kinds[kind] ?? otherwise;
    this.#recordModes.set(kind, mode);
    return mode;
  }

  /** What the operator says may have changed. */
  policyChanged(): void {
    this.#limits.clear();
    this.#recordModes.clear();
  }
}

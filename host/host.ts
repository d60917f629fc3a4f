// The host of one project (DESIGN.md §4): opens its state, loads what the lockfile names and verification lets through,
// dispatches by name, and writes down what happened. No server, no database server, no global state.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { sha256 } from '../keys/hash.ts';
import { readFirstPartyLock } from '../registry/first-party.ts';
import { Project } from '../registry/project.ts';
import type { HostStatus, ToolDescription } from '../src/contracts/api.ts';
import type { AuditReport } from '../src/contracts/convergence.ts';
import type { Kind } from '../src/contracts/manifest.ts';
import type { CallResult } from '../src/dispatch.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import { PlanBook } from '../src/plan.ts';
import type { Clock } from '../src/ports.ts';
import { type Uses, usesOf } from '../src/uses.ts';
import { Admission } from './admission.ts';
import { type AuditOptions, auditSpecs } from './audit.ts';
import { Broker } from './broker.ts';
import { Calls, type DispatchOptions } from './calls.ts';
import { codeCacheIn } from './code-cache.ts';
import { describeBundles, describeTools } from './describe.ts';
import { hostEngine } from './engine.ts';
import { Events, type HostEvents, tellingJournal } from './events.ts';
import { createGrantReader, type GrantSet } from './grants.ts';
import { createHostPolicyReader } from './host-policy.ts';
import { type HostState, openHostState } from './host-state.ts';
import { InFlight } from './in-flight.ts';
import { Installed, type Refusal } from './installed.ts';
import { operator } from './operator.ts';
import type { ProjectPaths } from './paths.ts';
import { Quarantine } from './quarantine.ts';
import { RecordFolder } from './record-folder.ts';
import { Recorder } from './recorder.ts';
import { RegistryWatch } from './registry-watch.ts';
import { createServices } from './services.ts';
import { isRevocation } from './state-of-release.ts';
import { Supervisor } from './supervisor.ts';
import { Tending } from './tending.ts';
import { Unresolved } from './unresolved.ts';
import { HOST_VERSION } from './version.ts';
import { takeInLoss } from './worker-losses.ts';

export interface HostOptions {
  /** The project folder. */
  readonly directory: string;
  /** In the place of policy.yaml: the path of another file, or what such a file says; as strict. */
  readonly policy?: string | object;
  readonly clock?: Clock;
  /** Milliseconds between two looks at the registries and at what is loaded. */
  readonly tendMs?: number;
  /** See `OpenHostOptions`. */
  readonly inline?: readonly string[];
  /** Called twice a day: renews the status of a registry that this machine keeps. */
  readonly renew?: () => void;
}

const TEND_MS = 10_000;

export class Host {
  readonly paths: ProjectPaths;
  readonly #state: HostState;
  readonly #grants: () => GrantSet;
  /** The project as this host sees it: with the policy that it was opened with. */
  readonly project: Project;
  readonly #supervisor: Supervisor;
  readonly #recorder: Recorder;
  readonly #installed: Installed;
  /** Bundles that are not called until a person lifts it. */
  readonly quarantine: Quarantine;
  readonly #usesOf: (digest: string) => Uses;
  readonly #events = new Events();
  readonly #tending: Tending;
  readonly #session = randomBytes(6).toString('hex');
  /** Effects of earlier hosts whose outcome is not known. */
  readonly unresolved: Unresolved;
  readonly #inFlight = new InFlight();
  readonly #calls: Calls;
  #callCount = 0;
  #address: string | null = null;
  #closing: Promise<void> | undefined;
  #isDrained = false;

  /** Opens the project's state. E_HOST_BUSY where another host owns it, E_NOT_FOUND without a project folder, E_IO. */
  static async open(options: HostOptions): Promise<Host> {
    const state = openHostState(options.directory, options.clock ?? { now: () => Date.now() });
    try {
      return new Host(state, options);
    } catch (error) {
      state.close();
      throw error;
    }
  }

  private constructor(state: HostState, { policy, tendMs = TEND_MS, renew, inline = [] }: HostOptions) {
    const { clock, kv } = state;
    this.paths = typeof policy === 'string' ? { ...state.paths, policy: resolve(policy) } : state.paths;
    const { paths } = this;
    this.#state = state;
    this.#usesOf = (digest) => usesOf(state.journal.records(), digest);
    const journal = tellingJournal(state.journal, this.#events);
    this.unresolved = new Unresolved({ open: () => state.journal.openEffects(), journal, clock });
    this.project = new Project({
      directory: paths.project,
      ...(policy === undefined ? {} : { policy: typeof policy === 'string' ? paths.policy : policy }),
      host: HOST_VERSION,
      firstParty: readFirstPartyLock(),
      clock,
    });
    this.#grants = createGrantReader(paths.grants);
    const plans = new PlanBook({ sha256, clock, journal });
    const hostPolicy = createHostPolicyReader(this.project);
    this.quarantine = new Quarantine({
      file: paths.quarantine,
      clock,
      journal,
      told: (bundle) => this.#events.emit('quarantined', bundle),
    });
    this.#recorder = new Recorder({
      folder: new RecordFolder(paths.records),
      clock,
      session: this.#session,
      rules: () => hostPolicy().record,
      fault: (error) => this.fault(error),
    });
    this.#supervisor = new Supervisor({
      tape: (opened, prelude) => this.#recorder.tapeFor(opened, prelude),
      policy: hostPolicy,
      inline,
      codeCache: codeCacheIn(paths.cache),
      onWorkerLost: (lost) => {
        const refOf = (digest: string) => this.#installed.refOf(digest);
        takeInLoss(lost, { clock, journal, events: this.#events, quarantine: this.quarantine, refOf });
      },
    });
    const broker = new Broker({
      clock,
      journal,
      grants: this.#grants,
      authorize: (context, call) => plans.authorize(context, call),
      fault: (error) => this.fault(error),
      services: createServices(paths, kv, {
        log: (line) => this.#events.emit('log', line),
        invoke: (caller, wanted) => this.#calls.fromBundle(caller, wanted),
      }),
    });
    this.#installed = new Installed({
      paths,
      project: this.project,
      clock,
      journal,
      services: {
        supervisor: this.#supervisor,
        broker,
        journal,
        clock,
        nextCallId: () => `call-${this.#session}-${++this.#callCount}`,
        inFlight: this.#inFlight,
        admission: new Admission(),
        quarantine: this.quarantine,
        policy: hostPolicy,
        placeOf: (call) => this.#recorder.take(call),
      },
      refused: (refusal) => this.#refused(refusal),
      upgraded: (change) => this.#events.emit('upgraded', change),
    });
    // What is in flight may go on to its end while the host drains.
    const requireOpen = (): void => (this.#isDrained ? this.requireOpen() : undefined);
    this.#calls = new Calls({ plans, installed: this.#installed, grants: this.#grants, requireOpen });
    journal.append({ type: 'host.open', at: clock.now(), engine: hostEngine() });
    this.#tending = new Tending({
      clock,
      registries: new RegistryWatch(this.project),
      tended: [this.#installed, this.#recorder],
      everyMs: tendMs,
      renew,
      fault: (error) => this.fault(error),
    });
  }

  /** Subscribes; the returned function ends it. What a listener throws is a `fault` and hurts no one else. */
  on<E extends keyof HostEvents>(event: E, listener: (...args: HostEvents[E]) => unknown): () => void {
    return this.#events.on(event, listener);
  }

  /** Calls one function. A dry run unless `apply`; SignetErrors only. The input is a value of JSON, `undefined` null. */
  dispatch(kind: Kind, name: string, input: unknown, options: DispatchOptions = {}): Promise<CallResult> {
    return this.#run(() => this.#calls.fromOutside(kind, name, input, options));
  }

  /** Audits the specs of a file (CONTRACTS.md §1): observes, compares, and with `apply` applies what is missing. */
  audit(options: AuditOptions): Promise<AuditReport> {
    const { clock, journal } = this.#state;
    const ports: Parameters<typeof auditSpecs>[1] = {
      clock,
      compile: (draft) => this.#calls.plan(draft, operator()),
      dispatch: (kind, name, input, mode) => this.#calls.forAudit(kind, name, input, mode),
    };
    return this.#run(() => auditSpecs(options, ports, journal));
  }

  /** Unloads everything: isolates end, and what is called next is verified and loaded anew. */
  unload(): void {
    this.#installed.unloadAll();
  }

  /** Verifies and loads every installed bundle that is not loaded; what is refused is an event and stands in the status. */
  async loadAll(): Promise<void> {
    this.requireOpen();
    await this.#installed.loadAll();
  }

  /** Every function that a plain call reaches, with its schemas; verifies everything that is installed. */
  async tools(): Promise<ToolDescription[]> {
    await this.loadAll();
    return describeTools(this.#installed);
  }

  /** What is installed and how it stands; loads nothing. */
  async status(): Promise<HostStatus> {
    this.requireOpen();
    const { journal } = this.#state;
    const { epoch, grants } = this.#grants();
    return {
      schema: 'status/1',
      version: HOST_VERSION,
      directory: this.paths.project,
      pid: process.pid,
      address: this.#address,
      bundles: describeBundles(this.#installed, this.#usesOf, this.quarantine),
      grants: { epoch, count: grants.length },
      journal: {
        records: journal.size,
        unresolved: this.unresolved.list().map(({ intent }) => `${intent.effectId}: ${intent.action}`),
      },
      layers: await this.#supervisor.layers(),
      workers: this.#supervisor.workers,
    };
  }

  /** What the host does by itself every `tendMs`, now: a revocation that a registry has is taken in. What fails is a `fault`. */
  tend(): void {
    if (this.#closing === undefined) this.#tending.round();
  }

  /** Tells of a failure that no call waits for. */
  fault(thrown: unknown): void {
    this.#events.emit('fault', asSignetError(thrown));
  }

  /** Says where this host answers, for commands that look for a live one. */
  publishAddress(address: string): void {
    this.#state.lock.publishAddress(address, this.paths.token);
    this.#address = address;
  }

  /** Takes no more calls, gives those in flight `drainMs` to end, aborts the rest; leaves no process, no open file and no lock. */
  close({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    const { clock, journal } = this.#state;
    this.#tending.stop();
    if (drainMs > 0) await this.#inFlight.settled(drainMs);
    this.#isDrained = true;
    this.#installed.unloadAll();
    await this.#supervisor.close();
    await this.#inFlight.settled();
    this.#recorder.flush();
    try {
      journal.append({ type: 'host.close', at: clock.now() });
      journal.sync();
    } finally {
      this.#state.close();
      this.#events.clear();
    }
  }

  /** Runs one operation of an open host; closing waits for its end. */
  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.requireOpen();
    try {
      return await this.#inFlight.track(work());
    } catch (thrown) {
      throw asSignetError(thrown);
    }
  }

  #refused({ name, version, digest, error }: Refusal): void {
    const { code, message } = error;
    this.#events.emit('refused', { name, version, code, message });
    if (isRevocation(code))
      this.#events.emit('revoked', { name, version, digest, code, message, uses: this.#usesOf(digest) });
  }

  /** E_HOST_CLOSED once `close` was called. */
  requireOpen(): void {
    if (this.#closing !== undefined) throw new SignetError('E_HOST_CLOSED', 'the host is closed');
  }
}

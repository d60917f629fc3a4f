// The host of one project (DESIGN.md §4): opens its state, loads what the lockfile names and verification lets through,
// dispatches by name, and writes down what happened. No server, no database server, no global state.
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { sha256 } from '../keys/hash.ts';
import type { HostStatus, ToolDescription } from '../src/contracts/api.ts';
import type { AuditReport } from '../src/contracts/convergence.ts';
import { EXTENSION, KIND_NAMES, type Kind } from '../src/contracts/manifest.ts';
import type { PlanContext, PlanDraft, Principal } from '../src/contracts/plan.ts';
import { type CallResult, Dispatch } from '../src/dispatch.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import { PlanBook } from '../src/plan.ts';
import type { Clock } from '../src/ports.ts';
import { unresolvedEffects } from '../src/unresolved-effects.ts';
import { type AuditOptions, auditSpecs } from './audit.ts';
import { Broker } from './broker.ts';
import { callInput } from './call-input.ts';
import type { LogLine } from './capabilities/capability.ts';
import { codeCacheIn } from './code-cache.ts';
import { GrantedFiles } from './granted-files.ts';
import { createGrantReader, type GrantSet } from './grants.ts';
import { createHostPolicyReader } from './host-policy.ts';
import { type HostState, openHostState } from './host-state.ts';
import { InFlight } from './in-flight.ts';
import { Installed } from './installed.ts';
import { describeLayers } from './layers.ts';
import { operator } from './operator.ts';
import { ownCode, type ProjectPaths, protectedPaths } from './paths.ts';
import { plainWithin } from './plain-text.ts';
import { Supervisor } from './supervisor.ts';
import { trustDomain } from './trust-domain.ts';
import { HOST_VERSION } from './version.ts';

export interface HostOptions {
  /** The project folder. */
  readonly directory: string;
  readonly clock?: Clock;
}

export interface DispatchOptions {
  /** Compiles a one-step plan, so that granted effects may mutate. Without it the call is a dry run. */
  readonly apply?: boolean;
  readonly tenant?: string;
  readonly principal?: Principal;
  readonly signal?: AbortSignal;
}

/** What a host tells about itself; `on` subscribes. */
export interface HostEvents {
  log: [line: LogLine];
  refused: [refusal: { name: string; version: string; code: string; message: string }];
  lost: [worker: { domain: string; reason: string }];
  fault: [error: SignetError];
}

/** A dry run, or a call for one step of a plan. */
interface CallMode {
  readonly dryRun: boolean;
  readonly plan?: PlanContext;
}

/** The words that are kinds: an embedder in plain JavaScript may pass any. */
const KINDS: ReadonlySet<string> = new Set(KIND_NAMES);

export class Host {
  readonly paths: ProjectPaths;
  readonly #state: HostState;
  readonly #grants: () => GrantSet;
  readonly #plans: PlanBook;
  readonly #dispatch = new Dispatch();
  readonly #supervisor: Supervisor;
  readonly #installed: Installed;
  readonly #events = new EventEmitter<HostEvents>();
  readonly #session = randomBytes(6).toString('hex');
  /** Effects of earlier hosts whose outcome is not known: read once, before this host has effects of its own. */
  readonly #unresolved: readonly string[];
  readonly #inFlight = new InFlight();
  #calls = 0;
  #address: string | null = null;
  #closing: Promise<void> | undefined;

  /** Opens the project's state. E_HOST_BUSY where another host owns it, E_NOT_FOUND without a project folder, E_IO. */
  static async open({ directory, clock = { now: () => Date.now() } }: HostOptions): Promise<Host> {
    const state = openHostState(directory, clock);
    try {
      return new Host(state);
    } catch (error) {
      state.close();
      throw error;
    }
  }

  private constructor(state: HostState) {
    const { paths, clock, journal, kv } = state;
    this.paths = paths;
    this.#state = state;
    this.#unresolved = unresolvedEffects(journal.records()).map(
      ({ intent }) => `${intent.effectId}: ${intent.action}`,
    );
    this.#grants = createGrantReader(paths.grants);
    this.#plans = new PlanBook({ sha256, clock, journal });
    const policy = createHostPolicyReader(paths.policy);
    this.#supervisor = new Supervisor({
      perDomain: () => policy().pool,
      codeCache: codeCacheIn(paths.cache),
      onWorkerLost: ({ domain, reason }) => {
        try {
          const said = { domain: plainWithin(domain, 256), reason: plainWithin(reason, 1_024) };
          journal.append({ type: 'worker.lost', at: clock.now(), ...said });
        } catch (thrown) {
          // No call waits for this record; thrown from here it would end the process that embeds the host.
          this.#events.emit('fault', asSignetError(thrown));
        }
        this.#events.emit('lost', { domain, reason });
      },
    });
    const broker = new Broker({
      clock,
      journal,
      grants: this.#grants,
      authorize: (context, call) => this.#plans.authorize(context, call),
      fault: (error) => this.#events.emit('fault', error),
      services: {
        kv,
        files: new GrantedFiles({
          protectedPaths: protectedPaths(paths),
          builtInRoot: paths.example,
          readOnlyPaths: ownCode(),
        }),
        log: (line) => this.#events.emit('log', line),
      },
    });
    this.#installed = new Installed({
      paths,
      clock,
      journal,
      dispatch: this.#dispatch,
      services: {
        supervisor: this.#supervisor,
        domainOf: (name) => trustDomain(policy(), name),
        broker,
        journal,
        clock,
        nextCallId: () => `call-${this.#session}-${++this.#calls}`,
        inFlight: this.#inFlight,
      },
      refused: (refusal) => this.#events.emit('refused', refusal),
    });
    const engine = { node: process.versions.node, v8: process.versions.v8, signet: HOST_VERSION };
    journal.append({ type: 'host.open', at: clock.now(), engine });
  }

  on<E extends keyof HostEvents>(event: E, listener: (...args: HostEvents[E]) => void): () => void {
    this.#events.on(event, listener as never);
    return () => void this.#events.off(event, listener as never);
  }

  /** Calls one function. A dry run unless `apply`; SignetErrors only. The input is a value of JSON, `undefined` null. */
  dispatch(kind: Kind, name: string, input: unknown, options: DispatchOptions = {}): Promise<CallResult> {
    return this.#run(async () => {
      if (!KINDS.has(kind))
        throw new SignetError('E_FUNCTION_UNKNOWN', `there is no kind ${kind}`, { item: `${kind}/${name}` });
      const given = callInput(input, `${kind}/${name}`);
      if (options.apply !== true) return this.#call(kind, name, given, { dryRun: true }, options);
      const draft = { steps: [{ kind, name, input: given }] };
      const plan = await this.#compile(draft, options.principal ?? operator());
      return this.#call(kind, name, given, { dryRun: false, plan }, options);
    });
  }

  /** Audits the specs of a file (CONTRACTS.md §1): observes, compares, and with `apply` applies what is missing. */
  audit(options: AuditOptions): Promise<AuditReport> {
    const { clock, journal } = this.#state;
    const ports = {
      clock,
      compile: (draft: PlanDraft) => this.#compile(draft, operator()),
      dispatch: (kind: Kind, name: string, input: unknown, mode: CallMode) =>
        this.#call(kind, name, input, mode, {}),
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

  /** Every function that can be called now, with its schemas. */
  async tools(): Promise<ToolDescription[]> {
    await this.loadAll();
    return this.#installed.loaded().flatMap(({ ref, manifest }) =>
      manifest.extensions[EXTENSION].provides
        .filter(({ kind, name }) => this.#dispatch.find(kind, name)?.bundle.digest === ref.digest)
        .map(({ kind, name, description, input, output }) => ({
          kind,
          name,
          description,
          bundle: ref.name,
          version: ref.version,
          input,
          output,
        })),
    );
  }

  async status(): Promise<HostStatus> {
    await this.loadAll();
    const { journal } = this.#state;
    const { epoch, grants } = this.#grants();
    return {
      schema: 'status/1',
      version: HOST_VERSION,
      directory: this.paths.project,
      pid: process.pid,
      address: this.#address,
      bundles: this.#installed.describe(),
      grants: { epoch, count: grants.length },
      journal: {
        records: journal.size,
        unresolved: [...this.#unresolved],
      },
      layers: describeLayers(),
      workers: this.#supervisor.workers,
    };
  }

  /** Says where this host answers, for commands that look for a live one. */
  publishAddress(address: string): void {
    this.#state.lock.publishAddress(address, this.paths.token);
    this.#address = address;
  }

  /** Ends every worker, closes every file, gives the lock up. Calls in flight fail. Again: the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock, journal } = this.#state;
    this.#installed.unloadAll();
    await this.#supervisor.close();
    await this.#inFlight.settled();
    try {
      journal.append({ type: 'host.close', at: clock.now() }, { durable: true });
    } finally {
      this.#state.close();
      this.#events.removeAllListeners();
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

  async #call(
    kind: Kind,
    name: string,
    input: unknown,
    mode: CallMode,
    { tenant = 'default', principal = operator(), signal }: DispatchOptions,
  ): Promise<CallResult> {
    // An audit that is under way asks for its next step here.
    this.requireOpen();
    this.#installed.refresh();
    const options = { tenant, principal, ...mode, ...(signal === undefined ? {} : { signal }) };
    return this.#dispatch.call(kind, name, input, options, (wanted, fn) =>
      this.#installed.activate(wanted, fn),
    );
  }

  /** A plan of one step, compiled against what is installed and granted now. */
  async #compile(draft: PlanDraft, principal: Principal): Promise<PlanContext> {
    this.requireOpen();
    this.#installed.refresh();
    for (const { kind, name } of draft.steps) await this.#installed.activate(kind, name);
    const catalog = {
      lookup: (kind: Kind, name: string) => {
        const provider = this.#dispatch.find(kind, name);
        return provider === undefined ? undefined : { digest: provider.bundle.digest, input: provider.input };
      },
    };
    const plan = this.#plans.compile(draft, catalog, principal, this.#grants().epoch);
    const [step] = plan.steps;
    if (step === undefined || plan.steps.length > 1)
      throw new SignetError('E_PLAN', 'a plan of exactly one step is expected here');
    return this.#plans.contextFor(plan, step);
  }

  /** E_HOST_CLOSED once `close` was called. */
  requireOpen(): void {
    if (this.#closing !== undefined) throw new SignetError('E_HOST_CLOSED', 'the host is closed');
  }
}

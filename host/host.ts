// The host of one project (DESIGN.md §4): opens its state, loads what the lockfile names and verification lets through,
// dispatches by name, and writes down what happened. No server, no database server, no global state.
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../keys/hash.ts';
import { configDirectory } from '../keys/keyring.ts';
import type { HostStatus, ToolDescription } from '../src/contracts/api.ts';
import type { AuditReport } from '../src/contracts/convergence.ts';
import { EXTENSION, type Kind } from '../src/contracts/manifest.ts';
import type { PlanContext, PlanDraft, Principal } from '../src/contracts/plan.ts';
import { type CallResult, Dispatch } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import { Journal } from '../src/journal.ts';
import { PlanBook } from '../src/plan.ts';
import type { Clock } from '../src/ports.ts';
import { unresolvedEffects } from '../src/unresolved-effects.ts';
import { type AuditOptions, auditSpecs } from './audit.ts';
import { Broker } from './broker.ts';
import type { LogLine } from './capabilities/capability.ts';
import { codeCacheIn } from './code-cache.ts';
import { GrantedFiles } from './granted-files.ts';
import { createGrantReader, type GrantSet } from './grants.ts';
import { Installed } from './installed.ts';
import { openJournalFile } from './journal-file.ts';
import { KeyValueStore } from './kv.ts';
import { describeLayers } from './layers.ts';
import { type ProjectPaths, projectPaths } from './paths.ts';
import { acquireLock, type StateLock } from './state-lock.ts';
import { Supervisor } from './supervisor.ts';
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

/** The parts of an open host; whatever fails to open closes what is open already. */
interface Parts {
  readonly paths: ProjectPaths;
  readonly lock: StateLock;
  readonly clock: Clock;
  readonly journalFile: ReturnType<typeof openJournalFile>;
  readonly journal: Journal;
  readonly kv: KeyValueStore;
}

export class Host {
  readonly paths: ProjectPaths;
  readonly #parts: Parts;
  readonly #grants: () => GrantSet;
  readonly #plans: PlanBook;
  readonly #dispatch = new Dispatch();
  readonly #supervisor: Supervisor;
  readonly #installed: Installed;
  readonly #events = new EventEmitter<HostEvents>();
  readonly #session = randomBytes(6).toString('hex');
  /** Effects of earlier hosts whose outcome is not known: read once, before this host has effects of its own. */
  readonly #unresolved: readonly string[];
  #calls = 0;
  #address: string | null = null;
  #closing: Promise<void> | undefined;

  /** Opens the project's state. E_HOST_BUSY where another host owns it. */
  static async open({ directory, clock = { now: () => Date.now() } }: HostOptions): Promise<Host> {
    const paths = projectPaths(directory);
    mkdirSync(paths.state, { recursive: true, mode: 0o700 });
    const lock = acquireLock(paths.lock, clock);
    let journalFile: Parts['journalFile'] | undefined;
    let kv: KeyValueStore | undefined;
    try {
      journalFile = openJournalFile(join(paths.journal, 'records'));
      const journal = new Journal({ file: journalFile, sha256, origin: 'signet.host/journal' });
      kv = new KeyValueStore(paths.database);
      return new Host({ paths, lock, clock, journalFile, journal, kv });
    } catch (error) {
      kv?.close();
      journalFile?.close();
      lock.release();
      throw error;
    }
  }

  private constructor(parts: Parts) {
    const { paths, clock, journal, kv } = parts;
    this.paths = paths;
    this.#parts = parts;
    this.#unresolved = unresolvedEffects(journal.records()).map(
      ({ intent }) => `${intent.effectId}: ${intent.action}`,
    );
    this.#grants = createGrantReader(paths.grants);
    this.#plans = new PlanBook({ sha256, clock, journal });
    this.#supervisor = new Supervisor({
      codeCache: codeCacheIn(paths.cache),
      onWorkerLost: ({ domain, reason }) => {
        journal.append({ type: 'worker.lost', at: clock.now(), domain, reason });
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
          protectedPaths: [paths.state, paths.policy, paths.grants, paths.lockfile, configDirectory()],
          builtInRoot: paths.example,
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
        broker,
        journal,
        clock,
        nextCallId: () => `call-${this.#session}-${++this.#calls}`,
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

  /** Calls one function. A dry run unless `apply`; SignetErrors only. */
  async dispatch(
    kind: Kind,
    name: string,
    input: unknown,
    options: DispatchOptions = {},
  ): Promise<CallResult> {
    this.#requireOpen();
    if (options.apply !== true) return this.#call(kind, name, input, { dryRun: true }, options);
    const plan = await this.#compile({ steps: [{ kind, name, input }] }, options.principal ?? operator());
    return this.#call(kind, name, input, { dryRun: false, plan }, options);
  }

  /** Audits the specs of a file (CONTRACTS.md §1): observes, compares, and with `apply` applies what is missing. */
  audit(options: AuditOptions): Promise<AuditReport> {
    this.#requireOpen();
    const { clock, journal } = this.#parts;
    const ports = {
      clock,
      compile: (draft: PlanDraft) => this.#compile(draft, operator()),
      dispatch: (kind: Kind, name: string, input: unknown, mode: CallMode) =>
        this.#call(kind, name, input, mode, {}),
    };
    return auditSpecs(options, ports, journal);
  }

  /** Unloads everything: isolates end, and what is called next is verified and loaded anew. */
  unload(): void {
    this.#installed.unloadAll();
  }

  /** Verifies and loads every installed bundle that is not loaded; what is refused is an event and stands in the status. */
  async loadAll(): Promise<void> {
    this.#requireOpen();
    await this.#installed.loadAll();
  }

  /** Every function that can be called now, with its schemas. */
  async tools(): Promise<ToolDescription[]> {
    await this.loadAll();
    return this.#installed.loaded().flatMap(({ ref, manifest }) =>
      manifest.extensions[EXTENSION].provides.map(({ kind, name, description, input, output }) => ({
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
    const { journal } = this.#parts;
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
      workers: this.#supervisor.pids.length,
    };
  }

  /** Says where this host answers, for commands that look for a live one. */
  publishAddress(address: string): void {
    this.#parts.lock.publishAddress(address, this.paths.token);
    this.#address = address;
  }

  /** Ends every worker, closes every file, gives the lock up. Calls in flight fail. Again: the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock, journal, journalFile, kv, lock } = this.#parts;
    this.#installed.unloadAll();
    await this.#supervisor.close();
    try {
      journal.append({ type: 'host.close', at: clock.now() }, { durable: true });
    } finally {
      kv.close();
      journalFile.close();
      lock.release();
      this.#events.removeAllListeners();
    }
  }

  #call(
    kind: Kind,
    name: string,
    input: unknown,
    mode: CallMode,
    { tenant = 'default', principal = operator(), signal }: DispatchOptions,
  ): Promise<CallResult> {
    this.#installed.refresh();
    const options = { tenant, principal, ...mode, ...(signal === undefined ? {} : { signal }) };
    return this.#dispatch.call(kind, name, input, options, (wanted, fn) =>
      this.#installed.activate(wanted, fn),
    );
  }

  /** A plan of one step, compiled against what is installed and granted now. */
  async #compile(draft: PlanDraft, principal: Principal): Promise<PlanContext> {
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

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new SignetError('E_HOST_CLOSED', 'the host is closed');
  }
}

/** The person or service whose process this is. */
let person: Principal | undefined;
function operator(): Principal {
  person ??= { kind: 'human', id: userInfo().username };
  return person;
}

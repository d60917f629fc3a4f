// A broker as the host wires it: real journal, plan book, store and files in a temporary folder; an injected clock.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resolve } from '../../host/addresses.ts';
import { Broker, type EffectAnswer } from '../../host/broker.ts';
import type { CallContext, Invoke, LogLine } from '../../host/capabilities/capability.ts';
import { GrantedFiles } from '../../host/granted-files.ts';
import { GrantSet } from '../../host/grants.ts';
import { openJournalStore } from '../../host/journal-store.ts';
import { KeyValueStore } from '../../host/kv.ts';
import { mockModel } from '../../host/mock-model.ts';
import { Models } from '../../host/model.ts';
import { ProgramSandbox } from '../../host/program-sandbox.ts';
import { sha256 } from '../../keys/hash.ts';
import type { Secret } from '../../keys/secret-store.ts';
import { Budget } from '../../src/budget.ts';
import { Grant } from '../../src/contracts/config.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import type { Kind } from '../../src/contracts/manifest.ts';
import type { PlanContext } from '../../src/contracts/plan.ts';
import { digestOf } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import { Journal } from '../../src/journal.ts';
import { PlanBook } from '../../src/plan.ts';
import type { DurableJournalSink, JournalSink } from '../../src/ports.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');
export const DIGEST = digestOf(sha256, 'bundle');
const INPUT_HASH = digestOf(sha256, 'null');

/** An own, empty folder by its real path; the caller removes it. */
export function temporaryFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'signet-')));
}

export interface Fixture {
  readonly folder: string;
  readonly broker: Broker;
  readonly lines: LogLine[];
  readonly faults: SignetError[];
  now: number;
  grants: GrantSet;
  /** Answers what is invoked: with what was wanted. */
  invoke: Invoke;
  /** Replaces the journal's append; for a journal that fails. */
  append: JournalSink['append'] | undefined;
  /** Replaces the journal's commit; for a disk that fails. */
  commit: DurableJournalSink['commit'] | undefined;
  /** Where names of hosts lead; nowhere at first. */
  resolve: Resolve;
  readonly secrets: Map<string, Secret>;
  records(): JournalEntry[];
  call(overrides?: Partial<CallContext>): CallContext;
  /** The context of a one-step plan for a call as `call()` makes it. */
  plan(kind: Kind, name: string): PlanContext;
  perform(call: CallContext, capability: string, args: unknown): Promise<EffectAnswer>;
  close(): void;
}

/** Grants in the short form: `bundle`, `reason` and `by` may be left out. */
export function grantsOf(...drafts: Record<string, unknown>[]): GrantSet {
  const grants = drafts.map((draft) =>
    Grant.parse({ bundle: 'acme/tool', reason: 'a test', by: 'ann', ...draft }),
  );
  return new GrantSet(grants, digestOf(sha256, JSON.stringify(grants)));
}

export function createFixture(grants: GrantSet = grantsOf()): Fixture {
  const folder = temporaryFolder();
  const state = join(folder, '.signet');
  mkdirSync(join(state, 'example'), { recursive: true });
  const journal = new Journal({ store: openJournalStore(join(state, 'journal')), sha256 });
  const sink: DurableJournalSink = {
    append: (record, options) => (fixture.append ?? journal.append.bind(journal))(record, options),
    commit: () => (fixture.commit ?? journal.commit.bind(journal))(),
  };
  const clock = { now: () => fixture.now };
  const book = new PlanBook({ sha256, clock, journal: sink });
  const kv = new KeyValueStore(join(state, 'state.db'));
  const lines: LogLine[] = [];
  const faults: SignetError[] = [];
  const protectedPaths = [
    state,
    ...['policy.yaml', 'grants.yaml', 'signet.lock.json'].map((name) => join(folder, name)),
  ];
  const broker = new Broker({
    clock,
    journal: sink,
    grants: () => fixture.grants,
    authorize: (context, call) => book.authorize(context, call),
    services: {
      kv,
      files: new GrantedFiles({ protectedPaths, builtInRoot: join(state, 'example') }),
      invoke: (caller, wanted) => fixture.invoke(caller, wanted),
      models: new Models(mockModel, kv),
      sandbox: new ProgramSandbox({ path: process.env['PATH'] ?? '', hidden: protectedPaths }),
      log: (line) => lines.push(line),
      resolve: (host) => fixture.resolve(host),
      secrets: {
        open: async (name) => {
          const secret = fixture.secrets.get(name);
          if (secret === undefined) throw new SignetError('E_SECRET', `there is no secret ${name}`);
          return secret;
        },
        known: async (name) => fixture.secrets.get(name),
      },
    },
    fault: (error) => faults.push(error),
  });
  let effects = 0;
  const fixture: Fixture = {
    folder,
    broker,
    lines,
    faults,
    now: NOW,
    grants,
    append: undefined,
    commit: undefined,
    invoke: async (_, wanted) => ({ ...wanted }),
    resolve: async () => [],
    secrets: new Map(),
    records: () => [...journal.records()].map(({ record }) => record),
    call: (overrides = {}) => ({
      callId: 'call-1',
      bundle: { name: 'acme/tool', version: '1.0.0', digest: DIGEST },
      kind: 'skill',
      fn: 'skill/work',
      tenant: 'default',
      principal: { kind: 'human', id: 'ann' },
      dryRun: false,
      inputHash: INPUT_HASH,
      requests: [
        { id: 'clock' },
        { id: 'random' },
        { id: 'log' },
        { id: 'kv', access: 'write' },
        { id: 'fs.read', paths: 'granted' },
        { id: 'fs.write', paths: 'granted' },
        { id: 'exec', commands: 'granted' },
        { id: 'invoke', functions: ['skill/other', 'skill/work'] },
        { id: 'model', roles: ['planner', 'critic'] },
      ],
      depth: 0,
      budget: new Budget(1_000),
      deadlineMs: NOW + 30_000,
      signal: new AbortController().signal,
      ...overrides,
    }),
    plan: (kind, name) => {
      const catalog = {
        lookup: () => ({ digest: DIGEST, input: (value: unknown) => ({ ok: true as const, value }) }),
      };
      const draft = { steps: [{ kind, name, input: null }] };
      const plan = book.compile(draft, catalog, { kind: 'human', id: 'ann' }, fixture.grants.epoch);
      return book.contextFor(plan, plan.steps[0]!);
    },
    perform: (call, capability, args) =>
      broker.perform(call, { id: `${call.callId}.${++effects}`, capability, args: JSON.stringify(args) }),
    close: () => {
      kv.close();
      journal.close();
      rmSync(folder, { recursive: true });
    },
  };
  return fixture;
}

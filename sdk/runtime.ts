// What agent runtimes embed as `signet-host/runtime` (DESIGN.md §4): one project's host in this process. No server, no database
// server, no global state; two hosts of two projects live side by side; `close()` leaves no process behind.
import { resolve } from 'node:path';
import type { z } from 'zod';
import type { AuditOptions } from '../host/audit.ts';
import type { DispatchOptions } from '../host/calls.ts';
import type { HostEvents } from '../host/events.ts';
import { Host } from '../host/host.ts';
import { projectPaths } from '../host/paths.ts';
import { type GivenRoot, givenTrust } from '../registry/given-root.ts';
import { type InstallOptions, type InstallResult, install } from '../registry/install.ts';
import type { TrustState } from '../registry/trust.ts';
import { verifyRelease } from '../registry/verify.ts';
import type { HostStatus } from '../src/contracts/api.ts';
import type { Policy } from '../src/contracts/config.ts';
import type { AuditReport, ConvergenceResult } from '../src/contracts/convergence.ts';
import type { Kind } from '../src/contracts/manifest.ts';
import type { Check, SubjectVerdict } from '../src/contracts/verdict.ts';
import type { CallResult } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import type { KindInput, KindOutput } from '../src/kinds/index.ts';
import type { Development } from './development.ts';
import { prepareProject } from './project.ts';
import { renewLocal } from './release.ts';
import { type Tool, toTool } from './tools.ts';

export type {
  AuditOptions,
  AuditReport,
  CallResult,
  Check,
  ConvergenceResult,
  DispatchOptions,
  GivenRoot,
  HostEvents,
  HostStatus,
  InstallOptions,
  InstallResult,
  Kind,
  KindInput,
  KindOutput,
  SubjectVerdict,
  Tool,
  TrustState,
};
export { givenTrust, SignetError, verifyRelease };

export interface OpenHostOptions {
  /** The project folder: policy.yaml, grants.yaml, signet.lock.json and `.signet/` are in it. */
  readonly directory: string;
  /** In the place of policy.yaml: the path of another file, or what such a file would say. As strict as the file: E_CONFIG. */
  readonly policy?: string | PolicyInput;
  /**
   * With `true`, prepares the folder as `signet up` does: makes what is missing, with a local registry, and installs the
   * first-party bundles. Otherwise nothing is made but the state directory.
   */
  readonly prepare?: boolean;
  /** Source folders of bundles in development: built, signed, installed as `local/…`, and again whenever a file changes. */
  readonly dev?: readonly string[];
  /**
   * Digests of bundles whose isolates are made inside of this process, which is faster by the way to another one. They hold no more
   * authority than in a worker, but share its fate: one that hangs or bloats what an isolate's own limits do not stop, does so to
   * you. For bundles that you wrote or read. The process must have been started with `--no-node-snapshot`: E_INLINE.
   */
  readonly inline?: readonly string[];
  /** Milliseconds between two looks at the registries: a revocation reaches the host within them. By default 10 000. */
  readonly tendMs?: number;
}

/** What policy.yaml may say. */
export type PolicyInput = z.input<typeof Policy>;

/** The kinds whose input and output are fixed. */
type FixedKind = { [K in Kind]: unknown extends KindInput<K> ? never : K }[Kind];

export interface EmbeddedHost extends AsyncDisposable {
  /**
   * Verifies a release and installs it; a verdict that is not ok installs nothing and is returned. `beside` keeps the versions
   * that are there. What runs goes over to it: calls in flight end where they are.
   */
  install(name: string, range?: string, options?: InstallOptions): InstallResult;
  /** Verifies and loads everything that is installed; what is refused is an event and stands in the status. */
  load(): Promise<void>;
  /**
   * Calls one function; a dry run unless `apply`. Throws SignetError. The kind fixes the types of input and output, or you say
   * them: `dispatch<Input, Output>('skill', …)`; the host checks both against the schemas of the function in any case.
   */
  dispatch<K extends Kind>(
    kind: K,
    name: string,
    input: KindInput<K>,
    options?: DispatchOptions,
  ): Promise<CallResult<KindOutput<K>>>;
  dispatch<Input, Output>(
    kind: Exclude<Kind, FixedKind>,
    name: string,
    input: Input,
    options?: DispatchOptions,
  ): Promise<CallResult<Output>>;
  /** Every function that can be called, as a tool of an agent. Verifies everything that is installed. */
  tools(): Promise<Tool[]>;
  audit(options: AuditOptions): Promise<AuditReport>;
  /** One spec of a file: the seed's `verify_convergence`. An unknown id is a result whose `error` says so. */
  verifyConvergence(specId: string, options: Omit<AuditOptions, 'ids'>): Promise<ConvergenceResult>;
  /** What is installed, granted, journalled, and which layers of isolation are on. Loads nothing. */
  status(): Promise<HostStatus>;
  /** Subscribes; the returned function ends it. A listener that throws is a `fault` and hurts no one else. */
  on<E extends keyof HostEvents>(event: E, listener: (...args: HostEvents[E]) => unknown): () => void;
  /** Ends every worker and gives the state directory up; calls in flight fail. Also by `await using`. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Opens the host of a project. E_HOST_BUSY where a host has it open already, in this process or another.
 *
 * It leaves the process to you: no signal handler, no handler of uncaught errors, nothing on stdout or stderr, no change of the
 * working directory, no special flag of Node. While a call runs, the process stays; an idle host does not keep it. However the
 * process ends, the workers end with it.
 */
export async function openHost(options: OpenHostOptions): Promise<EmbeddedHost> {
  const { directory, policy, prepare = false, dev = [], tendMs, inline } = options;
  if (prepare) {
    const { bringFirstParty } = await import('./first-party-release.ts');
    await bringFirstParty(prepareProject(directory, Date.now()).paths, () => undefined);
  }
  const host = await Host.open({
    directory,
    ...(policy === undefined ? {} : { policy }),
    ...(tendMs === undefined ? {} : { tendMs }),
    ...(inline === undefined ? {} : { inline }),
    ...(prepare ? { renew: () => renewLocal(projectPaths(directory)) } : {}),
  });
  const development = dev.length === 0 ? undefined : await developIn(host, dev);
  const audit = async (asked: AuditOptions): Promise<AuditReport> =>
    host.audit({
      ...asked,
      specs: resolve(asked.specs),
      ...(asked.root === undefined ? {} : { root: resolve(asked.root) }),
    });
  const dispatch = (kind: Kind, name: string, input: unknown, how?: DispatchOptions): Promise<CallResult> =>
    host.dispatch(kind, name, input, how);
  const close = async (options: { readonly drainMs?: number } = {}): Promise<void> => {
    await development?.close();
    await host.close(options);
  };
  return {
    install: (name, range = '*', how = {}) => {
      host.requireOpen();
      return install(host.project, name, range, how);
    },
    load: () => host.loadAll(),
    dispatch: dispatch as EmbeddedHost['dispatch'],
    tools: async () => (await host.tools()).map((described) => toTool(described, dispatch)),
    audit,
    verifyConvergence: async (specId, asked) => {
      const [result] = (await audit({ ...asked, ids: [specId] })).results;
      if (result === undefined) throw new SignetError('E_INTERNAL', `the audit gave no result for ${specId}`);
      return result;
    },
    status: () => host.status(),
    on: (event, listener) => host.on(event, listener),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

/** Whoever develops nothing loads no bundler. */
async function developIn(host: Host, folders: readonly string[]): Promise<Development> {
  try {
    const { openDevelopment } = await import('./development.ts');
    return await openDevelopment(host, folders);
  } catch (thrown) {
    await host.close();
    throw thrown;
  }
}

// What agent runtimes embed as `signet-host/runtime` (DESIGN.md §4): one project's host in this process. No server, no database
// server, no global state; two hosts of two projects live side by side; `close()` leaves no process behind.
import { resolve } from 'node:path';
import type { AuditOptions } from '../host/audit.ts';
import type { DispatchOptions } from '../host/calls.ts';
import type { HostEvents } from '../host/events.ts';
import { Host } from '../host/host.ts';
import { type GivenRoot, givenTrust } from '../registry/given-root.ts';
import { type InstallResult, install } from '../registry/install.ts';
import type { TrustState } from '../registry/trust.ts';
import { verifyRelease } from '../registry/verify.ts';
import type { HostStatus, ToolDescription } from '../src/contracts/api.ts';
import type { AuditReport, ConvergenceResult } from '../src/contracts/convergence.ts';
import type { Kind } from '../src/contracts/manifest.ts';
import type { Check, SubjectVerdict } from '../src/contracts/verdict.ts';
import type { CallResult } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import { bringFirstParty } from './first-party-release.ts';
import { openProject } from './open-project.ts';
import { prepareProject } from './project.ts';

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
  InstallResult,
  Kind,
  SubjectVerdict,
  ToolDescription,
  TrustState,
};
export { givenTrust, SignetError, verifyRelease };

export interface OpenHostOptions {
  /** The project folder: policy.yaml, grants.yaml, signet.lock.json and `.signet/` are in it. */
  readonly directory: string;
  /**
   * With `true`, prepares the folder as `signet up` does: makes what is missing, with a local registry, and installs the
   * first-party bundles. Otherwise nothing is made but the state directory.
   */
  readonly prepare?: boolean;
}

export interface EmbeddedHost {
  /** Verifies a release and installs it; a verdict that is not ok installs nothing and is returned. */
  install(name: string, range?: string, options?: { accept?: boolean }): InstallResult;
  /** Verifies and loads everything that is installed; what is refused is an event and stands in the status. */
  load(): Promise<void>;
  /** Calls one function; a dry run unless `apply`. Throws SignetError. */
  dispatch(kind: Kind, name: string, input: unknown, options?: DispatchOptions): Promise<CallResult>;
  /** Every function that can be called, with JSON Schemas. */
  tools(): Promise<ToolDescription[]>;
  audit(options: AuditOptions): Promise<AuditReport>;
  /** One spec of a file: the seed's `verify_convergence`. An unknown id is a result whose `error` says so. */
  verifyConvergence(specId: string, options: Omit<AuditOptions, 'ids'>): Promise<ConvergenceResult>;
  status(): Promise<HostStatus>;
  /** Subscribes; the returned function ends it. */
  on<E extends keyof HostEvents>(event: E, listener: (...args: HostEvents[E]) => void): () => void;
  /** Ends every worker and gives the state directory up. */
  close(): Promise<void>;
}

/** Opens the host of a project. E_HOST_BUSY where another process owns its state directory. */
export async function openHost({ directory, prepare = false }: OpenHostOptions): Promise<EmbeddedHost> {
  if (prepare) await bringFirstParty(prepareProject(directory, Date.now()).paths, () => undefined);
  const host = await Host.open({ directory });
  const audit = async (options: AuditOptions): Promise<AuditReport> =>
    host.audit({
      ...options,
      specs: resolve(options.specs),
      ...(options.root === undefined ? {} : { root: resolve(options.root) }),
    });
  return {
    install: (name, range = '*', options = {}) => {
      host.requireOpen();
      return install(openProject(host.paths), name, range, options);
    },
    load: () => host.loadAll(),
    dispatch: (kind, name, input, options) => host.dispatch(kind, name, input, options),
    tools: () => host.tools(),
    audit,
    verifyConvergence: async (specId, options) => {
      const [result] = (await audit({ ...options, ids: [specId] })).results;
      if (result === undefined) throw new SignetError('E_INTERNAL', `the audit gave no result for ${specId}`);
      return result;
    },
    status: () => host.status(),
    on: (event, listener) => host.on(event, listener),
    close: () => host.close(),
  };
}

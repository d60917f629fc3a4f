// Calls by name (DESIGN.md §4 "No mutation without a plan", "Versions"): from the embedder, from an audit and from other bundles,
// each to the version that the lockfile, a range or the caller's `requires` names; dry, or for a plan that was compiled for exactly
// that version.
import { EXTENSION, KIND_NAMES, type Kind } from '../src/contracts/manifest.ts';
import type { PlanContext, PlanDraft, Principal } from '../src/contracts/plan.ts';
import { type CallOptions, type CallResult, dispatch, type Provider } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import type { PlanBook } from '../src/plan.ts';
import { callInput } from './call-input.ts';
import type { Invoke } from './capabilities/capability.ts';
import type { GrantSet } from './grants.ts';
import type { Installed } from './installed.ts';
import { operator } from './operator.ts';

export interface DispatchOptions {
  /** Compiles a one-step plan, so that granted effects may mutate. Without it the call is a dry run. */
  readonly apply?: boolean;
  /** A range that chooses among the installed versions of the bundle; without it, the highest release answers. */
  readonly version?: string;
  readonly tenant?: string;
  readonly principal?: Principal;
  readonly signal?: AbortSignal;
}

export interface CallsOptions {
  readonly plans: PlanBook;
  readonly installed: Installed;
  readonly grants: () => GrantSet;
  /** Throws where the host no longer takes calls. */
  readonly requireOpen: () => void;
}

/** A dry run, or a call for one step of a plan. */
interface CallMode {
  readonly dryRun: boolean;
  readonly plan?: PlanContext;
}

/** The words that are kinds: an embedder in plain JavaScript may pass any. */
const KINDS: ReadonlySet<string> = new Set(KIND_NAMES);

export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** A call from outside. The input is a value of JSON, `undefined` null; E_FUNCTION_UNKNOWN for a kind that is none. */
  async fromOutside(kind: Kind, name: string, input: unknown, options: DispatchOptions): Promise<CallResult> {
    const { installed } = this.#options;
    if (!KINDS.has(kind))
      throw new SignetError('E_FUNCTION_UNKNOWN', `there is no kind ${kind}`, { item: `${kind}/${name}` });
    const given = callInput(input, `${kind}/${name}`);
    const { apply = false, version, tenant = 'default', principal = operator(), signal } = options;
    const find = (): Provider => installed.find(kind, name, version);
    const rest = { tenant, principal, ...(signal === undefined ? {} : { signal }) };
    return this.#call(kind, name, given, find, rest, apply);
  }

  /**
   * The call that a bundle asks for: of the version that its `requires` names, dry where the caller is, in the caller's tenant,
   * ended with the caller. What it may change is granted to the bundle that is called, and planned as every mutation is.
   */
  readonly fromBundle: Invoke = async (caller, kind, name, input) => {
    const { installed, requireOpen } = this.#options;
    requireOpen();
    const manifest = installed.manifestOf(caller.bundle.digest);
    const requires = new Map(Object.entries(manifest?.extensions[EXTENSION].requires ?? {}));
    const principal = caller.plan?.principal ?? operator();
    const options = { tenant: caller.tenant, principal, signal: caller.signal, caller };
    const find = (): Provider => installed.find(kind, name, requires.get(`${kind}/${name}`));
    const { output } = await this.#call(kind, name, input, find, options, !caller.dryRun);
    return output;
  };

  /** One step of an audit, for the plan that was compiled for it. */
  async forAudit(kind: Kind, name: string, input: unknown, mode: CallMode): Promise<CallResult> {
    const { installed, requireOpen } = this.#options;
    // The host may have been closed since the last step.
    requireOpen();
    const options = { tenant: 'default', principal: operator(), ...mode };
    return dispatch(kind, name, input, options, () => installed.find(kind, name));
  }

  /** A plan of one step, compiled against what is installed and granted now, or against what `find` gives. */
  async plan(draft: PlanDraft, principal: Principal): Promise<PlanContext> {
    return this.#compile(draft, principal, (kind, name) => this.#options.installed.find(kind, name));
  }

  async #call(
    kind: Kind,
    name: string,
    input: unknown,
    find: () => Provider,
    options: Omit<CallOptions, 'dryRun' | 'plan'>,
    apply: boolean,
  ): Promise<CallResult> {
    if (!apply) return dispatch(kind, name, input, { ...options, dryRun: true }, find);
    // What is called is what was planned, whatever is installed meanwhile.
    const provider = find();
    const plan = this.#compile({ steps: [{ kind, name, input }] }, options.principal, () => provider);
    return dispatch(kind, name, input, { ...options, dryRun: false, plan }, () => provider);
  }

  #compile(
    draft: PlanDraft,
    principal: Principal,
    find: (kind: Kind, name: string) => Provider,
  ): PlanContext {
    const { plans, grants, requireOpen } = this.#options;
    requireOpen();
    const lookup = (kind: Kind, name: string) => {
      const { bundle, input } = find(kind, name);
      return { digest: bundle.digest, input };
    };
    const plan = plans.compile(draft, { lookup }, principal, grants().epoch);
    const [step] = plan.steps;
    if (step === undefined || plan.steps.length > 1)
      throw new SignetError('E_PLAN', 'a plan of exactly one step is expected here');
    return plans.contextFor(plan, step);
  }
}

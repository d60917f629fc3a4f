// Calls by name (DESIGN.md §4 "No mutation without a plan", "Versions"): from the embedder, from an audit and from other bundles,
// each to the version that the lockfile, a range or the caller's `requires` names; dry, or for a plan that was compiled for exactly
// that version.
import { EXTENSION, KIND_NAMES, type Kind } from '../src/contracts/manifest.ts';
import type { PlanContext, PlanDraft, Principal } from '../src/contracts/plan.ts';
import type { RecordMode } from '../src/contracts/record.ts';
import { type CallResult, dispatch, type Provider } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import type { PlanBook } from '../src/plan.ts';
import { callInput } from './call-input.ts';
import type { Invoke } from './capabilities/capability.ts';
import type { GrantSet } from './grants.ts';
import type { Installed } from './installed.ts';
import { createInvoke } from './nested-call.ts';
import { operator } from './operator.ts';

/** A call as a step of a plan. */
export interface PlannedCall {
  readonly kind: Kind;
  readonly name: string;
  readonly input: unknown;
}

export interface DispatchOptions {
  /** Compiles a plan of this call, so that granted effects may mutate. Without it the call is a dry run. */
  readonly apply?: boolean;
  /** Calls that this one leads to and that may mutate, too: each a step of its own, for exactly its input, done once. */
  readonly with?: readonly PlannedCall[];
  /** A range that chooses among the installed versions of the bundle; without it, the highest release answers. */
  readonly version?: string;
  readonly tenant?: string;
  readonly principal?: Principal;
  readonly signal?: AbortSignal;
  /** How the call is recorded; without it, as policy.yaml says (`host.record`). */
  readonly record?: RecordMode;
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
    const { installed, plans } = this.#options;
    if (!KINDS.has(kind))
      throw new SignetError('E_FUNCTION_UNKNOWN', `there is no kind ${kind}`, { item: `${kind}/${name}` });
    const given = callInput(input, `${kind}/${name}`);
    const { apply = false, version, tenant = 'default', principal = operator(), signal, record } = options;
    const find = (): Provider => installed.find(kind, name, version);
    const rest = {
      tenant,
      principal,
      ...(signal === undefined ? {} : { signal }),
      ...(record === undefined ? {} : { record }),
    };
    if (!apply) return dispatch(kind, name, given, { ...rest, dryRun: true }, find);
    const provider = find();
    const steps = [{ kind, name, input: given }, ...(options.with ?? []).map(stepOf)];
    // What is called is what was planned; what it leads to is found as it will be when it asks.
    const plan = this.#compile({ steps }, principal, (wanted, fn) =>
      wanted === kind && fn === name ? provider : this.#findFor(provider.bundle.digest, wanted, fn),
    );
    try {
      return await dispatch(kind, name, given, { ...rest, dryRun: false, plan }, () => provider);
    } finally {
      plans.forget(plan);
    }
  }

  /**
   * The call that a bundle asks for: of the version that its `requires` names. What it may change is granted to the bundle that
   * is called, and planned with the call that leads to it.
   */
  readonly fromBundle: Invoke = createInvoke(async (caller, { kind, name, input }, options) => {
    this.#options.requireOpen();
    return dispatch(kind, name, input, options, () => this.#findFor(caller.bundle.digest, kind, name));
  });

  /** One step of an audit, for the plan that was compiled for it. */
  async forAudit(kind: Kind, name: string, input: unknown, mode: CallMode): Promise<CallResult> {
    const { installed, requireOpen } = this.#options;
    // The host may have been closed since the last step.
    requireOpen();
    const options = { tenant: 'default', principal: operator(), ...mode };
    return dispatch(kind, name, input, options, () => installed.find(kind, name));
  }

  /** A plan, compiled against what is installed and granted now; its context is for the first step. */
  async plan(draft: PlanDraft, principal: Principal): Promise<PlanContext> {
    return this.#compile(draft, principal, (kind, name) => this.#options.installed.find(kind, name));
  }

  /** The provider that a bundle gets: in the range that its manifest requires, where it says one. */
  #findFor(caller: string, kind: Kind, name: string): Provider {
    const { installed } = this.#options;
    const requires = installed.manifestOf(caller)?.extensions[EXTENSION].requires ?? {};
    return installed.find(kind, name, new Map(Object.entries(requires)).get(`${kind}/${name}`));
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
    if (step === undefined) throw new SignetError('E_PLAN', 'the plan has no step');
    return plans.contextFor(plan, step);
  }
}

const stepOf = ({ kind, name, input }: PlannedCall): PlannedCall => ({
  kind,
  name,
  input: callInput(input, `${kind}/${name}`),
});

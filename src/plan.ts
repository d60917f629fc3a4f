// Plans: a draft becomes a deterministic list of steps, journalled before anything runs; a mutating effect is allowed only
// for a step of a plan that this host compiled (DESIGN.md §4 "No mutation without a plan", CONTRACTS.md §2 "Plan").
import type { z } from 'zod';
import type { Kind } from './contracts/manifest.ts';
import { type Plan, type PlanContext, PlanDraft, type PlanStep, type Principal } from './contracts/plan.ts';
import { digestOfJson } from './digest.ts';
import { SignetError } from './error.ts';
import type { Validator } from './json-schema-check.ts';
import { kindValidator } from './kinds/validators.ts';
import type { Clock, JournalSink, Sha256 } from './ports.ts';
import { parseShape } from './shape.ts';

/** What is kept of a step is what a call is held against; its input, which may be large, is the caller's. */
type Step = Omit<z.infer<typeof PlanStep>, 'input'>;
type KeptPlan = Omit<Plan, 'steps'> & { readonly steps: readonly Step[] };

/** What a plan is compiled against: the installed functions. */
export interface Catalog {
  /** Digest of the bundle that answers for a function, and the function's input schema; undefined where there is none. */
  lookup(kind: Kind, name: string): { readonly digest: string; readonly input: Validator } | undefined;
}

export interface PlanPorts {
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly journal: JournalSink;
}

/** The call that asks to mutate, as the broker knows it. */
export interface MutatingCall {
  readonly kind: Kind;
  readonly name: string;
  readonly inputHash: string;
  readonly bundleDigest: string;
  readonly grantEpoch: string;
  readonly callId: string;
  /** True for a call that another one led to: its context is that one's. */
  readonly nested: boolean;
}

/** The plans compiled in this host. */
export class PlanBook {
  readonly #plans = new Map<string, KeptPlan>();
  /** The call that acts for a step: each step is done by one. */
  readonly #takenBy = new Map<Step, string>();
  readonly #ports: PlanPorts;
  #compiled = 0;

  constructor(ports: PlanPorts) {
    this.#ports = ports;
  }

  /**
   * Compiles a draft: the same draft against the same installed digests gives the same `deterministicHash` and step ids.
   * Every reason against it is listed at once (E_PLAN). The plan is journalled before it is returned, and durable before the first effect that mutates for it.
   */
  compile(draft: PlanDraft, catalog: Catalog, principal: Principal, grantEpoch: string): Plan {
    const { sha256, clock, journal } = this.#ports;
    const { steps: drafts } = parseShape(PlanDraft, draft, 'the plan draft', 'E_PLAN');
    const reasons: string[] = [];
    const steps: Plan['steps'] = [];
    for (const [index, step] of drafts.entries()) {
      const at = `step ${index} (${step.kind}/${step.name})`;
      const found = catalog.lookup(step.kind, step.name);
      if (found === undefined) {
        reasons.push(`${at}: no installed bundle provides it`);
        continue;
      }
      const forward = step.dependsOn.filter((other) => other >= index);
      if (forward.length > 0)
        reasons.push(`${at}: depends on step ${forward.join(', ')}, which does not come before it`);
      let input: unknown = step.input ?? null;
      for (const validate of [kindValidator(step.kind, 'input'), found.input]) {
        const checked = validate?.(input);
        if (checked?.ok === true) input = checked.value;
        else reasons.push(...(checked?.problems ?? []).map((problem) => `${at}: ${problem}`));
      }
      const dependsOn = step.dependsOn.flatMap((other) => steps[other]?.id ?? []);
      const inputHash = digestOfJson(sha256, input);
      const content = {
        kind: step.kind,
        name: step.name,
        inputHash,
        bundle: found.digest,
        dependsOn,
        risk: step.risk,
      };
      const id = digestOfJson(sha256, { index, ...content });
      steps.push({
        ...content,
        id,
        input,
        idempotencyKey: digestOfJson(sha256, { key: id, grantEpoch }),
      });
    }
    if (reasons.length > 0) throw new SignetError('E_PLAN', reasons.join('; '));
    const deterministicHash = digestOfJson(
      sha256,
      steps.map(({ input: _, idempotencyKey: __, ...step }) => step),
    );
    const compiledAt = clock.now();
    // Two plans of one draft in one millisecond are two.
    const content = { deterministicHash, compiledAt, grantEpoch, principal, number: ++this.#compiled };
    const planId = digestOfJson(sha256, content);
    const plan: Plan = { planId, deterministicHash, compiledAt, grantEpoch, principal, steps };
    journal.append(
      {
        type: 'plan.compiled',
        at: compiledAt,
        planId,
        deterministicHash,
        principal,
        grantEpoch,
        steps: steps.map(({ id, kind, name, inputHash, bundle }) => ({ id, kind, name, inputHash, bundle })),
      },
      { written: true },
    );
    this.#plans.set(planId, { ...plan, steps: steps.map(({ input: _, ...kept }) => kept) });
    return plan;
  }

  /** The context that lets a call act for one step of a compiled plan. */
  contextFor(plan: Plan, step: Step): PlanContext {
    return { planHash: plan.planId, stepId: step.id, principal: plan.principal, grantEpoch: plan.grantEpoch };
  }

  /** Nothing acts for the plan any more. */
  forget({ planHash }: PlanContext): void {
    for (const step of this.#plans.get(planHash)?.steps ?? []) this.#takenBy.delete(step);
    this.#plans.delete(planHash);
  }

  /**
   * Throws E_PLAN_REQUIRED unless the context names a step, compiled here, for exactly this call under these grants. A call that
   * another one led to needs a step of its own in the same plan. A step is done by one call.
   */
  authorize(context: PlanContext | undefined, call: MutatingCall): void {
    const refuse: (why: string) => never = (why) => {
      throw new SignetError('E_PLAN_REQUIRED', `${call.kind}/${call.name} may not mutate: ${why}`, {
        item: `${call.kind}/${call.name}`,
      });
    };
    if (context === undefined) refuse('the call has no plan');
    const plan = this.#plans.get(context.planHash) ?? refuse('no such plan was compiled in this host');
    const step = call.nested
      ? (this.#stepFor(plan, call) ??
        refuse('another call led to it, and the plan has no step left for exactly this function and input'))
      : (plan.steps.find((candidate) => candidate.id === context.stepId) ??
        refuse('the plan has no such step'));
    if (step.kind !== call.kind || step.name !== call.name)
      refuse(`the step is for ${step.kind}/${step.name}`);
    if (step.inputHash !== call.inputHash) refuse('its input is not the one that was planned');
    if (step.bundle !== call.bundleDigest) refuse('another bundle answers than the one that was planned');
    if (plan.grantEpoch !== call.grantEpoch || context.grantEpoch !== call.grantEpoch) {
      refuse('the grants changed since the plan was compiled');
    }
    if (context.principal.kind !== plan.principal.kind || context.principal.id !== plan.principal.id) {
      refuse('the plan belongs to another principal');
    }
    if (!this.#isFreeFor(step, call)) refuse('another call has acted for that step');
    this.#takenBy.set(step, call.callId);
  }

  #stepFor(plan: KeptPlan, call: MutatingCall): Step | undefined {
    const { kind, name, inputHash } = call;
    const fits = plan.steps.filter(
      (step) => step.kind === kind && step.name === name && step.inputHash === inputHash,
    );
    return (
      fits.find((step) => this.#takenBy.get(step) === call.callId) ??
      fits.find((step) => this.#isFreeFor(step, call))
    );
  }

  #isFreeFor(step: Step, { callId }: MutatingCall): boolean {
    return (this.#takenBy.get(step) ?? callId) === callId;
  }
}

// The convergence engine (first seed, CONTRACTS.md §1): extract what is declared → observe → parse → compare → act by tier.
// It dispatches by the names that the spec gives and knows no extractor, observer, parser or apply function.
import {
  ApplyInput,
  type ApplyOutput,
  type AuditReport,
  type ConvergenceResult,
  type ConvergenceSpec,
  type Entry,
  type ErrorPrefix,
} from '../contracts/convergence.ts';
import type { Kind } from '../contracts/manifest.ts';
import type { PlanContext, PlanDraft } from '../contracts/plan.ts';
import type { CallResult } from '../dispatch.ts';
import { asSignetError } from '../error.ts';
import type { Clock } from '../ports.ts';
import { compareSets } from './compare.ts';
import { type ApplyMode, isDryRun } from './dry-run.ts';
import type { LoadedSpec } from './spec-file.ts';
import { type Tier, tierOf } from './tiers.ts';

export interface ConvergencePorts {
  readonly clock: Clock;
  /** Calls a function by name. */
  dispatch(
    kind: Kind,
    name: string,
    input: unknown,
    options: { dryRun: boolean; plan?: PlanContext },
  ): Promise<CallResult>;
  /** Compiles a one-step plan and gives the context of its only step. */
  compile(draft: PlanDraft): Promise<PlanContext>;
  /** Where a relative or home-relative source, or `file:` URL, of a spec really is. */
  resolve(location: string): string;
}

/** An error of one step of one spec, with the seed's prefix. */
class SpecError extends Error {
  constructor(prefix: ErrorPrefix, cause: unknown) {
    const error = asSignetError(cause);
    super(`${prefix}: ${error.message} [${error.code}] do: ${error.fix}`, { cause });
  }
}

/** A spec between observation and apply. */
interface Evaluation {
  readonly spec: ConvergenceSpec;
  readonly tier: Tier;
  readonly entries: readonly Entry[];
  readonly result: ConvergenceResult;
}

/**
 * Evaluates the specs in order, then applies where tier and mode allow. Every spec is observed before anything is applied,
 * so that drift of one `block_until_human` spec stops all of them.
 */
export async function runAudit(
  specs: readonly LoadedSpec[],
  ports: ConvergencePorts,
  mode: ApplyMode,
): Promise<AuditReport> {
  const results: ConvergenceResult[] = [];
  const evaluations: Evaluation[] = [];
  for (const loaded of specs) {
    const outcome =
      'spec' in loaded ? await evaluate(loaded.spec, ports) : failed(loaded.id, '', loaded.error);
    if ('result' in outcome) evaluations.push(outcome);
    results.push('result' in outcome ? outcome.result : outcome);
  }
  const blockers = evaluations
    .filter(({ tier, result }) => tier.blocks && result.drift_detected)
    .map(({ spec }) => spec.id);
  for (const evaluation of evaluations) {
    if (!evaluation.tier.applies || evaluation.result.missing_in_runtime.length === 0) continue;
    const applied = await apply(evaluation, ports, isDryRun(mode, evaluation.spec), blockers);
    results[results.indexOf(evaluation.result)] = applied;
  }
  const exit = results.some((result) => result.error !== null)
    ? 2
    : results.some((result) => result.drift_detected)
      ? 1
      : 0;
  return { schema: 'audit/1', ok: exit === 0, exit, results };
}

async function evaluate(
  spec: ConvergenceSpec,
  ports: ConvergencePorts,
): Promise<Evaluation | ConvergenceResult> {
  const startedAt = ports.clock.now();
  if (!spec.enabled) return failed(spec.id, spec.drift_action, 'spec_disabled: the spec says enabled: false');
  const tier = tierOf(spec.drift_action);
  if (tier === undefined)
    return failed(spec.id, spec.drift_action, `invalid_drift_action: ${spec.drift_action}`);
  const result = blank(spec.id, spec.drift_action);
  try {
    const { declaration } = spec;
    const input = {
      source: ports.resolve(declaration.source),
      ...pick(declaration, 'identifier_field'),
      ...pick(declaration, 'json_paths'),
    };
    const { entries } = (await step('extractor', declaration.extractor, input, ports, result)) as {
      entries: Entry[];
    };
    result.declared = [...new Set(entries.map((entry) => entry.id))];
    await observe(spec, ports, result);
    result.duration_ms = ports.clock.now() - startedAt;
    return { spec, tier, entries, result };
  } catch (error) {
    const failure = error instanceof SpecError ? error : new SpecError('load_failed', error);
    return {
      ...failed(spec.id, spec.drift_action, failure.message),
      declared: result.declared,
      duration_ms: ports.clock.now() - startedAt,
    };
  }
}

/** Observes, parses and compares; the result's own fields are replaced. */
async function observe(
  spec: ConvergenceSpec,
  ports: ConvergencePorts,
  result: ConvergenceResult,
): Promise<void> {
  const { runtime_observable: observable } = spec;
  const url = observable.url?.startsWith('file:')
    ? `file://${ports.resolve(observable.url)}`
    : observable.url;
  const look = {
    ...pick(observable, 'command'),
    ...(url === undefined ? {} : { url }),
    ...pick(observable, 'timeout_sec'),
    ...(observable.empty_when === undefined
      ? {}
      : {
          empty_when: {
            ...pick(observable.empty_when, 'exit_code'),
            ...pick(observable.empty_when, 'stderr_contains'),
          },
        }),
  };
  const { raw } = (await step('observer', observable.method, look, ports, result)) as { raw: string };
  const text = { raw, declared: result.declared, ...pick(observable, 'json_paths') };
  const parsed = (await step('parser', observable.parser, text, ports, result)) as Pick<
    ConvergenceResult,
    'observed' | 'ambiguous'
  >;
  const { missing, extra } = compareSets(result.declared, parsed.observed);
  Object.assign(result, {
    observed: [...new Set(parsed.observed)],
    ambiguous: parsed.ambiguous,
    missing_in_runtime: missing,
    extra_in_runtime: extra,
    drift_detected: missing.length > 0 || extra.length > 0,
  });
}

async function apply(
  { spec, entries, result }: Evaluation,
  ports: ConvergencePorts,
  dryRun: boolean,
  blockers: readonly string[],
): Promise<ConvergenceResult> {
  const startedAt = ports.clock.now();
  const next: ConvergenceResult = { ...result, apply_dry_run: dryRun };
  const done = (error: string | null): ConvergenceResult => ({
    ...next,
    error,
    duration_ms: result.duration_ms + ports.clock.now() - startedAt,
  });
  if (!dryRun && blockers.length > 0)
    return done(`blocked: ${blockers.join(', ')} drifted and waits for a human`);
  const name = spec.convergence_method?.apply_function;
  if (name === undefined) return done('apply_failed: the spec is machine_sync and names no apply_function');
  const missing = new Set(result.missing_in_runtime);
  const input = ApplyInput.parse({
    missing: entries.filter((entry) => missing.has(entry.id)),
    extra: result.extra_in_runtime,
    dryRun,
  });
  try {
    const plan = dryRun ? undefined : await ports.compile({ steps: [{ kind: 'apply', name, input }] });
    const output = (await step('apply', name, input, ports, next, {
      dryRun,
      ...(plan === undefined ? {} : { plan }),
    })) as ApplyOutput;
    next.applied_actions = (dryRun ? output.would : output.applied).map(({ action }) => action);
    next.apply_errors = output.errors.map(({ id, message }) => `${id}: ${message}`);
    // What the audit reports after a real apply is what it then sees, never what the plugin says it did.
    if (!dryRun) await observe(spec, ports, next);
    return done(null);
  } catch (error) {
    const failure = error instanceof SpecError ? error : new SpecError('apply_failed', error);
    return done(failure.message);
  }
}

/** One call of one step; failure carries the seed's prefix, success leaves its evidence in the result. */
async function step(
  kind: 'extractor' | 'observer' | 'parser' | 'apply',
  name: string,
  input: unknown,
  ports: ConvergencePorts,
  result: ConvergenceResult,
  options: { dryRun: boolean; plan?: PlanContext } = { dryRun: true },
): Promise<unknown> {
  try {
    const call = await ports.dispatch(kind, name, input, options);
    result.evidence = [...result.evidence, call.callId];
    result.plugins = { ...result.plugins, [`${kind}/${name}`]: call.bundle.digest };
    return call.output;
  } catch (error) {
    throw new SpecError(`${kind}_failed`, error);
  }
}

function blank(id: string, action: string): ConvergenceResult {
  return {
    spec_id: id,
    declared: [],
    observed: [],
    missing_in_runtime: [],
    extra_in_runtime: [],
    ambiguous: [],
    drift_detected: false,
    drift_action: action,
    error: null,
    applied_actions: [],
    apply_dry_run: true,
    apply_errors: [],
    evidence: [],
    plugins: {},
    duration_ms: 0,
  };
}

const failed = (id: string, action: string, error: string): ConvergenceResult => ({
  ...blank(id, action),
  error,
});

function pick<T extends object, K extends keyof T>(source: T, key: K): Pick<T, K> | Record<never, never> {
  return source[key] === undefined ? {} : { [key]: source[key] };
}

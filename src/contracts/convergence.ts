// Convergence: spec files, the values that pass between the four kinds, and the result (CONTRACTS.md §1, first seed).
import * as z from 'zod';
import { FunctionName } from './common.ts';

/** The four tiers of the seed. */
export const DriftAction = z.enum([
  'alert_only',
  'alert_only_permanent',
  'machine_sync',
  'block_until_human',
]);
export type DriftAction = z.infer<typeof DriftAction>;

const JsonPath = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9_$-]+(\[\])?(\.[A-Za-z0-9_$-]+(\[\])?)*$/, 'expected field and field[] joined by dots');

/** What a spec knows to mean "nothing there" beside exit 0 with no output. */
const EmptyWhen = z.looseObject({
  exit_code: z.number().int().optional(),
  stderr_contains: z.string().optional(),
});

/** One spec. The seed's files carry fields of their own, so unknown ones are kept and ignored. */
export const ConvergenceSpec = z.looseObject({
  id: z.string().min(1).max(128),
  enabled: z.boolean().default(true),
  description: z.string().default(''),
  drift_action: z.string(),
  declaration: z.looseObject({
    source: z.string().min(1),
    extractor: FunctionName,
    identifier_field: z.string().optional(),
    json_paths: z.array(JsonPath).optional(),
  }),
  runtime_observable: z.looseObject({
    method: FunctionName,
    command: z.string().optional(),
    url: z.string().optional(),
    timeout_sec: z.number().positive().max(600).optional(),
    parser: FunctionName,
    json_paths: z.array(JsonPath).optional(),
    empty_when: EmptyWhen.optional(),
  }),
  convergence_method: z
    .looseObject({
      apply_function: FunctionName.optional(),
      helper: z.string().optional(),
      dry_run_env_var: z.string().optional(),
      dry_run_default: z.boolean().optional(),
    })
    .optional(),
});
export type ConvergenceSpec = z.infer<typeof ConvergenceSpec>;

export const SpecFile = z.looseObject({ convergence_specs: z.array(z.unknown()).min(1) });

/** A declared thing: its identifier and whatever its apply function needs to bring it about. */
export const Entry = z.strictObject({
  id: z.string().min(1).max(4096),
  data: z.record(z.string(), z.unknown()),
});
export type Entry = z.infer<typeof Entry>;

export const ExtractorInput = z.strictObject({
  source: z.string(),
  identifier_field: z.string().optional(),
  json_paths: z.array(z.string()).optional(),
});
export const ExtractorOutput = z.strictObject({ entries: z.array(Entry).max(1_000_000) });

export const ObserverInput = z.strictObject({
  command: z.string().optional(),
  url: z.string().optional(),
  timeout_sec: z.number().optional(),
  empty_when: z
    .strictObject({ exit_code: z.number().int().optional(), stderr_contains: z.string().optional() })
    .optional(),
});
/** `raw` is the observation as text, handed to the parser untouched. */
export const ObserverOutput = z.strictObject({ raw: z.string() });

export const ParserInput = z.strictObject({
  raw: z.string(),
  declared: z.array(z.string()),
  json_paths: z.array(z.string()).optional(),
});
/** `ambiguous`: declared identifiers whose presence the seed's plain substring test would judge otherwise. */
export const ParserOutput = z.strictObject({
  observed: z.array(z.string()),
  ambiguous: z.array(z.strictObject({ id: z.string(), reason: z.string() })).default([]),
});

export const ApplyInput = z.strictObject({
  missing: z.array(Entry),
  extra: z.array(z.string()),
  dryRun: z.boolean(),
});
export const ApplyOutput = z.strictObject({
  applied: z.array(z.strictObject({ id: z.string(), action: z.string() })),
  would: z.array(z.strictObject({ id: z.string(), action: z.string() })),
  errors: z.array(z.strictObject({ id: z.string(), message: z.string() })),
});
export type ApplyOutput = z.infer<typeof ApplyOutput>;

/** Prefixes of `ConvergenceResult.error`. */
const ERROR_PREFIXES = [
  'load_failed',
  'spec_not_found',
  'spec_disabled',
  'invalid_drift_action',
  'extractor_failed',
  'observer_failed',
  'parser_failed',
  'apply_failed',
  'blocked',
] as const;
export type ErrorPrefix = (typeof ERROR_PREFIXES)[number];

/** The seed's result with Signet's evidence. Counts are of identifiers; `duration_ms` is wall time. */
export const ConvergenceResult = z.strictObject({
  spec_id: z.string(),
  declared: z.array(z.string()),
  observed: z.array(z.string()),
  missing_in_runtime: z.array(z.string()),
  extra_in_runtime: z.array(z.string()),
  ambiguous: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
  drift_detected: z.boolean(),
  drift_action: z.string(),
  error: z.string().nullable(),
  applied_actions: z.array(z.string()),
  apply_dry_run: z.boolean(),
  apply_errors: z.array(z.string()),
  /** Ours: ids of the calls that this result rests on, in order. */
  evidence: z.array(z.string()),
  /** Ours: digests of the bundles that answered, by kind/name. */
  plugins: z.record(z.string(), z.string()),
  duration_ms: z.number(),
});
export type ConvergenceResult = z.infer<typeof ConvergenceResult>;

/** What `signet audit --json` prints. */
export const AuditReport = z.strictObject({
  schema: z.literal('audit/1'),
  ok: z.boolean(),
  exit: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  results: z.array(ConvergenceResult),
});
export type AuditReport = z.infer<typeof AuditReport>;

// Plans: a deterministic list of steps, and the context that ties a mutating effect to one of them (CONTRACTS.md §2).
import * as z from 'zod';
import { Digest, FunctionName } from './common.ts';
import { Kind } from './manifest.ts';

export const Principal = z.strictObject({
  kind: z.enum(['human', 'service', 'agent', 'tool']),
  id: z.string().min(1).max(256),
});
export type Principal = z.infer<typeof Principal>;

const Risk = z.enum(['low', 'medium', 'high']);

export const PlanDraft = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        kind: Kind,
        name: FunctionName,
        input: z.unknown(),
        dependsOn: z.array(z.number().int().min(0)).default([]),
        risk: Risk.default('high'),
      }),
    )
    .min(1)
    // Their journal record must fit into one log entry.
    .max(200),
});
export type PlanDraft = z.input<typeof PlanDraft>;

/** A compiled step; every id and hash is a digest of canonical content. */
export const PlanStep = z.strictObject({
  id: Digest,
  kind: Kind,
  name: FunctionName,
  input: z.unknown(),
  inputHash: Digest,
  /** The bundle that will answer, fixed when the plan is compiled. */
  bundle: Digest,
  dependsOn: z.array(Digest),
  risk: Risk,
  idempotencyKey: Digest,
});
export const Plan = z.strictObject({
  planId: Digest,
  deterministicHash: Digest,
  compiledAt: z.number(),
  grantEpoch: Digest,
  principal: Principal,
  steps: z.array(PlanStep),
});
export type Plan = z.infer<typeof Plan>;

/** Without one, no effect that mutates is performed (DESIGN.md §4). */
export const PlanContext = z.strictObject({
  planHash: Digest,
  stepId: Digest,
  principal: Principal,
  grantEpoch: Digest,
});
export type PlanContext = z.infer<typeof PlanContext>;

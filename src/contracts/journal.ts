// The records of the host's journal (DESIGN.md §4 "Journal"): what was asked, decided, done and refused. A leaf of the
// journal is the canonical JSON of one record, at most 65,535 bytes: inputs, outputs and results are kept by digest.
import * as z from 'zod';
import { Count, Digest, FunctionName, Version } from './common.ts';
import { QuarantinedBundle } from './host.ts';
import { Kind } from './manifest.ts';
import { Principal } from './plan.ts';
import { RecordPlace } from './record.ts';

const Id = z.string().min(1).max(256);
const Code = z.string().min(1).max(64);
/** Milliseconds since the Unix epoch, by the host's clock. */
const at = Count;
/** What an effect would do, did, or was refused, in one line for people. */
const Action = z.string().max(16_384);

/** What an effect is about, exactly: a path, a command line, a function. Left out where there is nothing more to say. */
const Target = z.string().max(4_096).optional();

/** A host opened the journal, on this engine. */
const HostOpen = z.strictObject({
  type: z.literal('host.open'),
  at,
  engine: z.strictObject({ node: z.string().max(64), v8: z.string().max(64), signet: Version }),
});

/** A host closed it in order; without one, the host died. */
const HostClose = z.strictObject({ type: z.literal('host.close'), at });

/** `compilePlan` made a plan in this host: the only plans that allow a mutation. */
const PlanCompiled = z.strictObject({
  type: z.literal('plan.compiled'),
  at,
  planId: Digest,
  deterministicHash: Digest,
  principal: Principal,
  grantEpoch: Digest,
  steps: z.array(
    z.strictObject({ id: Digest, kind: Kind, name: FunctionName, inputHash: Digest, bundle: Digest }),
  ),
});

const CallStart = z.strictObject({
  type: z.literal('call.start'),
  at,
  callId: Id,
  kind: Kind,
  name: FunctionName,
  bundle: Digest,
  version: Version,
  tenant: Id,
  dryRun: z.boolean(),
  inputHash: Digest,
  planHash: Digest.nullable(),
  stepId: Digest.nullable(),
  /** The call that invoked this one. */
  parent: Id.optional(),
});

/** The call was lost through no fault of its own, had changed nothing, and is run again: its effects are numbered anew. */
const CallRetry = z.strictObject({
  type: z.literal('call.retry'),
  at,
  callId: Id,
  code: Code,
  reason: z.string().max(1024),
});

/** `effects`: how many the call asked for. `durationMs` is by the host's clock: below 0 where that was set back. */
const CallEnd = z.strictObject({
  type: z.literal('call.end'),
  at,
  callId: Id,
  ok: z.boolean(),
  code: Code.nullable(),
  outputHash: Digest.nullable(),
  durationMs: z.number(),
  effects: Count,
  record: RecordPlace.optional(),
});

/** Durable before a mutating effect is performed. `grant`: the grant that allows it; null where none is needed. */
export const EffectIntent = z.strictObject({
  type: z.literal('effect.intent'),
  at,
  callId: Id,
  effectId: Id,
  capability: Id,
  action: Action,
  class: z.enum(['observe', 'mutate']),
  grant: z.string().max(256).nullable(),
  /** Further grants that it uses, such as those of secrets. */
  also: z.array(z.string().max(256)).max(16).optional(),
  dryRun: z.boolean(),
  target: Target,
});

/** `usage`: what it used, such as the tokens of a model. */
const EffectOutcome = z.strictObject({
  type: z.literal('effect.outcome'),
  at,
  callId: Id,
  effectId: Id,
  status: z.enum(['done', 'failed', 'would']),
  resultHash: Digest.nullable(),
  code: Code.nullable(),
  usage: z.record(z.string().max(64), Count).optional(),
});

/** `bundle`: its name. `fix`: the command line that would have granted it. */
/** What a person found out about an effect whose outcome a crash had hidden. */
const EffectResolved = z.strictObject({
  type: z.literal('effect.resolved'),
  at,
  callId: Id,
  effectId: Id,
  as: z.enum(['done', 'not_done']),
  by: Principal,
  reason: z.string().min(1).max(1024),
});

const EffectDenied = z.strictObject({
  type: z.literal('effect.denied'),
  at,
  callId: Id,
  effectId: Id,
  capability: z.string().max(256),
  code: Code,
  action: Action,
  target: Target,
  bundle: z.string().max(256).optional(),
  fix: z.string().max(4_096).optional(),
});

/** One evaluated convergence spec; the lists of the result are kept as counts. */
const AuditResult = z.strictObject({
  type: z.literal('audit.result'),
  at,
  specId: Id,
  drift: z.boolean(),
  missing: Count,
  observed: Count,
  declared: Count,
  error: z.string().max(8192).nullable(),
  dryRun: z.boolean(),
});

const BundleLoaded = z.strictObject({
  type: z.literal('bundle.loaded'),
  at,
  name: z.string().max(256),
  version: Version,
  digest: Digest,
});

/** A refused bundle may lie about its name and version: they are text here. */
const BundleRefused = z.strictObject({
  type: z.literal('bundle.refused'),
  at,
  name: z.string().max(256),
  version: z.string().max(256),
  digest: Digest,
  code: Code,
});

/** `bundle`: the one that caused it, as far as one did and it is known which. */
const WorkerLost = z.strictObject({
  type: z.literal('worker.lost'),
  at,
  domain: z.string().max(256),
  reason: z.string().max(1024),
  bundle: Digest.optional(),
});

/** It caused the loss of workers; none of its calls runs until a person lifts it. */
const BundleQuarantined = z.strictObject({
  type: z.literal('bundle.quarantined'),
  ...QuarantinedBundle.shape,
});

const BundleUnquarantined = z.strictObject({
  type: z.literal('bundle.unquarantined'),
  at,
  name: z.string().max(256),
  version: Version,
  digest: Digest,
  by: Principal,
});

/** Any record of the journal. */
export const JournalEntry = z.discriminatedUnion('type', [
  HostOpen,
  HostClose,
  PlanCompiled,
  CallStart,
  CallRetry,
  CallEnd,
  EffectIntent,
  EffectOutcome,
  EffectResolved,
  EffectDenied,
  AuditResult,
  BundleLoaded,
  BundleRefused,
  WorkerLost,
  BundleQuarantined,
  BundleUnquarantined,
]);
export type JournalEntry = z.infer<typeof JournalEntry>;

// The host's loopback interface: one row a contract, with the shapes of what goes in (DESIGN.md §6 "HTTP").
import * as z from 'zod';
import { FunctionName, VersionRange } from './common.ts';
import { Kind } from './manifest.ts';

/** `POST /v1/commands/<contract>`: what changes or runs something. */
export const COMMANDS = {
  /** Calls one function; dry unless `apply`. */
  'host.call': z.strictObject({
    kind: Kind,
    name: FunctionName,
    input: z.unknown(),
    apply: z.boolean().default(false),
    /** A range that chooses among the installed versions. */
    version: VersionRange.optional(),
    /** Calls that this one leads to and that may mutate, too, each with exactly this input. */
    with: z
      .array(z.strictObject({ kind: Kind, name: FunctionName, input: z.unknown() }))
      .max(64)
      .default([]),
  }),
  /** Says what became of an effect whose outcome is not known; only a person may. */
  'host.resolve': z.strictObject({
    effect: z.string().min(1).max(256),
    as: z.enum(['done', 'not_done']),
    reason: z.string().min(1).max(1024),
  }),
  /** Audits the specs of a file. Paths are absolute. */
  'host.audit': z.strictObject({
    specs: z.string().startsWith('/'),
    root: z.string().startsWith('/').optional(),
    ids: z.array(z.string()).default([]),
    apply: z.boolean().default(false),
    /** The environment variables of the caller that force a dry run. */
    environment: z.record(z.string(), z.string()).default({}),
  }),
  /** Lets a quarantined bundle run again. */
  'host.unquarantine': z.strictObject({ bundle: z.string().min(1).max(256) }),
} as const;
export type CommandName = keyof typeof COMMANDS;
export type CommandInput<N extends CommandName> = z.input<(typeof COMMANDS)[N]>;

/** `GET /v1/queries/<contract>`: what only looks. */
export const QUERIES = ['host.status', 'host.tools'] as const;
export type QueryName = (typeof QUERIES)[number];

/** What `host.call` answers. */
export const CallAnswer = z.strictObject({
  callId: z.string(),
  bundle: z.strictObject({ name: z.string(), version: z.string(), digest: z.string() }),
  output: z.unknown(),
  dryRun: z.boolean(),
});
export type CallAnswer = z.infer<typeof CallAnswer>;

/** What `host.unquarantine` answers: the versions that may run again. */
export const UnquarantineAnswer = z.strictObject({
  lifted: z.array(z.strictObject({ name: z.string(), version: z.string(), digest: z.string() })),
});
export type UnquarantineAnswer = z.infer<typeof UnquarantineAnswer>;

/** One function as an agent runtime sees it. */
export const ToolDescription = z.strictObject({
  kind: Kind,
  name: z.string(),
  description: z.string(),
  bundle: z.string(),
  version: z.string(),
  input: z.record(z.string(), z.unknown()),
  output: z.record(z.string(), z.unknown()),
  /** As the Model Context Protocol names them; `src/tool.ts` says what each rests on. */
  annotations: z.strictObject({
    readOnlyHint: z.boolean(),
    destructiveHint: z.boolean(),
    idempotentHint: z.boolean(),
    openWorldHint: z.boolean(),
  }),
});
export type ToolDescription = z.infer<typeof ToolDescription>;

/** What `signet status` shows. */
export const HostStatus = z.strictObject({
  schema: z.literal('status/1'),
  version: z.string(),
  directory: z.string(),
  pid: z.number(),
  address: z.string().nullable(),
  bundles: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      digest: z.string(),
      /** `installed` until first used; `refused` with the code of the refusal. */
      state: z.enum(['installed', 'loaded', 'refused', 'quarantined']),
      code: z.string().nullable(),
      /** What is worth saying of a verified one, such as a status that grows old. */
      warning: z.string().nullable(),
      /** Of several versions, the one that plain calls go to. */
      current: z.boolean(),
      provides: z.array(z.string()),
      /** Of a revoked one: how many calls ran in it, and the ids of the last. */
      uses: z.strictObject({ calls: z.number(), last: z.array(z.string()) }).nullable(),
    }),
  ),
  grants: z.strictObject({ epoch: z.string(), count: z.number() }),
  journal: z.strictObject({ records: z.number(), unresolved: z.array(z.string()) }),
  /** Which layers of isolation are on and by what, and which are not and why. */
  layers: z.strictObject({
    on: z.array(z.strictObject({ layer: z.string(), by: z.string() })),
    off: z.array(z.strictObject({ layer: z.string(), why: z.string() })),
  }),
  workers: z.number(),
});
export type HostStatus = z.infer<typeof HostStatus>;

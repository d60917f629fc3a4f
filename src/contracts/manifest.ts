// plugin.json: Agent Plugins 1.0.0 with Signet's own data under `extensions["dev.signet"]` (DESIGN.md §2).
import * as z from 'zod';
import { BundleName, FunctionName, NamePart, SecretName, Version, VersionRange } from './common.ts';
import { LimitRequest } from './limits.ts';

export const MANIFEST_SCHEMA_ID = 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json';
export const EXTENSION = 'dev.signet';
/** Where an archive has its one script. */
export const MAIN_PATH = 'dev.signet/main.js';

/** The thirteen kinds, in the order of DESIGN.md §2. */
export const KIND_NAMES = [
  'parser',
  'extractor',
  'observer',
  'apply',
  'sender',
  'skill',
  'check',
  'fact',
  'adapter',
  'channel',
  'planner',
  'provider',
  'stage',
] as const;
export const Kind = z.enum(KIND_NAMES);
export type Kind = z.infer<typeof Kind>;

/** Every capability a manifest may ask for. */
export const CAPABILITY_NAMES = [
  'clock',
  'random',
  'log',
  'kv',
  'fs.read',
  'fs.write',
  'http',
  'exec',
  'secret',
  'model',
  'invoke',
] as const;
export const CapabilityId = z.enum(CAPABILITY_NAMES);
export type CapabilityId = z.infer<typeof CapabilityId>;

/**
 * What a manifest asks for. `granted` says that the operator's grant decides which commands or paths: the bundle
 * itself names none.
 */
export const CapabilityRequest = z.discriminatedUnion('id', [
  z.strictObject({ id: z.literal('clock') }),
  z.strictObject({ id: z.literal('random') }),
  z.strictObject({ id: z.literal('log') }),
  z.strictObject({ id: z.literal('kv'), access: z.enum(['read', 'write']).default('write') }),
  z.strictObject({
    id: z.literal('fs.read'),
    paths: z.union([z.literal('granted'), z.array(z.string().min(1).max(1024)).min(1).max(32)]),
  }),
  z.strictObject({
    id: z.literal('fs.write'),
    paths: z.union([z.literal('granted'), z.array(z.string().min(1).max(1024)).min(1).max(32)]),
  }),
  z.strictObject({
    id: z.literal('http'),
    origins: z.union([z.literal('granted'), z.array(z.string().min(1).max(256)).min(1).max(32)]),
    methods: z
      .array(z.string().regex(/^[A-Z]{1,16}$/))
      .min(1)
      .max(16)
      .default(['GET']),
  }),
  z.strictObject({
    id: z.literal('exec'),
    commands: z.union([z.literal('granted'), z.array(z.string().min(1).max(4096)).min(1).max(32)]),
  }),
  z.strictObject({
    id: z.literal('secret'),
    names: z.array(SecretName).min(1).max(32),
  }),
  z.strictObject({ id: z.literal('model'), roles: z.array(z.string().min(1).max(64)).min(1).max(16) }),
  z.strictObject({ id: z.literal('invoke'), functions: z.array(z.string().min(3).max(160)).min(1).max(64) }),
]);
export type CapabilityRequest = z.infer<typeof CapabilityRequest>;

/** A JSON Schema of the closed subset; src/json-schema.ts says what is in it. */
const SchemaDocument = z.record(z.string(), z.unknown());

const Annotations = z.strictObject({
  readOnly: z.boolean().optional(),
  idempotent: z.boolean().optional(),
  destructive: z.boolean().optional(),
});

export const Provided = z.strictObject({
  kind: Kind,
  name: FunctionName,
  description: z.string().min(1).max(1024),
  input: SchemaDocument,
  output: SchemaDocument,
  annotations: Annotations.optional(),
});
export type Provided = z.infer<typeof Provided>;

/** `extensions["dev.signet"]`. Unknown fields are refused. */
export const SignetExtension = z.strictObject({
  namespace: NamePart,
  host: VersionRange,
  main: z.literal('./dev.signet/main.js').optional(),
  provides: z.array(Provided).max(256).default([]),
  requires: z
    .record(z.string().regex(/^[a-z]+\/[a-z][a-z0-9_]*$/, 'expected kind/name'), VersionRange)
    .default({}),
  capabilities: z.array(CapabilityRequest).max(32).default([]),
  /** A tightening of the kind's limits; never a widening. */
  limits: LimitRequest.optional(),
});
export type SignetExtension = z.infer<typeof SignetExtension>;

/** The whole plugin.json. Other clients' extensions are carried, never read. */
export const Manifest = z.strictObject({
  $schema: z.literal(MANIFEST_SCHEMA_ID),
  name: NamePart,
  version: Version,
  description: z.string().min(1).max(4096),
  author: z
    .strictObject({ name: z.string().optional(), email: z.string().optional(), url: z.string().optional() })
    .optional(),
  homepage: z.string().optional(),
  repository: z.string().optional(),
  license: z.string().min(1).max(256),
  keywords: z.array(z.string()).optional(),
  extensions: z.looseObject({ [EXTENSION]: SignetExtension }),
});
export type Manifest = z.infer<typeof Manifest>;

/** What an author writes in `provides`: schemas may be missing, the build fills them in from the source. */
export const SourceManifest = Manifest.extend({
  extensions: z.looseObject({
    [EXTENSION]: SignetExtension.extend({
      provides: z
        .array(Provided.partial({ input: true, output: true, description: true }))
        .max(256)
        .default([]),
    }),
  }),
});
export type SourceManifest = z.infer<typeof SourceManifest>;

/** `namespace/name` of a manifest. */
export function fullName(manifest: {
  name: string;
  extensions: { [EXTENSION]: { namespace: string } };
}): string {
  return BundleName.parse(`${manifest.extensions[EXTENSION].namespace}/${manifest.name}`);
}

// The three files an operator commits: signet.lock.json, policy.yaml, grants.yaml. Unknown fields are errors.
import * as z from 'zod';
import {
  BundleName,
  Count,
  Digest,
  Fingerprint,
  NamePart,
  Origin,
  PublicKeyText,
  SecretName,
  Time,
  Version,
} from './common.ts';
import { LimitRequest } from './limits.ts';
import { CapabilityId, CapabilityRequest, Kind } from './manifest.ts';
import { RecordMode } from './record.ts';

/** signet.lock.json: exactly what is installed. */
export const Lockfile = z.strictObject({
  type: z.literal('lock/1'),
  bundles: z.array(
    z.strictObject({
      name: BundleName,
      version: Version,
      digest: Digest,
      registry: NamePart,
      index: Count,
      size: Count,
      namespaceVersion: z.number().int().min(1),
      publisher: z.array(Fingerprint).min(1),
      builder: z.string().nullable(),
      /** `kind/name` of every function, so that the host routes to a bundle before it has loaded it. */
      provides: z.array(z.string().regex(/^[a-z]+\/[a-z][a-z0-9_]*$/)),
      capabilities: z.array(CapabilityRequest),
    }),
  ),
});
export type Lockfile = z.infer<typeof Lockfile>;
export type LockedBundle = Lockfile['bundles'][number];

/** An exact text, or with a last `*` everything that begins with what precedes it; `*` alone is everything. */
const Pattern = z
  .string()
  .max(1024)
  .regex(/^[^*]+\*?$|^\*$/, 'expected an exact text, or one * at the end')
  .refine(
    (text) => !/[^/]\*$/.test(text),
    'expected the * after a slash: without one, acme* is acme-evil too',
  );

/** A name as SPDX writes it; compared exactly. */
const LicenceId = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9(][A-Za-z0-9.+() -]*$/, 'expected an SPDX identifier or expression');

/** A builder that counts for some namespaces: provenance by one of its keys, of one of its sources. */
const BuilderRule = z.strictObject({
  id: z.string().min(1).max(1024),
  namespaces: z.array(z.union([NamePart, z.literal('*')])).min(1),
  /** `publisher`: the provenance is signed as the release is, by the namespace's own threshold. */
  keys: z.union([z.literal('publisher'), z.array(PublicKeyText).min(1).max(16)]),
  sources: z.array(Pattern).min(1),
});
export type BuilderRule = z.infer<typeof BuilderRule>;

/** Which trust domains the operator makes of the namespaces; by default each namespace is one. */
const Domains = z
  .strictObject({
    /** Namespaces that share processes. */
    merge: z.array(z.array(NamePart).min(2)).default([]),
    /** Namespaces whose bundles never share one. */
    split: z.array(NamePart).default([]),
  })
  .superRefine(({ merge, split }, context) => {
    const seen = new Set<string>();
    const places = [
      ...split.map((name, i) => [name, ['split', i]] as const),
      ...merge.flatMap((names, i) => names.map((name, j) => [name, ['merge', i, j]] as const)),
    ];
    for (const [name, path] of places) {
      if (seen.has(name))
        context.addIssue({ code: 'custom', path: [...path], message: `${name} stands here twice` });
      seen.add(name);
    }
  });

/** What is kept of calls so that they can be run again. A bundle's row outranks its kind's, which outranks the default. */
const RecordRules = z.strictObject({
  default: RecordMode.default('full'),
  kinds: z.partialRecord(Kind, RecordMode).default({}),
  bundles: z.record(BundleName, RecordMode).default({}),
  keepDays: z.number().int().min(1).max(3_650).default(30),
  maxMb: z.number().int().min(1).max(1_048_576).default(1_024),
  /** Where a field of this name stands in what goes in or comes out, only hashes are kept; `*` means every bundle. */
  redact: z
    .array(
      z.strictObject({ bundle: z.union([BundleName, z.literal('*')]), field: z.string().min(1).max(256) }),
    )
    .max(256)
    .default([]),
});
export type RecordRules = z.infer<typeof RecordRules>;

/** How the host runs bundles: the operator's word. */
export const HostPolicy = z.strictObject({
  domains: Domains.default({ merge: [], split: [] }),
  /** Processes of one trust domain at most. */
  pool: z.number().int().min(1).max(64).default(1),
  /** Namespaces around workers: where they work; or else no worker; or none. */
  sandbox: z.enum(['auto', 'required', 'off']).default('auto'),
  /** Caps for every bundle. */
  limits: LimitRequest.optional(),
  /** Caps for one bundle, each in the place of the general one. */
  bundles: z.record(BundleName, LimitRequest).optional(),
  record: RecordRules.prefault({}),
  /** What the host takes on at once, of all bundles together. */
  queue: z
    .strictObject({
      /** Calls that run. */
      running: z.number().int().min(1).max(100_000).default(1_024),
      /** Calls that wait for their turn. */
      waiting: z.number().int().min(0).max(1_000_000).default(10_000),
      /** Megabytes of their inputs, running and waiting. */
      inputMb: z.number().int().min(8).max(65_536).default(256),
    })
    .prefault({}),
});
export type HostPolicy = z.infer<typeof HostPolicy>;

/** policy.yaml: which registry and root each namespace belongs to, without fall-through (THREATS.md 29). */
export const Policy = z.strictObject({
  version: z.literal(1),
  registries: z.array(
    z.strictObject({
      name: NamePart,
      /** A folder, relative to the project folder or absolute. */
      location: z.string().min(1).max(4096),
      root: Fingerprint,
      namespaces: z.array(NamePart).min(1),
    }),
  ),
  freshness: z
    .strictObject({
      installDays: z.number().positive().max(3650).default(7),
      loadDays: z.number().positive().max(3650).default(30),
    })
    .default({ installDays: 7, loadDays: 30 }),
  provenance: z
    .strictObject({ required: z.boolean().default(true), builders: z.array(BuilderRule).default([]) })
    .default({ required: true, builders: [] }),
  /** May only raise what the root of a registry asks for. */
  witness: z.strictObject({ quorum: z.number().int().min(0).max(16).default(0) }).default({ quorum: 0 }),
  licences: z
    .strictObject({ allow: z.array(LicenceId).min(1).optional(), deny: z.array(LicenceId).default([]) })
    .default({ deny: [] }),
  capabilities: z.strictObject({ deny: z.array(CapabilityId).default([]) }).default({ deny: [] }),
  /** May only lower what Signet reads at most: FORMAT.md "Archive". */
  limits: z
    .strictObject({
      archiveBytes: z
        .number()
        .int()
        .min(1024)
        .max(32 * 1024 * 1024)
        .default(32 * 1024 * 1024),
      files: z.number().int().min(1).max(10_000).default(10_000),
    })
    .default({ archiveBytes: 32 * 1024 * 1024, files: 10_000 }),
  host: HostPolicy.prefault({}),
});
export type Policy = z.infer<typeof Policy>;

const grantBase = {
  bundle: BundleName,
  /** `observe`: changes nothing outside. `mutate`: needs a plan, and is not done in a dry run. */
  class: z.enum(['observe', 'mutate']),
  expires: Time.optional(),
  reason: z.string().min(1).max(1024),
  by: z.string().min(1).max(256),
};

/** What an HTTP grant covers, and a secret is put into: requests of these methods to one origin, at and below one path. */
const httpScope = {
  origin: Origin,
  methods: z
    .array(z.string().regex(/^(?!(?:CONNECT|TRACE|TRACK)$)[A-Z]{1,16}$/, 'expected a method such as GET'))
    .min(1)
    .max(16),
  /** With a last `/` everything below it; without one, also itself. */
  pathPrefix: z
    .string()
    .max(1024)
    .refine(
      (path) => /^\/(?!.*(?:[%;]|\/\/))/.test(path) && new URL(path, 'http://x').pathname === path,
      'expected a plain path such as /v1/, without %, ; or //',
    )
    .default('/'),
};

export interface HttpScope {
  readonly origin: string;
  readonly methods: readonly string[];
  readonly pathPrefix: string;
}

/** The longest answer that a bundle may have of an origin, in bytes. */
export const MAX_HTTP_BYTES = 8 * 1024 * 1024;

/** Keyed hashes that a secret may verify. */
export const MAC_ALGORITHMS = ['hmac-sha256', 'hmac-sha512', 'hmac-sha1'] as const;

/** What a secret is used for: it is put into one header of the covered requests, or verifies MACs. A bundle never sees it. */
const SecretUse = z.union([
  z.strictObject({
    http: z.strictObject({
      ...httpScope,
      header: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'expected the name of a header'),
      /** The header's value: `{}` stands for the secret. */
      format: z
        .string()
        .max(256)
        .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'expected printable ASCII')
        .refine((format) => format.split('{}').length === 2, 'expected {} once, where the secret goes')
        .default('{}'),
    }),
  }),
  z.strictObject({ mac: z.strictObject({ algorithms: z.array(z.enum(MAC_ALGORITHMS)).min(1).max(3) }) }),
]);

/** One grant. The class is the operator's word, never the bundle's. */
export const Grant = z.discriminatedUnion('capability', [
  z.strictObject({
    ...grantBase,
    capability: z.literal('fs.read'),
    path: z.string().startsWith('/').max(4096),
  }),
  z.strictObject({
    ...grantBase,
    capability: z.literal('exec'),
    /** The exact text by which the bundle may ask for it; without one it asks by program and argv. */
    command: z.string().min(1).max(16_384).optional(),
    /** Absolute path of what is run: never looked up at run time. */
    program: z.string().startsWith('/').max(4096),
    args: z.array(z.string().max(16_384)).max(256),
    stdin: z.boolean().default(false),
    /** True where program and args are a shell with this text: shown as "equals your shell". */
    shell: z.boolean().default(false),
    /** Inside bwrap: no network, no home, nothing but temporary files written. Without bwrap it does not run. */
    sandbox: z.boolean().optional(),
  }),
  z.strictObject({ ...grantBase, capability: z.literal('kv') }),
  z.strictObject({
    ...grantBase,
    capability: z.literal('http'),
    ...httpScope,
    /** Also where the origin leads to a private, loopback or link-local address. */
    private: z.boolean().default(false),
    /** Of a decompressed answer. */
    maxBytes: z.number().int().min(1).max(MAX_HTTP_BYTES).optional(),
  }),
  z.strictObject({ ...grantBase, capability: z.literal('secret'), name: SecretName, use: SecretUse }),
  z.strictObject({
    ...grantBase,
    capability: z.literal('fs.write'),
    /** A file, or a folder with everything below it. */
    path: z.string().startsWith('/').max(4096),
    /** Of one file; what Signet writes at most where it is left out. */
    maxBytes: z.number().int().min(1).optional(),
  }),
  z.strictObject({
    ...grantBase,
    capability: z.literal('invoke'),
    /** `observe`: the function is called in a dry run, whatever the caller is in. */
    function: z.string().regex(/^[a-z]+\/[a-z][a-z0-9_]{0,63}$/, 'expected kind/name'),
  }),
  z.strictObject({
    ...grantBase,
    capability: z.literal('model'),
    roles: z.array(z.string().min(1).max(64)).min(1).max(16),
    /** Tokens in and out of one call, and of all calls of a day (UTC) under this grant. */
    maxTokensPerCall: z.number().int().min(1).optional(),
    tokensPerDay: z.number().int().min(1).optional(),
  }),
]);
export type Grant = z.infer<typeof Grant>;

export const Grants = z.strictObject({ version: z.literal(1), grants: z.array(Grant).max(10_000) });
export type Grants = z.infer<typeof Grants>;

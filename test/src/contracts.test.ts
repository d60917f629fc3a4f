// The shapes of what is on disk and on a wire: what each takes and what it refuses (THREATS.md 1, 7, 18, 29, 32, 33, 36).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { COMMANDS, HostStatus } from '../../src/contracts/api.ts';
import {
  BundleName,
  Count,
  Digest,
  Fingerprint,
  FunctionName,
  formatTime,
  NamePart,
  PublicKeyText,
  Time,
  Version,
  VersionRange,
} from '../../src/contracts/common.ts';
import { Grants, Lockfile, Policy } from '../../src/contracts/config.ts';
import { AuditReport, ConvergenceSpec, SpecFile } from '../../src/contracts/convergence.ts';
import { HostOwner } from '../../src/contracts/host.ts';
import { JournalEntry } from '../../src/contracts/journal.ts';
import {
  CAPABILITY_NAMES,
  CapabilityRequest,
  fullName,
  KIND_NAMES,
  Manifest,
} from '../../src/contracts/manifest.ts';
import { PlanDraft, Principal } from '../../src/contracts/plan.ts';
import {
  Envelope,
  FilesDocument,
  LogEntry,
  NamespaceDocument,
  RootDocument,
} from '../../src/contracts/statement.ts';
import { FirstPartyLock, KeyFile, TrustFile } from '../../src/contracts/trust.ts';
import { CHECK_NAMES, exitOf, type SubjectVerdict, Verdict } from '../../src/contracts/verdict.ts';
import { CODES, type ErrorCode } from '../../src/error.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const KEY = `SHA256:${'b'.repeat(64)}`;
const TIME = '2026-03-01T12:00:00Z';

/** Names that every object has in JavaScript. */
const JAVASCRIPT = Object.getOwnPropertyNames(Object.prototype);

function table(
  name: string,
  schema: z.ZodType,
  valid: readonly unknown[],
  invalid: readonly unknown[],
): void {
  describe(name, () => {
    test.each(valid.map((value) => [value]))('takes %j', (value) => {
      expect(schema.safeParse(value).data).toEqual(value);
    });
    test.each(invalid.map((value) => [value]))('refuses %j', (value) => {
      expect(schema.safeParse(value).success).toBe(false);
    });
  });
}

describe('names', () => {
  table(
    'NamePart',
    NamePart,
    ['a', '1', 'pdf-tools', 'a1-b2', 'x'.repeat(64)],
    ['', 'A', '-a', 'a-', 'a--b', 'a_b', 'a.b', 'a/b', '..', 'ä', 'а', 'a ', 'a\n', 'x'.repeat(65), 1, null],
  );
  table(
    'BundleName',
    BundleName,
    ['acme/tools', 'a/b'],
    [
      'acme',
      'acme/',
      '/tools',
      'acme/tools/x',
      'acme//tools',
      '../tools',
      'Acme/tools',
      'acme/constructor',
      'acme/tools@1',
      '',
    ],
  );
  table(
    'FunctionName',
    FunctionName,
    ['a', 'shell_command', 'a__b', 'f1', 'x'.repeat(64)],
    ['', '1a', '_a', 'A', 'a-b', 'a.b', 'a/b', 'aB', 'ü', 'x'.repeat(65), ' a', 'a\u0000'],
  );

  test('names that are JavaScript’s are nobody’s', () => {
    expect(JAVASCRIPT).toContain('constructor');
    for (const schema of [NamePart, FunctionName])
      expect(JAVASCRIPT.filter((name) => schema.safeParse(name).success)).toEqual([]);
    for (const name of JAVASCRIPT) expect(BundleName.safeParse(`${name}/${name}`).success).toBe(false);
  });

  test('whatever is taken is safe as a key, a path and a word of a shell', () => {
    const any = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...JAVASCRIPT),
      fc.stringMatching(/^[a-z0-9_-]{0,70}$/),
    );
    fc.assert(
      fc.property(any, (name) => {
        for (const schema of [NamePart, FunctionName]) {
          if (!schema.safeParse(name).success) continue;
          expect(name).toMatch(/^[a-z0-9][a-z0-9_-]{0,63}$/);
          expect(name in {}).toBe(false);
        }
      }),
    );
  });
});

describe('versions', () => {
  table(
    'Version',
    Version,
    ['1.2.3', '0.0.0', '1.2.3-alpha.1', '10.20.30-0'],
    [
      'v1.2.3',
      '=1.2.3',
      '1.2.3+a',
      '1.2',
      '1',
      '1.2.3.4',
      '01.2.3',
      ' 1.2.3',
      '1.2.3 ',
      '',
      '^1.2.3',
      'latest',
      `${2 ** 53}.0.0`,
      `1.0.0-${'x'.repeat(60)}`,
      1.2,
    ],
  );
  table(
    'VersionRange',
    VersionRange,
    ['^1.0.0', '*', '>=1 <3', '1.x', '1.2.3', '^1 || ^2'],
    ['', ' ', '\t', 'none', '^1.0.0 and more', '>>1', 'x'.repeat(129), null],
  );

  test('two spellings of one version are never both taken', () => {
    const spelling = fc.tuple(
      fc.constantFrom('', 'v', '=', ' '),
      fc.nat(9),
      fc.nat(9),
      fc.nat(9),
      fc.constantFrom('', '+a', '+b', '-1', '-1+a'),
    );
    fc.assert(
      fc.property(spelling, ([prefix, a, b, c, suffix]) => {
        const taken = Version.safeParse(`${prefix}${a}.${b}.${c}${suffix}`).success;
        expect(taken).toBe(prefix === '' && !suffix.includes('+'));
      }),
    );
  });
});

describe('digests, keys, times, counts', () => {
  table(
    'Digest',
    Digest,
    [DIGEST],
    [DIGEST.toUpperCase(), DIGEST.slice(1), `${DIGEST}a`, DIGEST.slice(0, -1), `${DIGEST}\n`, 'sha512:', ''],
  );
  table('Fingerprint', Fingerprint, [KEY], [KEY.toLowerCase(), KEY.slice(0, -1), DIGEST]);
  table(
    'PublicKeyText',
    PublicKeyText,
    [`ed25519:${'A'.repeat(43)}=`],
    [
      `ed25519:${'A'.repeat(44)}`,
      `ed25519:${'A'.repeat(42)}==`,
      `rsa:${'A'.repeat(43)}=`,
      `ed25519:${'-'.repeat(43)}=`,
    ],
  );
  table(
    'Time',
    Time,
    [TIME, '1970-01-01T00:00:00Z', '2024-02-29T23:59:59Z'],
    [
      '2026-03-01T12:00:00.000Z',
      '2026-03-01T12:00:00+00:00',
      '2026-03-01 12:00:00Z',
      '2026-03-01T12:00:00',
      '2026-02-29T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-03-01T24:00:00Z',
      '2026-03-01T12:00:60Z',
      '+002026-03-01T12:00:00Z',
      'now',
      '',
      0,
    ],
  );
  table(
    'Count',
    Count,
    [0, 1, Number.MAX_SAFE_INTEGER],
    [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1'],
  );

  test('formatTime gives what Time takes, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59Z') }), (ms) => {
        const text = formatTime(ms);
        expect(Time.parse(text)).toBe(text);
        expect(Date.parse(text)).toBe(Math.floor(ms / 1000) * 1000);
      }),
    );
  });
});

const LOCKED = {
  name: 'acme/tools',
  version: '1.0.0',
  digest: DIGEST,
  registry: 'local',
  index: 0,
  size: 1,
  namespaceVersion: 1,
  publisher: [KEY],
  builder: null,
  provides: ['skill/run'],
  capabilities: [{ id: 'clock' }],
};
const REGISTRY = { name: 'local', location: '.signet/registry', root: KEY, namespaces: ['local'] };
const GRANT = { bundle: 'acme/tools', class: 'observe', reason: 'r', by: 'ann' };
const SIGNERS = { keys: [KEY], threshold: 1 };
const PUBLIC = `ed25519:${'A'.repeat(43)}=`;
const ROOT = {
  type: 'root/1',
  version: 1,
  expires: TIME,
  keys: [PUBLIC],
  roles: {
    root: SIGNERS,
    registrar: SIGNERS,
    log: { ...SIGNERS, origin: 'signet.local/x' },
    status: SIGNERS,
  },
};
const NAMESPACE = {
  type: 'namespace/1',
  namespace: 'acme',
  version: 1,
  expires: TIME,
  threshold: 1,
  keys: [{ key: PUBLIC, fromIndex: 0 }],
};
const PIN = {
  fingerprint: KEY,
  local: true,
  root: null,
  checkpoint: null,
  status: null,
  namespaces: [],
  revoked: { digests: [], keys: [] },
};
const MANIFEST = {
  $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
  name: 'tools',
  version: '1.0.0',
  description: 'd',
  license: 'MIT',
  extensions: { 'dev.signet': { namespace: 'acme', host: '^1.0.0' } },
};
const OWNER = { type: 'host-owner/1', pid: 1, startTime: null, nonce: '0'.repeat(32), startedAt: TIME };

/** Each document with one that is valid, and the path of every object in it that must refuse a field more. */
const STRICT: readonly (readonly [string, z.ZodType, object, readonly string[]])[] = [
  [
    'Lockfile',
    Lockfile,
    { type: 'lock/1', bundles: [LOCKED] },
    ['', 'bundles.0', 'bundles.0.capabilities.0'],
  ],
  [
    'Policy',
    Policy,
    {
      version: 1,
      registries: [REGISTRY],
      freshness: {},
      provenance: {},
      host: { limits: {}, bundles: { 'acme/pdf': {} }, queue: {} },
    },
    [
      '',
      'registries.0',
      'freshness',
      'provenance',
      'host',
      'host.limits',
      'host.bundles.acme/pdf',
      'host.queue',
    ],
  ],
  [
    'Grants',
    Grants,
    {
      version: 1,
      grants: [
        { ...GRANT, capability: 'kv' },
        { ...GRANT, capability: 'fs.read', path: '/x' },
        { ...GRANT, capability: 'exec', program: '/bin/x', args: [] },
        { ...GRANT, capability: 'http', origin: 'https://a.example', methods: ['GET'] },
        {
          ...GRANT,
          capability: 'secret',
          name: 'KEY',
          use: { http: { origin: 'https://a.example', methods: ['GET'], header: 'X-Key' } },
        },
        { ...GRANT, capability: 'secret', name: 'KEY', use: { mac: { algorithms: ['hmac-sha256'] } } },
        { ...GRANT, capability: 'fs.write', path: '/x' },
        { ...GRANT, capability: 'invoke', function: 'skill/run' },
        { ...GRANT, capability: 'model', roles: ['planner'] },
      ],
    },
    [
      '',
      ...['0', '1', '2', '3', '4', '4.use', '4.use.http', '5', '5.use', '5.use.mac', '6', '7', '8'].map(
        (at) => `grants.${at}`,
      ),
    ],
  ],
  [
    'FirstPartyLock',
    FirstPartyLock,
    { type: 'first-party/1', bundles: [{ name: 'signet/x', version: '1.0.0', digest: DIGEST }] },
    ['', 'bundles.0'],
  ],
  ['TrustFile', TrustFile, { type: 'trust/1', roots: [PIN] }, ['', 'roots.0', 'roots.0.revoked']],
  [
    'KeyFile',
    KeyFile,
    { type: 'key/1', publicKey: PUBLIC, secret: { encoding: 'plain', seed: 'x'.repeat(44) } },
    ['', 'secret'],
  ],
  ['Envelope', Envelope, { payloadType: 't', payload: '', signatures: [{ sig: 's' }] }, ['', 'signatures.0']],
  ['RootDocument', RootDocument, ROOT, ['', 'roles', 'roles.root', 'roles.log']],
  ['NamespaceDocument', NamespaceDocument, NAMESPACE, ['', 'keys.0']],
  [
    'FilesDocument',
    FilesDocument,
    { type: 'files/1', files: [{ path: 'a', size: 0, mode: '0644', sha256: 'a'.repeat(64) }] },
    ['', 'files.0'],
  ],
  ['Manifest', Manifest, { ...MANIFEST, author: {} }, ['', 'author', 'extensions.dev\u0000signet']],
  ['HostOwner', HostOwner, OWNER, ['']],
  ['Principal', Principal, { kind: 'human', id: 'ann' }, ['']],
  ['host.call', COMMANDS['host.call'], { kind: 'skill', name: 'run', input: 1 }, ['']],
  ['host.audit', COMMANDS['host.audit'], { specs: '/x' }, ['']],
  [
    'Verdict',
    Verdict,
    { schema: 'verify/1', ok: false, code: null, subjects: [], counts: { subjects: 0, ok: 0, refused: 0 } },
    ['', 'counts'],
  ],
  ['AuditReport', AuditReport, { schema: 'audit/1', ok: true, exit: 0, results: [] }, ['']],
];

/** A copy of the value in which the object at the path has one field more. */
function withMore(value: object, path: string): unknown {
  const copy = structuredClone(value);
  let at: Record<string, unknown> = copy as Record<string, unknown>;
  for (const part of path === '' ? [] : path.split('.'))
    at = at[part.replace('\u0000', '.')] as Record<string, unknown>;
  at['more'] = 1;
  return copy;
}

describe('strictness: a field that no one knows is an error, wherever it stands', () => {
  test.each(STRICT)('%s', (_name, schema, valid, paths) => {
    expect(schema.safeParse(valid).error).toBe(undefined);
    for (const path of paths)
      expect(schema.safeParse(withMore(valid, path)).success, path || '(top)').toBe(false);
  });

  test('the extensions of other clients, and the seed’s own fields of a spec, are carried', () => {
    const extensions = { ...MANIFEST.extensions, 'com.example': { any: 1 } };
    expect(Manifest.parse({ ...MANIFEST, extensions }).extensions).toMatchObject({
      'com.example': { any: 1 },
    });
    expect(SpecFile.parse({ convergence_specs: [1], version: 3 })).toEqual({
      convergence_specs: [1],
      version: 3,
    });
    const spec = {
      id: 'x',
      owner: 'me',
      drift_action: 'alert_only',
      declaration: { source: 's', extractor: 'x', why: 1 },
      runtime_observable: { method: 'x', parser: 'x' },
    };
    expect(ConvergenceSpec.parse(spec)).toMatchObject(spec);
  });
});

describe('Lockfile', () => {
  const lock = (change: object) =>
    Lockfile.safeParse({ type: 'lock/1', bundles: [{ ...LOCKED, ...change }] }).success;
  test.each<[object, boolean]>([
    [{}, true],
    [{ builder: 'urn:signet:builder:local' }, true],
    [{ version: 'v1.0.0' }, false],
    [{ version: '1.0.0+a' }, false],
    [{ name: 'constructor/x' }, false],
    [{ publisher: [] }, false],
    [{ index: -1 }, false],
    [{ namespaceVersion: 0 }, false],
    [{ provides: ['skill/__proto__'] }, false],
    [{ provides: ['skill'] }, false],
    [{ capabilities: [{ id: 'root' }] }, false],
  ])('%j: %s', (change, valid) => expect(lock(change)).toBe(valid));
  test('another format is none', () =>
    expect(Lockfile.safeParse({ type: 'lock/2', bundles: [] }).success).toBe(false));
});

describe('Policy', () => {
  test('what is left out is strict', () => {
    expect(Policy.parse({ version: 1, registries: [] })).toMatchObject({
      version: 1,
      registries: [],
      freshness: { installDays: 7, loadDays: 30 },
      provenance: { required: true },
    });
  });
  const policy = (change: object) =>
    Policy.safeParse({ version: 1, registries: [REGISTRY], ...change }).success;
  test.each<[object, boolean]>([
    [{}, true],
    [{ version: 2 }, false],
    [{ version: '1' }, false],
    [{ registries: [{ ...REGISTRY, namespaces: [] }] }, false],
    [{ registries: [{ ...REGISTRY, namespaces: ['*'] }] }, false],
    [{ registries: [{ ...REGISTRY, root: 'none' }] }, false],
    [{ freshness: { installDays: 0 } }, false],
    [{ freshness: { loadDays: -1 } }, false],
    [{ freshness: { loadDays: 1e9 } }, false],
    [{ freshness: { loadDays: 0.5 } }, true],
    [{ provenance: { required: 'no' } }, false],
    [{ host: {} }, true],
    [
      { host: { limits: { wallMs: 1 }, bundles: { 'acme/pdf': { cpuMs: 10 } }, queue: { waiting: 0 } } },
      true,
    ],
    [{ host: { limits: { wallMs: 0 } } }, false],
    [{ host: { bundles: { pdf: {} } } }, false],
    [{ host: { queue: { running: 0 } } }, false],
  ])('%j: %s', (change, valid) => expect(policy(change)).toBe(valid));
});

describe('Grants', () => {
  const grant = (more: object) => Grants.safeParse({ version: 1, grants: [{ ...GRANT, ...more }] }).success;
  const exec = { capability: 'exec', program: '/bin/x', args: [] };
  const http = { capability: 'http', origin: 'https://api.example.com', methods: ['GET'] };
  const secret = {
    capability: 'secret',
    name: 'KEY',
    use: { http: { origin: 'https://api.example.com', methods: ['GET'], header: 'Authorization' } },
  };
  test.each<[object, boolean]>([
    [{ capability: 'kv' }, true],
    [{ capability: 'kv', expires: TIME }, true],
    [{ capability: 'kv', expires: 'tomorrow' }, false],
    [{ capability: 'kv', class: 'read' }, false],
    [{ capability: 'kv', class: undefined }, false],
    [{ capability: 'kv', reason: '' }, false],
    [{ capability: 'kv', by: undefined }, false],
    [{ capability: 'kv', bundle: '*' }, false],
    [{ capability: 'http' }, false],
    [{ capability: 'fs.read', path: 'relative' }, false],
    [{ capability: 'fs.read', path: '~/x' }, false],
    [{ capability: 'fs.write', path: '/x' }, true],
    [{ capability: 'fs.write', path: '/x', maxBytes: 1 }, true],
    [{ capability: 'fs.write', path: 'x' }, false],
    [{ capability: 'fs.write', path: '/x', maxBytes: 0 }, false],
    [{ capability: 'invoke', function: 'skill/run' }, true],
    [{ capability: 'invoke', function: 'skill/*' }, false],
    [{ capability: 'invoke' }, false],
    [{ capability: 'model', roles: ['planner'] }, true],
    [{ capability: 'model', roles: ['planner'], maxTokensPerCall: 10, tokensPerDay: 100 }, true],
    [{ capability: 'model', roles: [] }, false],
    [{ capability: 'model', roles: ['planner'], tokensPerDay: 0 }, false],
    [http, true],
    [{ ...http, origin: 'http://127.0.0.1:8080' }, true],
    [{ ...http, origin: 'http://[::1]' }, true],
    [{ ...http, origin: 'https://api.example.com/' }, false],
    [{ ...http, origin: 'https://api.example.com:443' }, false],
    [{ ...http, origin: 'https://API.example.com' }, false],
    [{ ...http, origin: 'https://ann@api.example.com' }, false],
    [{ ...http, origin: 'http://0x7f.1' }, false],
    [{ ...http, origin: 'https://*.example.com' }, false],
    [{ ...http, origin: 'ftp://api.example.com' }, false],
    [{ ...http, origin: 'file://' }, false],
    [{ ...http, methods: [] }, false],
    [{ ...http, methods: ['get'] }, false],
    [{ ...http, methods: ['CONNECT'] }, false],
    [{ ...http, methods: ['TRACE'] }, false],
    [{ ...http, methods: ['PROPFIND', 'CONNECTED'] }, true],
    ...['v1/', '/v1/../', '/v1%2f', '/v1//x', '//evil', '/v1?x', '/v1#x', '/v1/;x', '/v1\\x', '/ä', ''].map(
      (pathPrefix): [object, boolean] => [{ ...http, pathPrefix }, false],
    ),
    [{ ...http, pathPrefix: '/v1/a.b-c_~x' }, true],
    [{ ...http, maxBytes: 0 }, false],
    [{ ...http, maxBytes: 8 << 20 }, true],
    [{ ...http, maxBytes: (8 << 20) + 1 }, false],
    [secret, true],
    [{ ...secret, name: 'key' }, false],
    [{ ...secret, use: {} }, false],
    [{ ...secret, use: { mac: { algorithms: ['hmac-sha256'] } } }, true],
    [{ ...secret, use: { mac: { algorithms: ['hmac-md5'] } } }, false],
    [{ ...secret, use: { mac: { algorithms: [] } } }, false],
    [{ ...secret, use: { ...secret.use, mac: { algorithms: ['hmac-sha256'] } } }, false],
    ...['Bearer', '{}{}', 'a\r\nb: {}', ' {}', '{} ', 'ä{}', ''].map((format): [object, boolean] => [
      { ...secret, use: { http: { ...secret.use.http, format } } },
      false,
    ]),
    [{ ...secret, use: { http: { ...secret.use.http, format: 'token key="{}"' } } }, true],
    [{ ...secret, use: { http: { ...secret.use.http, header: 'a b' } } }, false],
    [exec, true],
    [{ ...exec, program: 'x' }, false],
    [{ ...exec, args: 'x' }, false],
    [{ ...exec, command: '' }, false],
    [{ ...exec, path: '/x' }, false],
  ])('%j: %s', (more, valid) => expect(grant(more)).toBe(valid));
  test('an exec without a word on stdin and shell has neither', () => {
    expect(Grants.parse({ version: 1, grants: [{ ...GRANT, ...exec }] }).grants[0]).toMatchObject({
      stdin: false,
      shell: false,
    });
  });
});

describe('LogEntry', () => {
  table(
    'takes each type, and only its own fields',
    LogEntry,
    [
      {
        type: 'publish',
        name: 'acme/x',
        version: '1.0.0',
        archive: DIGEST,
        release: DIGEST,
        provenance: null,
      },
      { type: 'yank', name: 'acme/x', version: '1.0.0', reason: '' },
      { type: 'revoke', digest: DIGEST, reason: 'r' },
      { type: 'revoke-key', key: KEY, fromIndex: 0, reason: 'r' },
      { type: 'namespace', namespace: 'acme', version: 1, document: DIGEST },
    ],
    [
      {},
      { type: 'delete' },
      { type: 'publish', name: 'acme/x', version: '1.0.0', archive: DIGEST, release: DIGEST },
      {
        type: 'publish',
        name: 'acme/x',
        version: '1.0.0+a',
        archive: DIGEST,
        release: DIGEST,
        provenance: null,
      },
      { type: 'revoke', digest: DIGEST, reason: 'r', key: KEY },
      { type: 'revoke', digest: KEY, reason: 'r' },
      { type: 'revoke-key', key: KEY, reason: 'r' },
      { type: 'revoke-key', key: KEY, fromIndex: -1, reason: 'r' },
      { type: 'namespace', namespace: 'acme', version: 0, document: DIGEST },
      { type: 'revoke', digest: DIGEST, reason: 'x'.repeat(1_025) },
    ],
  );
});

describe('signed documents', () => {
  const root = (roles: object) =>
    RootDocument.safeParse({ ...ROOT, roles: { ...ROOT.roles, ...roles } }).success;
  test.each<[object, boolean]>([
    [{}, true],
    [{ root: { keys: [KEY], threshold: 0 } }, false],
    [{ root: { keys: [KEY], threshold: -1 } }, false],
    [{ root: { keys: [KEY], threshold: 1.5 } }, false],
    [{ root: { keys: [], threshold: 1 } }, false],
    [{ log: SIGNERS }, false],
    [{ log: { ...SIGNERS, origin: 'with space' } }, false],
    [{ witness: SIGNERS }, true],
    [{ status: undefined }, false],
  ])('root roles %j: %s', (roles, valid) => expect(root(roles)).toBe(valid));

  test('a namespace document has at least one key and one signature', () => {
    expect(NamespaceDocument.parse(NAMESPACE).recovery).toBe(false);
    expect(NamespaceDocument.safeParse({ ...NAMESPACE, threshold: 0 }).success).toBe(false);
    expect(NamespaceDocument.safeParse({ ...NAMESPACE, keys: [] }).success).toBe(false);
  });

  test('an envelope has at most 16 signatures, on its way to its signers none', () => {
    const envelope = (count: number) =>
      Envelope.safeParse({ payloadType: 't', payload: '', signatures: Array(count).fill({ sig: 's' }) })
        .success;
    expect([0, 1, 16, 17].map(envelope)).toEqual([true, true, true, false]);
  });

  test('a file has one of two modes', () => {
    const file = (mode: string) =>
      FilesDocument.safeParse({
        type: 'files/1',
        files: [{ path: 'a', size: 0, mode, sha256: 'a'.repeat(64) }],
      }).success;
    expect(['0644', '0755', '4755', '0777', '644'].map(file)).toEqual([true, true, false, false, false]);
  });
});

describe('Manifest', () => {
  const signet = (more: object) =>
    Manifest.safeParse({
      ...MANIFEST,
      extensions: { 'dev.signet': { ...MANIFEST.extensions['dev.signet'], ...more } },
    }).success;
  const provided = { kind: 'skill', name: 'run', description: 'd', input: {}, output: {} };
  test.each<[object, boolean]>([
    [{}, true],
    [{ provides: [provided] }, true],
    [{ provides: [{ ...provided, kind: 'daemon' }] }, false],
    [{ provides: [{ ...provided, name: 'constructor' }] }, false],
    [{ provides: [{ ...provided, annotations: { safe: true } }] }, false],
    [{ host: '' }, false],
    [{ namespace: 'toString' }, false],
    [{ main: './other.js' }, false],
    [{ requires: { 'skill/x': '^1.0.0' } }, true],
    [{ requires: { skill: '^1.0.0' } }, false],
    [{ requires: { 'skill/x': 'latest please' } }, false],
    [{ limits: { wallMs: 0 } }, false],
    [{ limits: { wallMs: 1, heapMb: 8 } }, true],
    [{ limits: { effects: 1, cpuMs: 10, callsPerMinute: 60 } }, true],
    [{ limits: { speed: 1 } }, false],
    [{ limits: { cpuMs: 0 } }, false],
    [{ capabilities: Array(33).fill({ id: 'clock' }) }, false],
  ])('%j: %s', (more, valid) => expect(signet(more)).toBe(valid));

  test('its full name', () => {
    expect(fullName(Manifest.parse(MANIFEST))).toBe('acme/tools');
    expect(() => fullName({ name: '../x', extensions: { 'dev.signet': { namespace: 'acme' } } })).toThrow();
  });

  test('every capability that has a name can be asked for, and nothing else', () => {
    const asked = CapabilityRequest.options.map((option) => option.shape.id.value);
    expect([...asked].sort()).toEqual([...CAPABILITY_NAMES].sort());
    expect(
      CapabilityRequest.safeParse({ id: 'http', origins: ['https://x'], methods: ['get'] }).success,
    ).toBe(false);
    expect(CapabilityRequest.safeParse({ id: 'clock', forever: true }).success).toBe(false);
    expect(new Set(KIND_NAMES).size).toBe(13);
  });
});

describe('plans, journal, host', () => {
  const steps = (count: number) =>
    PlanDraft.safeParse({ steps: Array(count).fill({ kind: 'skill', name: 'x', input: 1 }) }).success;
  test('a draft has 1 to 200 steps; its risk is high unless it says less', () => {
    expect([0, 1, 200, 201].map(steps)).toEqual([false, true, true, false]);
    expect(PlanDraft.parse({ steps: [{ kind: 'skill', name: 'x', input: 1 }] }).steps[0]?.risk).toBe('high');
  });

  table(
    'JournalEntry',
    JournalEntry,
    [
      { type: 'host.close', at: 0 },
      { type: 'worker.lost', at: 1, domain: 'd', reason: 'r' },
      { type: 'bundle.refused', at: 1, name: '', version: 'no version', digest: DIGEST, code: 'E_X' },
    ],
    [
      { type: 'host.close' },
      { type: 'host.close', at: -1 },
      { type: 'host.close', at: 0, why: 'x' },
      { type: 'host.nap', at: 0 },
      { type: 'worker.lost', at: 1, domain: 'd', reason: 'x'.repeat(1_025) },
      { type: 'bundle.loaded', at: 1, name: 'x', version: 'no version', digest: DIGEST },
    ],
  );

  test('a host’s owner is a process', () => {
    for (const pid of [0, -1, 1.5, '1']) expect(HostOwner.safeParse({ ...OWNER, pid }).success).toBe(false);
    expect(HostOwner.safeParse({ ...OWNER, nonce: 'x' }).success).toBe(false);
    expect(HostOwner.safeParse({ ...OWNER, address: 'http://127.0.0.1:1', tokenFile: '/x' }).success).toBe(
      true,
    );
  });

  test('a status names the state of each bundle', () => {
    const bundle = (state: string) =>
      HostStatus.shape.bundles.safeParse([
        {
          name: 'x',
          version: '1',
          digest: 'd',
          state,
          code: null,
          warning: null,
          current: true,
          provides: [],
          uses: null,
        },
      ]).success;
    const states = ['installed', 'loaded', 'refused', 'quarantined', 'unknown'];
    expect(states.map(bundle)).toEqual([true, true, true, true, false]);
  });
});

describe('exitOf: the worst of several verdicts (DESIGN.md §7)', () => {
  const verdict = (code: string | null): SubjectVerdict => ({
    subject: 's',
    ok: code === null,
    code,
    checks: [],
    asks: [],
  });
  /** A code for each exit that verification can have, worst first. */
  const WORST: readonly (readonly [ErrorCode, number])[] = [
    ['E_INTERNAL', 70],
    ['E_USAGE', 64],
    ['E_SIGNATURE', 1],
    ['E_UNSIGNED', 3],
    ['E_HOST_RANGE', 5],
    ['E_STATUS_STALE', 4],
    ['E_REGISTRY', 6],
  ];

  test('nothing at all is not a success', () => expect(exitOf([])).toBe(3));
  test('all well is 0', () => expect(exitOf([verdict(null), verdict(null)])).toBe(0));

  test.each(WORST)('%s alone is %i, and one that is well does not help', (code, exit) => {
    expect(CODES[code].exit).toBe(exit);
    expect(exitOf([verdict(code)])).toBe(exit);
    expect(exitOf([verdict(null), verdict(code), verdict(null)])).toBe(exit);
  });

  test('of two the worse counts, in either order', () => {
    for (const [i, [worse, exit]] of WORST.entries())
      for (const [better] of WORST.slice(i))
        expect([
          exitOf([verdict(worse), verdict(better)]),
          exitOf([verdict(better), verdict(worse)]),
        ]).toEqual([exit, exit]);
  });

  test('a code that no table has, or none at all on a refusal, is Signet’s own failure', () => {
    expect(exitOf([verdict('E_NOTHING')])).toBe(70);
    expect(exitOf([verdict('constructor')])).toBe(70);
    expect(exitOf([{ ...verdict(null), ok: false }])).toBe(70);
  });

  test('every code has a place in that order', () => {
    for (const code of Object.keys(CODES))
      expect(exitOf([verdict(code)])).toBe(CODES[code as ErrorCode].exit);
  });

  test('the checks have the order of the design', () => {
    expect(CHECK_NAMES.join(' ')).toBe(
      'limits archive files envelope namespace log status provenance host requires kinds policy',
    );
  });
});

// Checks `status`, `provenance`, `host`, `requires` and `kinds`.
import { fingerprint } from '../../../keys/ed25519.ts';
import { archiveDigest } from '../../../registry/archive.ts';
import { DEFAULT_RULES } from '../../../registry/rules.ts';
import { NAMESPACE_PAYLOAD } from '../../../src/contracts/statement.ts';
import { archiveOf, DAY, PUBLISHER, REGISTRY_KEYS, START, STRANGER } from '../../registry/fixture.ts';
import { type Blueprint, granted, type Loose, ROOT, SECOND } from '../scene.ts';
import type { Refusal } from '../vector.ts';
import { BUILDER, handOver, ROOT_2, TWO } from './valid.ts';

const DIGEST = archiveDigest(archiveOf());
const PUBLISHER_ID = fingerprint(PUBLISHER.publicKey);
const ZERO = `sha256:${'0'.repeat(64)}`;
const changed =
  (change: (document: Loose) => void) =>
  (document: Loose): Loose => {
    const copy = JSON.parse(JSON.stringify(document)) as Loose;
    change(copy);
    return copy;
  };
const status = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  change: (document: Loose) => void,
): Refusal => ({
  id,
  about: `a signed status ${about}`,
  rows,
  code,
  plan: { status: changed(change) },
});
const revoked = (id: string, about: string, code: Refusal['code'], fields: object): Refusal => ({
  id,
  about,
  rows: [27],
  code,
  twin: 'another-revoked',
  plan: { revoked: { digests: [], keys: [], ...fields } },
});
const omitted = (id: string, about: string, seen: object, revocations: object = {}): Refusal => ({
  id,
  about,
  rows: [27],
  code: 'E_STATUS_OMITS',
  twin: 'another-revoked',
  plan: { revoked: { digests: [], keys: [], ...revocations } },
  pin: { revoked: { digests: [], keys: [], ...seen } },
});
const keyEntry = (fromIndex: number, key = PUBLISHER_ID) => ({ key, fromIndex, reason: 'stolen', index: 1 });

export const STATUS: readonly Refusal[] = [
  {
    id: 'no-signature',
    about: 'a status without a signature',
    rows: [32],
    code: 'E_UNSIGNED',
    plan: { finish: (proof) => (proof.status.signatures = []) },
  },
  {
    id: 'root-cut',
    about: 'a chain of roots without its newest, by which the registrar may have changed',
    rows: [2],
    code: 'E_ROLLBACK',
    twin: 'rotated-root',
    plan: { roots: [ROOT, ROOT_2], finish: (proof) => proof.root.pop() },
  },
  {
    id: 'document-cut',
    about: 'a chain of namespace documents without its newest, which drops the key that signed',
    rows: [2, 26],
    code: 'E_ROLLBACK',
    twin: 'released-before-rotation',
    plan: {
      namespaces: [granted(), handOver],
      log: [0, 'release', 1],
      finish: (proof) => proof.namespace.pop(),
    },
  },
  status('other-size', 'of another size', [5], 'E_STATUS_MISMATCH', (d) => (d.size = 3)),
  status('other-tree', 'of another root', [5, 12], 'E_STATUS_MISMATCH', (d) => (d.root = ZERO)),
  status('other-log', 'of another log', [5], 'E_STATUS_MISMATCH', (d) => (d.origin = 'other.example/log')),
  status('later', 'of a later format', [34], 'E_FORMAT_VERSION', (d) => (d.type = 'status/2')),
  status('extra', 'with a field that no one knows', [34], 'E_FORMAT', (d) => (d.revoked.names = [])),
  status(
    'time-zone',
    'with a time in another form',
    [18],
    'E_FORMAT',
    (d) => (d.expires = '2026-01-08T01:00:00+01:00'),
  ),
  status(
    'time-impossible',
    'with a day that does not exist',
    [18],
    'E_FORMAT',
    (d) => (d.expires = '2026-02-30T00:00:00Z'),
  ),
  {
    id: 'publisher-signs',
    about: 'a status that the publisher signed',
    rows: [8, 10],
    code: 'E_SIGNER',
    plan: { statusSigner: PUBLISHER },
  },
  {
    id: 'log-key-signs',
    about: 'a status that the log role signed',
    rows: [8, 10],
    code: 'E_SIGNER',
    plan: { statusSigner: REGISTRY_KEYS.log },
  },
  {
    id: 'as-namespace',
    about: 'a status signed as a namespace document',
    rows: [10],
    code: 'E_PAYLOAD_TYPE',
    plan: { statusType: NAMESPACE_PAYLOAD },
  },
  {
    id: 'flipped',
    about: 'one bit of the status flipped',
    rows: [1],
    code: 'E_SIGNATURE',
    plan: {
      finish: (proof) => {
        const bytes = Buffer.from(proof.status.payload, 'base64');
        bytes[20]! ^= 1;
        proof.status.payload = bytes.toString('base64');
      },
    },
  },
  {
    id: 'expired',
    about: 'a status at the second of its expiry',
    rows: [4, 31],
    code: 'E_STATUS_STALE',
    twin: 'seven-days',
    now: START + 7 * DAY,
  },
  {
    id: 'too-old',
    about: 'a status of two days where the policy allows one',
    rows: [4, 31],
    code: 'E_STATUS_STALE',
    twin: 'seven-days',
    trust: { freshness: { installDays: 1, loadDays: 30 } },
    now: START + 2 * DAY,
  },
  {
    id: 'from-the-future',
    about: 'a status that was issued eleven minutes from now',
    rows: [4],
    code: 'E_STATUS_STALE',
    now: START - 11 * 60_000,
  },
  {
    id: 'too-old-to-load',
    about: 'loading with a status of 31 days',
    rows: [31],
    code: 'E_STATUS_STALE',
    twin: 'load-after-a-month',
    trust: { purpose: 'load' },
    now: START + 31 * DAY,
  },
  revoked('digest', 'this very archive is revoked', 'E_REVOKED', {
    digests: [{ digest: DIGEST, reason: 'malware', index: 1 }],
  }),
  revoked('key', 'the publisher’s key is revoked from the beginning', 'E_KEY_REVOKED', {
    keys: [keyEntry(0)],
  }),
  revoked(
    'key-from-here',
    'the publisher’s key is revoked from the release’s own index on',
    'E_KEY_REVOKED',
    { keys: [keyEntry(1)] },
  ),
  {
    id: 'one-key-of-two',
    about: 'one of two required keys is revoked',
    rows: [7, 27],
    code: 'E_KEY_REVOKED',
    twin: 'two-of-two',
    plan: {
      namespaces: [TWO],
      publishers: [PUBLISHER, SECOND],
      revoked: { digests: [], keys: [keyEntry(0, fingerprint(SECOND.publicKey))] },
    },
  },
  {
    id: 'seen-revoked',
    about: 'a revocation that was seen binds where the status is older than it',
    rows: [27, 31],
    code: 'E_REVOKED',
    pin: { revoked: { digests: [{ digest: DIGEST, reason: 'malware', index: 5 }], keys: [] } },
  },
  {
    id: 'seen-revoked-and-stale',
    about: 'a revocation that was seen binds before age is judged',
    rows: [27, 31],
    code: 'E_REVOKED',
    trust: { purpose: 'load' },
    pin: { revoked: { digests: [{ digest: DIGEST, reason: 'malware', index: 5 }], keys: [] } },
    now: START + 90 * DAY,
  },
  omitted('omits-digest', 'a status that leaves out the revocation of a digest', {
    digests: [{ digest: ZERO, reason: 'x', index: 1 }],
  }),
  omitted('omits-key', 'a status that leaves out the revocation of a key', {
    keys: [keyEntry(0, fingerprint(STRANGER.publicKey))],
  }),
  omitted(
    'moves-key',
    'a status that moves the revocation of a key to a later index',
    { keys: [keyEntry(0, fingerprint(STRANGER.publicKey))] },
    { keys: [keyEntry(1, fingerprint(STRANGER.publicKey))] },
  ),
];

const provenance = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  change: (statement: Loose) => void,
): Refusal => ({
  id,
  about: `rightly signed and logged provenance ${about}`,
  rows,
  code,
  plan: { provenance: { change: changed(change) } },
});

const rules = (provenance: object) => ({ rules: { ...DEFAULT_RULES, ...provenance } });
const NAMED = rules({ provenance: { required: true, builders: [BUILDER] } });
const NAMED_BY_PUBLISHER = rules({
  provenance: { required: true, builders: [{ ...BUILDER, keys: 'publisher' }] },
});
const builtBy = (id: string, parameters: object): Blueprint => ({
  provenance: {
    change: changed((s) => {
      s.predicate.runDetails.builder.id = id;
      Object.assign(s.predicate.buildDefinition.externalParameters, parameters);
    }),
  },
});

export const PROVENANCE_CASES: readonly Refusal[] = [
  {
    id: 'no-signature',
    about: 'provenance without a signature',
    rows: [28, 32],
    code: 'E_UNSIGNED',
    plan: { provenance: { signers: [] } },
  },
  {
    id: 'none',
    about: 'no provenance under the default policy',
    rows: [28],
    code: 'E_PROVENANCE_MISSING',
    twin: 'no-provenance',
    plan: { provenance: null },
  },
  {
    id: 'stranger',
    about: 'provenance that a stranger signed',
    rows: [8, 28],
    code: 'E_SIGNER',
    plan: { provenance: { signers: [STRANGER] } },
  },
  {
    id: 'flipped',
    about: 'one bit of the provenance’s signature flipped',
    rows: [1],
    code: 'E_SIGNATURE',
    plan: {
      finish: (proof) => {
        const bytes = Buffer.from(proof.provenance.signatures[0].sig, 'base64');
        bytes[9]! ^= 1;
        proof.provenance.signatures[0].sig = bytes.toString('base64');
      },
    },
  },
  provenance(
    'other-archive',
    'of another archive',
    [9],
    'E_STATEMENT_MISMATCH',
    (s) => (s.subject[0].digest.sha256 = '0'.repeat(64)),
  ),
  provenance(
    'other-name',
    'of another bundle',
    [9],
    'E_STATEMENT_MISMATCH',
    (s) => (s.subject[0].name = 'local/other@1.0.0'),
  ),
  provenance(
    'release-predicate',
    'that is a release statement',
    [10],
    'E_PREDICATE',
    (s) => (s.predicateType = 'urn:signet:skill-release/v1'),
  ),
  provenance(
    'older',
    'of an older SLSA version',
    [34],
    'E_FORMAT_VERSION',
    (s) => (s.predicateType = 'https://slsa.dev/provenance/v0.2'),
  ),
  provenance(
    'build-type',
    'of another build type',
    [28, 34],
    'E_FORMAT',
    (s) => (s.predicate.buildDefinition.buildType = 'urn:other'),
  ),
  {
    id: 'builder-key',
    about:
      'provenance of a builder that the policy names, signed by the publisher instead of the builder’s key',
    rows: [8, 28],
    code: 'E_SIGNER',
    twin: 'builder-named',
    plan: builtBy(BUILDER.id, {}),
    trust: NAMED,
  },
  {
    id: 'builder-other',
    about: 'a builder that the policy does not name, where it names one for the namespace',
    rows: [28],
    code: 'E_BUILDER',
    twin: 'builder-named',
    trust: NAMED,
  },
  {
    id: 'source-other',
    about: 'a source repository that the policy does not accept from that builder',
    rows: [28],
    code: 'E_SOURCE',
    twin: 'builder-named',
    plan: builtBy(BUILDER.id, { repository: 'https://example.com/local-evil/hello' }),
    trust: NAMED_BY_PUBLISHER,
  },
  {
    id: 'source-climbs',
    about: 'a source repository that climbs out of the accepted prefix',
    rows: [28],
    code: 'E_SOURCE',
    twin: 'builder-named',
    plan: builtBy(BUILDER.id, { repository: 'https://example.com/local/../evil/hello' }),
    trust: NAMED_BY_PUBLISHER,
  },
  provenance(
    'builder',
    'by a builder that no policy names',
    [28],
    'E_BUILDER',
    (s) => (s.predicate.runDetails.builder.id = 'https://evil.example/builder'),
  ),
];

const bundle = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  signet: object,
): Refusal => ({
  id,
  about,
  rows,
  code,
  plan: { bundle: { signet } },
});

export const HOST: readonly Refusal[] = [
  bundle('later-host', 'a bundle for a later host', [33], 'E_HOST_RANGE', { host: '^2.0.0' }),
  bundle('earlier-host', 'a bundle for an earlier host', [33], 'E_HOST_RANGE', { host: '<1.0.0' }),
  {
    id: 'prerelease-host',
    about: 'a prerelease of the host, which the range does not name',
    rows: [33],
    code: 'E_HOST_RANGE',
    trust: { host: '1.1.0-rc.1' },
  },
];

const requires = { requires: { 'parser/lines': '^1.2.0' } };
export const REQUIRES: readonly Refusal[] = [
  {
    ...bundle('missing', 'what it requires is not installed', [33], 'E_REQUIRES', requires),
    twin: 'required-installed',
  },
  {
    ...bundle('too-old', 'what it requires is installed in an older version', [33], 'E_REQUIRES', requires),
    twin: 'required-installed',
    trust: { provided: new Map([['parser/lines', ['1.1.9']]]) },
  },
  {
    ...bundle(
      'prerelease',
      'what it requires is installed as a prerelease that the range does not name',
      [33],
      'E_REQUIRES',
      requires,
    ),
    twin: 'required-installed',
    trust: { provided: new Map([['parser/lines', ['1.3.0-beta.1']]]) },
  },
];

const parser = {
  kind: 'parser',
  name: 'lines',
  description: 'x',
  input: { type: 'object' },
  output: { type: 'object' },
};
export const KINDS: readonly Refusal[] = [
  bundle('ceiling', 'a parser that asks for programs', [], 'E_CEILING', {
    provides: [parser],
    capabilities: [{ id: 'exec', commands: 'granted' }],
  }),
  bundle('kind-unbuilt', 'a kind that this version cannot run', [], 'E_KIND_UNSUPPORTED', {
    provides: [{ ...parser, kind: 'planner' }],
    capabilities: [],
  }),
  bundle(
    'schema-pattern',
    'a schema with a pattern, which could make the host work for ever',
    [],
    'E_SCHEMA_SUBSET',
    {
      provides: [
        {
          ...parser,
          kind: 'skill',
          input: { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } },
        },
      ],
    },
  ),
  bundle('capability-twice', 'one capability asked for twice', [], 'E_MANIFEST', {
    capabilities: [{ id: 'log' }, { id: 'log' }],
  }),
  bundle('provided-twice', 'one function provided twice', [], 'E_MANIFEST', {
    provides: [
      { ...parser, kind: 'skill' },
      { ...parser, kind: 'skill' },
    ],
  }),
];

export const POLICY: readonly Refusal[] = [
  {
    id: 'licence-denied',
    about: 'a licence that the policy denies',
    rows: [],
    code: 'E_LICENCE',
    twin: 'rules',
    trust: rules({ licences: { deny: ['Apache-2.0'] } }),
  },
  {
    id: 'licence-not-allowed',
    about: 'a licence that is not among those that the policy allows',
    rows: [],
    code: 'E_LICENCE',
    twin: 'rules',
    trust: rules({ licences: { allow: ['MIT'], deny: [] } }),
  },
  {
    id: 'capability-denied',
    about: 'a capability that the policy denies to every bundle',
    rows: [],
    code: 'E_CAPABILITY_POLICY',
    twin: 'rules',
    trust: rules({ capabilities: { deny: ['kv'] } }),
  },
];

// Checks `envelope`, `namespace` and `log`: who signed it, who may, and that it was logged.
import { fingerprint, formatPublicKey, sign } from '../../../keys/ed25519.ts';
import { signEnvelope } from '../../../keys/envelope.ts';
import { sha256 } from '../../../keys/hash.ts';
import { archiveDigest } from '../../../registry/archive.ts';
import { signHead } from '../../../registry/log.ts';
import { formatCheckpoint } from '../../../src/checkpoint.ts';
import { IN_TOTO_PAYLOAD, NAMESPACE_PAYLOAD, STATUS_PAYLOAD } from '../../../src/contracts/statement.ts';
import { createNoteSigner, formatNote, parseNote, signNote } from '../../../src/note.ts';
import { archiveOf, DAY, PUBLISHER, REGISTRY_KEYS, START, STRANGER } from '../../registry/fixture.ts';
import {
  FIRST,
  granted,
  type Loose,
  NEXT_ROOT,
  ORIGIN,
  ROOT,
  ROOT_DOCUMENT,
  SECOND,
  signRoot,
  trustOf,
} from '../scene.ts';
import type { Refusal } from '../vector.ts';
import {
  handOver,
  publisherText,
  ROOT_2,
  ROOT_2_DOCUMENT,
  recovery,
  secondText,
  signetBundle,
  signetTrust,
  TWO,
} from './valid.ts';

const ZERO = `sha256:${'0'.repeat(64)}`;
const REGISTRAR = REGISTRY_KEYS.registrar;
const { registries } = trustOf();
const HOME = registries[0]!;
const flip = (base64: string): string => {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length >> 1]! ^= 1;
  return bytes.toString('base64');
};
/** The same signature with a multiple of the group order added to S. */
const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const malleable = (base64: string, factor: bigint): string => {
  const bytes = Buffer.from(base64, 'base64');
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + factor * L;
  Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse().copy(bytes, 32);
  return bytes.toString('base64');
};
const changed =
  (change: (statement: Loose) => void) =>
  (statement: Loose): Loose => {
    const copy = JSON.parse(JSON.stringify(statement)) as Loose;
    change(copy);
    return copy;
  };
const finish = (change: (proof: Loose) => void) => ({ plan: { finish: change } });

const says = (id: string, field: string, change: (statement: Loose) => void, rows = [9, 34]): Refusal => ({
  id: `says-${id}`,
  about: `a statement, rightly signed and logged, whose ${field} is not the manifest’s own`,
  rows,
  code: 'E_STATEMENT_MISMATCH',
  plan: { statement: changed(change) },
});
const statement = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  change: (s: Loose) => void,
): Refusal => ({
  id,
  about,
  rows,
  code,
  plan: { statement: changed(change) },
});
const unparsable = (
  id: string,
  about: string,
  code: Refusal['code'],
  bytes: (json: string) => Buffer,
): Refusal => ({
  id,
  about: `${about}, rightly signed and logged`,
  rows: [10, 18],
  code,
  plan: { statement: (s) => bytes(JSON.stringify(s)) },
});
const document = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  change: object,
): Refusal => ({
  id,
  about: `a namespace document ${about}`,
  rows,
  code,
  plan: { namespaces: [granted(change)] },
});

/** Version 2, which takes the second publisher in beside the first. */
const SHARED = granted({ version: 2, keys: [FIRST.keys[0]!, { key: secondText, fromIndex: 0 }] }, [
  REGISTRAR,
  PUBLISHER,
]);

export const ENVELOPE: readonly Refusal[] = [
  { id: 'unsigned', about: 'no proof bundle', rows: [32], code: 'E_UNSIGNED', proof: null },
  {
    id: 'no-signature',
    about: 'a release statement without a signature',
    rows: [32],
    code: 'E_UNSIGNED',
    plan: { publishers: [] },
  },
  {
    id: 'keys-dropped',
    about: 'a later document drops every key that could have signed',
    rows: [26],
    code: 'E_KEY_RANGE',
    twin: 'released-before-rotation',
    plan: { namespaces: [granted(), handOver], log: [0, 'release', 1] },
  },
  {
    id: 'stranger',
    about: 'signed by a stranger under its own key id',
    rows: [8],
    code: 'E_SIGNER',
    plan: { publishers: [STRANGER] },
  },
  {
    id: 'stranger-in-disguise',
    about: 'signed by a stranger under the publisher’s key id',
    rows: [17],
    code: 'E_SIGNATURE',
    plan: {
      publishers: [STRANGER],
      finish: (proof) => (proof.release.envelope.signatures[0].keyid = fingerprint(PUBLISHER.publicKey)),
    },
  },
  {
    id: 'registrar-signs',
    about: 'signed by the registrar, who grants namespaces and releases nothing',
    rows: [8],
    code: 'E_SIGNER',
    plan: { publishers: [REGISTRAR] },
  },
  {
    id: 'signature-flipped',
    about: 'one bit of the signature flipped',
    rows: [1],
    code: 'E_SIGNATURE',
    ...finish((proof) => {
      const [signature] = proof.release.envelope.signatures;
      signature.sig = flip(signature.sig);
    }),
  },
  {
    id: 'payload-flipped',
    about: 'one bit of the payload flipped',
    rows: [1],
    code: 'E_SIGNATURE',
    ...finish((proof) => (proof.release.envelope.payload = flip(proof.release.envelope.payload))),
  },
  ...[1n, 2n, 4n, 8n].map(
    (factor): Refusal => ({
      id: `malleable-${factor}`,
      about: `the signature with ${factor} times the group order added to S`,
      rows: [14],
      code: 'E_SIGNATURE',
      ...finish((proof) => {
        const [signature] = proof.release.envelope.signatures;
        signature.sig = malleable(signature.sig, factor);
      }),
    }),
  ),
  {
    id: 'signature-length',
    about: 'a signature of 63 bytes',
    rows: [14, 18],
    code: 'E_SIGNATURE',
    ...finish((proof) => {
      const [signature] = proof.release.envelope.signatures;
      signature.sig = Buffer.from(signature.sig, 'base64').subarray(0, 63).toString('base64');
    }),
  },
  ...(
    [
      ['base64-junk', 'junk in the base64 of a signature', (sig: string) => `*${sig.slice(1)}`],
      ['base64-url', 'the URL alphabet in the base64 of a signature', (sig: string) => `-${sig.slice(1)}`],
      ['base64-padding', 'a signature without padding', (sig: string) => sig.replace(/=+$/, '')],
      [
        'base64-stray-bits',
        'stray bits under the padding of a signature',
        (sig: string) => sig.replace(/.==$/, 'x=='),
      ],
      ['base64-space', 'a space in the base64 of a signature', (sig: string) => ` ${sig}`],
    ] as const
  ).map(
    ([id, about, change]): Refusal => ({
      id,
      about,
      rows: [18],
      code: 'E_BASE64',
      ...finish((proof) => {
        const [signature] = proof.release.envelope.signatures;
        signature.sig = change(signature.sig);
      }),
    }),
  ),
  {
    id: 'one-of-two',
    about: 'one publisher where two are required',
    rows: [7],
    code: 'E_THRESHOLD',
    twin: 'two-of-two',
    plan: { namespaces: [TWO], publishers: [PUBLISHER], provenance: { signers: [PUBLISHER, SECOND] } },
  },
  {
    id: 'one-twice',
    about: 'one publisher who signs twice, under two key ids, where two are required',
    rows: [7],
    code: 'E_THRESHOLD',
    twin: 'two-of-two',
    plan: {
      namespaces: [TWO],
      publishers: [PUBLISHER, PUBLISHER],
      provenance: { signers: [PUBLISHER, SECOND] },
      finish: (proof) => (proof.release.envelope.signatures[1].keyid = fingerprint(SECOND.publicKey)),
    },
  },
  {
    id: 'payload-type',
    about: 'the statement signed as a namespace document',
    rows: [10],
    code: 'E_PAYLOAD_TYPE',
    plan: { releaseType: NAMESPACE_PAYLOAD },
  },
  {
    id: 'payload-type-renamed',
    about: 'the right payload type written over a signature for another one',
    rows: [10],
    code: 'E_SIGNATURE',
    plan: {
      releaseType: NAMESPACE_PAYLOAD,
      finish: (proof) => (proof.release.envelope.payloadType = IN_TOTO_PAYLOAD),
    },
  },
  {
    id: 'pae-shifted',
    about: 'a byte moved from the payload into its type, so that the lengths alone tell them apart',
    rows: [10],
    code: 'E_PAYLOAD_TYPE',
    ...finish((proof) => {
      const payload = Buffer.from(proof.release.envelope.payload, 'base64');
      proof.release.envelope.payloadType += ` ${payload.length} {`;
      proof.release.envelope.payload = payload.subarray(1).toString('base64');
    }),
  },
  {
    id: 'not-authenticated',
    about: 'a signature over the bare payload, without DSSE’s encoding',
    rows: [10],
    code: 'E_SIGNATURE',
    ...finish((proof) => {
      const payload = Buffer.from(proof.release.envelope.payload, 'base64');
      proof.release.envelope.signatures[0].sig = Buffer.from(sign(PUBLISHER.secretKey, payload)).toString(
        'base64',
      );
    }),
  },
  {
    id: 'another-archive',
    about: 'a well-formed archive that is not the one that was signed',
    rows: [1, 9],
    code: 'E_DIGEST',
    archive: () => archiveOf({ files: { 'README.md': 'Greets twice.\n' } }),
  },
  says('subject', 'subject', (s) => (s.subject[0].name = 'local/other@1.0.0')),
  says('namespace', 'namespace', (s) => (s.predicate.namespace = 'other')),
  says('name', 'name', (s) => (s.predicate.name = 'other')),
  says('version', 'version', (s) => (s.predicate.version = '1.0.1'), [9, 33]),
  says('host', 'host range', (s) => (s.predicate.host = '^2.0.0')),
  says('files', 'digest of FILES.json', (s) => (s.predicate.files = ZERO)),
  says('provides', 'list of functions', (s) => (s.predicate.provides = [])),
  says('requires', 'list of required functions', (s) => (s.predicate.requires = { 'parser/lines': '*' })),
  says('capabilities', 'list of capabilities', (s) => s.predicate.capabilities.pop()),
  {
    id: 'asked-name',
    about: 'a genuine release, but another name was asked for',
    rows: [9],
    code: 'E_STATEMENT_MISMATCH',
    twin: 'asked',
    asked: { name: 'local/other' },
  },
  {
    id: 'asked-version',
    about: 'a genuine release, but another version was asked for',
    rows: [9, 33],
    code: 'E_STATEMENT_MISMATCH',
    twin: 'asked',
    asked: { name: 'local/hello', version: '1.0.1' },
  },
  {
    id: 'asked-digest',
    about: 'a genuine release, but another digest was asked for',
    rows: [9],
    code: 'E_STATEMENT_MISMATCH',
    twin: 'asked',
    asked: { digest: ZERO },
  },
  statement(
    'predicate-other',
    'the provenance’s predicate in the place of the release',
    [10],
    'E_PREDICATE',
    (s) => {
      s.predicateType = 'https://slsa.dev/provenance/v1';
    },
  ),
  statement(
    'predicate-none',
    'a statement without a predicate type',
    [10],
    'E_PREDICATE',
    (s) => delete s.predicateType,
  ),
  statement(
    'predicate-older',
    'an older release predicate',
    [34],
    'E_FORMAT_VERSION',
    (s) => (s.predicateType = 'urn:signet:skill-release/v0'),
  ),
  statement(
    'predicate-later',
    'a later release predicate',
    [34],
    'E_FORMAT_VERSION',
    (s) => (s.predicateType = 'urn:signet:skill-release/v2'),
  ),
  statement(
    'statement-type',
    'another statement type',
    [10],
    'E_FORMAT',
    (s) => (s._type = 'https://in-toto.io/Statement/v0.1'),
  ),
  statement(
    'statement-field',
    'a field that no one knows',
    [34],
    'E_FORMAT',
    (s) => (s.predicate.hooks = []),
  ),
  statement('no-subject', 'a statement about nothing', [32], 'E_FORMAT', (s) => (s.subject = [])),
  statement('two-subjects', 'a statement about two archives', [9], 'E_FORMAT', (s) =>
    s.subject.push(s.subject[0]),
  ),
  statement(
    'weak-digest',
    'a subject with a sha1 besides',
    [34],
    'E_FORMAT',
    (s) => (s.subject[0].digest.sha1 = '0'.repeat(40)),
  ),
  statement('upper-case-digest', 'a digest in capitals', [18], 'E_FORMAT', (s) => {
    s.subject[0].digest.sha256 = s.subject[0].digest.sha256.toUpperCase();
  }),
  unparsable('payload-no-json', 'no JSON', 'E_JSON', () => Buffer.from('release!')),
  unparsable('payload-key-twice', 'a key twice', 'E_JSON', (json) =>
    Buffer.from(json.replace('{', '{"_type":"x",')),
  ),
  unparsable('payload-utf8', 'no UTF-8', 'E_JSON', (json) =>
    Buffer.from(json.replace('Greets', '\u00ff'), 'latin1'),
  ),
  document('granted-small-order', 'that lists a key of small order', [15], 'E_KEY', {
    keys: [{ key: formatPublicKey(new Uint8Array(32).fill(1, 0, 1)), fromIndex: 0 }, FIRST.keys[0]],
  }),
  document('granted-non-canonical', 'that lists a key in a second encoding', [15], 'E_KEY', {
    keys: [
      { key: formatPublicKey(Buffer.from(`f0${'ff'.repeat(30)}7f`, 'hex')), fromIndex: 0 },
      FIRST.keys[0],
    ],
  }),
  document('granted-rsa', 'that lists a key of another type', [16], 'E_FORMAT', {
    keys: [{ key: publisherText.replace('ed25519', 'rsa-pss'), fromIndex: 0 }],
  }),
  document('granted-twice', 'that lists a key twice', [7], 'E_NAMESPACE', {
    keys: [FIRST.keys[0], FIRST.keys[0]],
  }),
  document('granted-too-many', 'that requires more signatures than it has keys', [7], 'E_NAMESPACE', {
    threshold: 2,
  }),
  document('granted-threshold-0', 'that requires no signature', [7], 'E_FORMAT', { threshold: 0 }),
  document('granted-threshold-negative', 'that requires -1 signatures', [7], 'E_FORMAT', { threshold: -1 }),
  document('granted-later', 'of a later format', [34], 'E_FORMAT_VERSION', { type: 'namespace/2' }),
  document('granted-extra', 'with a field that no one knows', [34], 'E_FORMAT', { delegates: [] }),
  {
    id: 'status-as-namespace',
    about: 'the namespace document signed as a status',
    rows: [10],
    code: 'E_PAYLOAD_TYPE',
    plan: { namespaces: [{ ...granted(), payloadType: STATUS_PAYLOAD }] },
  },
  {
    id: 'granted-after',
    about: 'a namespace document that was logged after the release cannot have allowed it',
    rows: [30],
    code: 'E_NAMESPACE',
    plan: { log: ['release', 0] },
  },
  {
    id: 'next-key-back-dates',
    about: 'a key signs what stands in the log before the document that brought it in',
    rows: [26],
    code: 'E_SIGNER',
    twin: 'released-before-rotation',
    plan: { namespaces: [granted(), SHARED], log: [0, 'release', 1], publishers: [SECOND] },
  },
];

const root = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  change: (document: Loose) => void,
): Refusal => {
  const document = changed(change)(ROOT_DOCUMENT);
  const envelope = signRoot(document);
  const pinned = fingerprint(Buffer.from(envelope.payload, 'base64'));
  return {
    id,
    about: `a pinned root ${about}`,
    rows,
    code,
    plan: { roots: [envelope] },
    pin: { fingerprint: pinned },
  };
};
const rotation = (
  id: string,
  about: string,
  code: Refusal['code'],
  next: ReturnType<typeof signRoot>,
  rows = [2],
): Refusal => ({
  id,
  about,
  rows,
  code,
  twin: 'rotated-root',
  plan: { roots: [ROOT, next] },
});
const chain = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  ...namespaces: ReturnType<typeof granted>[]
): Refusal => ({
  id,
  about,
  rows,
  code,
  twin: 'handed-over',
  plan: { namespaces, publishers: [SECOND] },
});

export const NAMESPACE: readonly Refusal[] = [
  {
    id: 'unmapped',
    about: 'the policy maps the namespace to no registry',
    rows: [29, 32],
    code: 'E_REGISTRY_UNMAPPED',
    trust: { registries: [] },
  },
  {
    id: 'root-no-signature',
    about: 'a root document without a signature',
    rows: [32],
    code: 'E_UNSIGNED',
    ...finish((proof) => (proof.root[0].signatures = [])),
  },
  {
    id: 'document-no-signature',
    about: 'a namespace document without a signature',
    rows: [32],
    code: 'E_UNSIGNED',
    plan: { namespaces: [granted({}, [])] },
  },
  {
    id: 'root-headless',
    about: 'a chain of roots without the pinned one, from which the others follow',
    rows: [2, 29],
    code: 'E_ROOT_UNTRUSTED',
    twin: 'rotated-root',
    plan: { roots: [ROOT, ROOT_2], finish: (proof) => proof.root.shift() },
  },
  {
    id: 'document-headless',
    about: 'a chain of namespace documents without its first',
    rows: [2, 30],
    code: 'E_NAMESPACE',
    twin: 'handed-over',
    plan: {
      namespaces: [granted(), handOver],
      publishers: [SECOND],
      finish: (proof) => proof.namespace.shift(),
    },
  },
  {
    id: 'mapped-twice',
    about: 'the policy maps the namespace to two registries',
    rows: [29],
    code: 'E_REGISTRY_UNMAPPED',
    trust: { registries: [HOME, { ...HOME, name: 'away' }] },
  },
  {
    id: 'unpinned',
    about: 'the registry’s root is not pinned',
    rows: [29, 32],
    code: 'E_ROOT_UNPINNED',
    trust: { registries: [{ ...HOME, pin: undefined }] },
  },
  {
    id: 'own-root',
    about: 'a bundle that brings its own root, registrar, log and status',
    rows: [29],
    code: 'E_ROOT_UNTRUSTED',
    pin: { fingerprint: `SHA256:${'0'.repeat(64)}` },
  },
  {
    id: 'root-flipped',
    about: 'one bit of the pinned root flipped',
    rows: [1],
    code: 'E_ROOT_UNTRUSTED',
    ...finish((proof) => (proof.root[0].payload = flip(proof.root[0].payload))),
  },
  {
    id: 'root-signature-flipped',
    about: 'one bit of the root’s signature flipped',
    rows: [1],
    code: 'E_SIGNATURE',
    ...finish((proof) => (proof.root[0].signatures[0].sig = flip(proof.root[0].signatures[0].sig))),
  },
  {
    id: 'root-expired',
    about: 'a root at the second of its expiry',
    rows: [4],
    code: 'E_EXPIRED',
    plan: { issued: START + 365 * DAY, namespaces: [granted({ expires: '2030-01-01T00:00:00Z' })] },
    now: START + 365 * DAY,
  },
  root('root-key-twice', 'that lists a key twice', [7], 'E_ROOT', (d) => d.keys.push(d.keys[0])),
  root('root-role-key-twice', 'with a key twice in a role', [7], 'E_ROOT', (d) => {
    d.roles.log.keys.push(d.roles.log.keys[0]);
    d.roles.log.threshold = 2;
  }),
  root('root-unknown-key', 'with a role whose key it does not list', [7], 'E_ROOT', (d) => {
    d.roles.status.keys = [fingerprint(STRANGER.publicKey)];
  }),
  root(
    'root-threshold',
    'with a threshold above the keys of a role',
    [7],
    'E_ROOT',
    (d) => (d.roles.registrar.threshold = 2),
  ),
  root('root-threshold-0', 'with the threshold 0', [7], 'E_FORMAT', (d) => (d.roles.registrar.threshold = 0)),
  root(
    'root-small-order',
    'with a key of small order',
    [15],
    'E_KEY',
    (d) => (d.keys[1] = formatPublicKey(new Uint8Array(32))),
  ),
  root('root-later', 'of a later format', [34], 'E_FORMAT_VERSION', (d) => (d.type = 'root/2')),
  root('root-local-field', 'that says of itself that it is local', [29], 'E_FORMAT', (d) => (d.local = true)),
  rotation(
    'rotation-new-keys-only',
    'a second root that the first one’s key did not sign',
    'E_ROOT_ROTATION',
    signRoot(ROOT_2_DOCUMENT, [NEXT_ROOT]),
  ),
  rotation(
    'rotation-old-keys-only',
    'a second root that its own key did not sign',
    'E_SIGNER',
    signRoot(ROOT_2_DOCUMENT),
  ),
  rotation(
    'rotation-skips',
    'a third root behind the first',
    'E_ROOT_ROTATION',
    signRoot({ ...ROOT_2_DOCUMENT, version: 3 }, [REGISTRY_KEYS.root, NEXT_ROOT]),
  ),
  rotation(
    'rotation-repeats',
    'another first root behind the first',
    'E_ROOT_ROTATION',
    signRoot({ ...ROOT_2_DOCUMENT, version: 1 }, [REGISTRY_KEYS.root, NEXT_ROOT]),
  ),
  rotation(
    'rotation-fast-forward',
    'a root of version 2^53 - 1 behind the first',
    'E_ROOT_ROTATION',
    signRoot({ ...ROOT_2_DOCUMENT, version: Number.MAX_SAFE_INTEGER }, [REGISTRY_KEYS.root, NEXT_ROOT]),
    [3],
  ),
  rotation(
    'rotation-threshold',
    'a second root that requires two of its keys and has one',
    'E_THRESHOLD',
    signRoot(
      {
        ...ROOT_2_DOCUMENT,
        keys: [...ROOT_2_DOCUMENT.keys, formatPublicKey(REGISTRY_KEYS.root.publicKey), secondText],
        roles: {
          ...ROOT_2_DOCUMENT.roles,
          root: {
            keys: [fingerprint(REGISTRY_KEYS.root.publicKey), fingerprint(SECOND.publicKey)],
            threshold: 2,
          },
        },
      },
      [REGISTRY_KEYS.root],
    ),
    [7],
  ),
  {
    id: 'root-rollback',
    about: 'an older root than the one that was seen',
    rows: [2],
    code: 'E_ROLLBACK',
    twin: 'seen-before',
    pin: { root: { version: 2, fingerprint: `SHA256:${'0'.repeat(64)}` } },
  },
  {
    id: 'root-exists-twice',
    about: 'another second root than the one that was seen',
    rows: [2, 12],
    code: 'E_ROOT',
    twin: 'rotated-root',
    plan: { roots: [ROOT, ROOT_2] },
    pin: { root: { version: 2, fingerprint: `SHA256:${'0'.repeat(64)}` } },
  },
  {
    id: 'stranger-grants',
    about: 'a namespace document that a stranger signed for itself',
    rows: [8],
    code: 'E_SIGNER',
    plan: { namespaces: [granted({}, [STRANGER])] },
  },
  {
    id: 'publisher-grants',
    about: 'a namespace document that its own publisher signed',
    rows: [8],
    code: 'E_SIGNER',
    plan: { namespaces: [granted({}, [PUBLISHER])] },
  },
  {
    id: 'document-flipped',
    about: 'one bit of a namespace document’s signature flipped',
    rows: [1],
    code: 'E_SIGNATURE',
    ...finish((proof) => {
      const [signature] = proof.namespace[0].envelope.signatures;
      signature.sig = flip(signature.sig);
    }),
  },
  {
    id: 'document-expired',
    about: 'a namespace document at the second of its expiry',
    rows: [4],
    code: 'E_EXPIRED',
    plan: { issued: START + 300 * DAY },
    now: START + 300 * DAY,
  },
  {
    id: 'other-namespace',
    about: 'acme’s document and key for a release of other/…',
    rows: [8],
    code: 'E_NAMESPACE',
    plan: { namespaces: [granted({ namespace: 'acme' })] },
  },
  chain(
    'wrong-version',
    'version 3 behind version 1',
    [30],
    'E_NAMESPACE',
    granted(),
    granted({ version: 3, keys: [{ key: secondText, fromIndex: 1 }] }, [REGISTRAR, PUBLISHER]),
  ),
  chain(
    'handed-over-alone',
    'new keys that the old key did not sign',
    [30],
    'E_NAMESPACE_RECOVERY',
    granted(),
    granted({ version: 2, keys: [{ key: secondText, fromIndex: 0 }] }, [REGISTRAR, SECOND]),
  ),
  chain('publisher-alone', 'new keys that the registrar did not sign', [8, 30], 'E_SIGNER', granted(), {
    ...handOver,
    signers: [PUBLISHER],
  }),
  chain(
    'recovery-unconfirmed',
    'a recovery that the operator did not confirm',
    [30],
    'E_NAMESPACE_RECOVERY',
    granted(),
    recovery,
  ),
  {
    id: 'recovery-other-confirmed',
    about: 'a recovery, where the operator confirmed another one',
    rows: [30],
    code: 'E_NAMESPACE_RECOVERY',
    twin: 'recovery-confirmed',
    plan: { namespaces: [granted(), recovery], publishers: [SECOND] },
    trust: { recoveries: new Set([ZERO]) },
  },
  {
    id: 'document-rollback',
    about: 'an older namespace document than the one that was seen',
    rows: [2],
    code: 'E_ROLLBACK',
    twin: 'seen-before',
    pin: { namespaces: [{ namespace: 'local', version: 2, document: ZERO }] },
  },
  {
    id: 'document-exists-twice',
    about: 'another namespace document of the version that was seen',
    rows: [2, 12],
    code: 'E_NAMESPACE',
    twin: 'seen-before',
    pin: { namespaces: [{ namespace: 'local', version: 1, document: ZERO }] },
  },
  {
    id: 'local-root-speaks-for-acme',
    about: 'a local root that releases under acme',
    rows: [29],
    code: 'E_LOCAL_ROOT',
    plan: { bundle: { name: 'acme/hello' }, namespaces: [granted({ namespace: 'acme' })] },
    trust: { registries: [{ ...HOME, namespaces: ['acme'] }] },
  },
  {
    id: 'first-party-changed',
    about: 'a first-party bundle with another digest than the package pins',
    rows: [29],
    code: 'E_FIRST_PARTY',
    twin: 'first-party',
    plan: signetBundle,
    recover: () => signetTrust(ZERO),
  },
  {
    id: 'first-party-unlisted',
    about: 'a bundle under signet that the package does not pin',
    rows: [29],
    code: 'E_FIRST_PARTY',
    twin: 'first-party',
    plan: signetBundle,
    recover: ({ archive }) => ({
      ...signetTrust(archiveDigest(archive)),
      firstParty: { type: 'first-party/1', bundles: [] },
    }),
  },
];

const note = (
  id: string,
  about: string,
  rows: number[],
  code: Refusal['code'],
  change: (text: string) => string,
): Refusal => ({
  id,
  about,
  rows,
  code,
  ...finish((proof) => (proof.checkpoint = change(proof.checkpoint))),
});
const inclusion = (
  id: string,
  about: string,
  rows: number[],
  change: (inclusion: Loose, proof: Loose) => void,
  code: Refusal['code'] = 'E_LOG_PROOF',
): Refusal => ({
  id,
  about,
  rows,
  code,
  ...finish((proof) => change(proof.release.inclusion, proof)),
});
const logSigner = (name: string, pair = REGISTRY_KEYS.log) =>
  createNoteSigner(sha256, {
    name,
    publicKey: pair.publicKey,
    sign: (message) => sign(pair.secretKey, message),
  });
const entry = (id: string, about: string, change: (entry: Loose) => Loose, rows = [11]): Refusal => ({
  id,
  about,
  rows,
  code: 'E_LOG_ENTRY',
  ...relog(change),
});
/** A release whose own place in the log is taken by another entry, logged and proved like any. */
function relog(change: (entry: Loose) => Loose): Pick<Refusal, 'plan'> {
  return { plan: { relog: change } };
}

export const LOG: readonly Refusal[] = [
  {
    id: 'signature-flipped',
    about: 'one bit of the checkpoint’s signature flipped',
    rows: [1],
    code: 'E_NOTE_SIGNATURE',
    ...finish((proof) => {
      const { text, signatures } = parseNote(proof.checkpoint);
      const [line] = signatures;
      proof.checkpoint = formatNote(text, [
        { ...line!, signature: line!.signature.with(9, line!.signature[9]! ^ 1) },
      ]);
    }),
  },
  {
    id: 'signature-malleable',
    about: 'the checkpoint’s signature with the group order added to S',
    rows: [14],
    code: 'E_NOTE_SIGNATURE',
    ...finish((proof) => {
      const { text, signatures } = parseNote(proof.checkpoint);
      const [line] = signatures;
      const signature = Buffer.from(malleable(Buffer.from(line!.signature).toString('base64'), 1n), 'base64');
      proof.checkpoint = formatNote(text, [{ ...line!, signature }]);
    }),
  },
  note('size-changed', 'another size in a signed checkpoint', [1, 13], 'E_NOTE_SIGNATURE', (t) =>
    t.replace('\n2\n', '\n3\n'),
  ),
  note('no-blank-line', 'a checkpoint without the line between text and signatures', [18], 'E_NOTE', (t) =>
    t.replace('\n\n', '\n'),
  ),
  note('no-signature', 'a checkpoint without a signature', [32], 'E_NOTE', (t) =>
    t.slice(0, t.indexOf('\n\n') + 2),
  ),
  note('carriage-returns', 'a checkpoint with carriage returns', [18], 'E_NOTE', (t) =>
    t.replaceAll('\n', '\r\n'),
  ),
  note('many-signatures', 'a checkpoint with 101 signatures', [6], 'E_LIMIT', (t) => {
    const at = t.indexOf('\n\n') + 2;
    return t.slice(0, at) + t.slice(at).repeat(101);
  }),
  {
    id: 'stranger-signs',
    about: 'a checkpoint that a stranger signed under the log’s name',
    rows: [12, 17],
    code: 'E_NOTE_UNTRUSTED',
    plan: { note: (at) => signHead(ORIGIN, at, STRANGER) },
  },
  {
    id: 'status-key-signs',
    about: 'a checkpoint that the status role signed',
    rows: [10],
    code: 'E_NOTE_UNTRUSTED',
    plan: { note: (at) => signHead(ORIGIN, at, REGISTRY_KEYS.status) },
  },
  {
    id: 'other-key-name',
    about: 'the log’s key under another name',
    rows: [17],
    code: 'E_NOTE_UNTRUSTED',
    plan: {
      note: (at) => signNote(formatCheckpoint({ origin: ORIGIN, ...at }), [logSigner('other.example/log')]),
    },
  },
  {
    id: 'other-origin',
    about: 'a checkpoint of another log, signed by this one’s key',
    rows: [5],
    code: 'E_STATUS_MISMATCH',
    plan: {
      note: (at) => signNote(formatCheckpoint({ origin: 'other.example/log', ...at }), [logSigner(ORIGIN)]),
    },
  },
  ...(
    [
      ['leading-zero', 'a size with a leading zero', (size: number) => `0${size}`],
      ['size-exponent', 'a size with an exponent', (size: number) => `${size}e0`],
      ['size-inexact', 'a size that no number holds', () => '9007199254740993'],
    ] as const
  ).map(
    ([id, about, size]): Refusal => ({
      id,
      about: `a signed checkpoint with ${about}`,
      rows: [13, 18],
      code: 'E_CHECKPOINT',
      plan: {
        note: (at) =>
          signNote(`${ORIGIN}\n${size(at.size)}\n${Buffer.from(at.root).toString('base64')}\n`, [
            logSigner(ORIGIN),
          ]),
      },
    }),
  ),
  {
    id: 'size-0',
    about: 'the signed checkpoint of an empty log',
    rows: [13],
    code: 'E_LOG_PROOF',
    plan: { note: () => signHead(ORIGIN, { size: 0, root: sha256('') }, REGISTRY_KEYS.log) },
  },
  {
    id: 'another-tree',
    about: 'the signed checkpoint of another tree of the same size',
    rows: [5, 13],
    code: 'E_LOG_PROOF',
    plan: { note: (at) => signHead(ORIGIN, { ...at, root: new Uint8Array(32) }, REGISTRY_KEYS.log) },
  },
  inclusion(
    'hash-flipped',
    'one bit of the inclusion proof flipped',
    [1, 13],
    (i) => (i.hashes[0] = flip(i.hashes[0])),
  ),
  inclusion('hash-missing', 'an inclusion proof without its hash', [13], (i) => i.hashes.pop()),
  inclusion('hash-extra', 'an inclusion proof with a hash more', [13], (i) => i.hashes.push(i.hashes[0])),
  inclusion('hash-short', 'an inclusion proof with a hash of 31 bytes', [13], (i) => {
    i.hashes[0] = Buffer.from(i.hashes[0], 'base64').subarray(1).toString('base64');
  }),
  inclusion(
    'hash-base64',
    'an inclusion proof with junk in its base64',
    [18],
    (i) => (i.hashes[0] = `*${i.hashes[0].slice(1)}`),
    'E_BASE64',
  ),
  inclusion('index-beyond', 'an index beyond the log', [13], (i) => (i.index = 2)),
  inclusion(
    'entry-flipped',
    'one bit of the logged entry flipped',
    [1, 13],
    (i) => (i.entry = flip(i.entry)),
  ),
  inclusion('entry-of-node', 'the two hashes below the root in the place of an entry', [13], (i) => {
    i.entry = Buffer.concat([Buffer.alloc(32), Buffer.from(i.hashes[0], 'base64')]).toString('base64');
    i.hashes = [];
  }),
  inclusion(
    'proof-of-another',
    'the genuine proof of another entry under this one’s index',
    [11],
    (i, proof) => {
      i.entry = proof.namespace[0].inclusion.entry;
      i.hashes = proof.namespace[0].inclusion.hashes;
    },
  ),
  {
    id: 'document-never-logged',
    about: 'a namespace document whose entry is that of another document',
    rows: [30],
    code: 'E_LOG_ENTRY',
    plan: {
      namespaces: [granted()],
      finish: (proof) => {
        const other = signEnvelope(
          NAMESPACE_PAYLOAD,
          Buffer.from(JSON.stringify({ ...FIRST, expires: '2026-09-01T00:00:00Z' })),
          [REGISTRAR],
        );
        proof.namespace[0].envelope = other;
      },
    },
  },
  {
    id: 'document-proof-flipped',
    about: 'one bit of a namespace document’s inclusion proof flipped',
    rows: [1, 30],
    code: 'E_LOG_PROOF',
    ...finish((proof) => {
      const { hashes } = proof.namespace[0].inclusion;
      hashes[0] = flip(hashes[0]);
    }),
  },
  {
    id: 'documents-out-of-order',
    about: 'the second namespace document logged before the first',
    rows: [30],
    code: 'E_NAMESPACE',
    twin: 'handed-over',
    plan: {
      namespaces: [granted(), granted({ version: 2, keys: [FIRST.keys[0]!] }, [REGISTRAR, PUBLISHER])],
      log: [1, 0, 'release'],
    },
  },
  {
    id: 'statement-not-logged',
    about: 'a rightly signed statement that is not the one that was logged',
    rows: [11, 30],
    code: 'E_LOG_ENTRY',
    ...finish((proof) => {
      const { envelope } = proof.release;
      const payload = Buffer.from(`${Buffer.from(envelope.payload, 'base64').toString()} `);
      proof.release.envelope = signEnvelope(IN_TOTO_PAYLOAD, payload, [PUBLISHER]);
    }),
  },
  {
    id: 'provenance-taken-away',
    about: 'provenance taken away from a release that was logged with it',
    rows: [28],
    code: 'E_LOG_ENTRY',
    twin: 'no-provenance',
    plan: { finish: (proof) => (proof.provenance = null) },
    trust: { provenanceRequired: false },
  },
  {
    id: 'provenance-replaced',
    about: 'rightly signed provenance that is not the one that was logged',
    rows: [9, 28],
    code: 'E_LOG_ENTRY',
    ...finish((proof) => {
      const payload = Buffer.from(
        Buffer.from(proof.provenance.payload, 'base64').toString().replace('"path":"."', '"path":"x"'),
      );
      proof.provenance = signEnvelope(IN_TOTO_PAYLOAD, payload, [PUBLISHER]);
    }),
  },
  entry('logged-as-yank', 'a yank in the place of the release', (e) => ({
    type: 'yank',
    name: e.name,
    version: e.version,
    reason: '',
  })),
  entry('logged-other-name', 'the entry of another name', (e) => ({ ...e, name: 'local/other' })),
  entry('logged-other-version', 'the entry of another version', (e) => ({ ...e, version: '1.0.1' })),
  entry('logged-other-archive', 'the entry of another archive', (e) => ({ ...e, archive: ZERO })),
  entry('logged-other-statement', 'the entry of another statement', (e) => ({ ...e, release: ZERO })),
  {
    id: 'logged-unknown-type',
    about: 'an entry of a type that no one knows',
    rows: [10, 34],
    code: 'E_FORMAT',
    ...relog((e) => ({ ...e, type: 'publish/2' })),
  },
  {
    id: 'logged-key-twice',
    about: 'an entry with a key twice',
    rows: [18],
    code: 'E_JSON',
    ...relog((e) => Buffer.from(JSON.stringify(e).replace('{', '{"type":"yank",'))),
  },
  {
    id: 'key-range-ended',
    about: 'a key whose range had ended where the release stands',
    rows: [26],
    code: 'E_KEY_RANGE',
    plan: { namespaces: [granted({ keys: [{ key: publisherText, fromIndex: 0, untilIndex: 1 }] })] },
  },
  {
    id: 'key-range-later',
    about: 'a key whose range begins after the release',
    rows: [26],
    code: 'E_KEY_RANGE',
    plan: { namespaces: [granted({ keys: [{ key: publisherText, fromIndex: 2 }] })] },
  },
  {
    id: 'key-range-ended-since',
    about: 'a key whose range a later document ended before the release',
    rows: [26],
    code: 'E_KEY_RANGE',
    twin: 'released-before-rotation',
    plan: {
      namespaces: [
        granted(),
        granted(
          {
            version: 2,
            keys: [
              { key: publisherText, fromIndex: 0, untilIndex: 1 },
              { key: secondText, fromIndex: 1 },
            ],
          },
          [REGISTRAR, PUBLISHER],
        ),
      ],
      log: [0, 'release', 1],
    },
  },
  {
    id: 'rollback',
    about: 'a checkpoint smaller than the one that was seen',
    rows: [2],
    code: 'E_ROLLBACK',
    twin: 'seen-before',
    pin: { checkpoint: { origin: ORIGIN, size: 3, root: ZERO, note: '' } },
  },
  {
    id: 'equivocation',
    about: 'another root at the size that was seen',
    rows: [12],
    code: 'E_EQUIVOCATION',
    twin: 'seen-before',
    pin: { checkpoint: { origin: ORIGIN, size: 2, root: ZERO, note: '' } },
  },
  {
    id: 'equivocation-at-load',
    about: 'another root at the size that was seen, for loading',
    rows: [12],
    code: 'E_EQUIVOCATION',
    twin: 'loaded-below-what-was-seen',
    trust: { purpose: 'load' },
    pin: { checkpoint: { origin: ORIGIN, size: 2, root: ZERO, note: '' } },
  },
];

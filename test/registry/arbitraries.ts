// Any document of each kind, for the property tests.
import fc from 'fast-check';
import { formatTime } from '../../src/contracts/common.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';
import type { CapabilityRequest, Provided } from '../../src/contracts/manifest.ts';
import type {
  Envelope,
  InclusionProof,
  LogEntry,
  NamespaceDocument,
  ProofBundle,
  ReleaseStatement,
  RootDocument,
  StatusDocument,
} from '../../src/contracts/statement.ts';
import type { PinnedRoot } from '../../src/contracts/trust.ts';
import { START } from './fixture.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const base64 = (constraints: fc.IntArrayConstraints) =>
  fc.uint8Array(constraints).map((bytes) => Buffer.from(bytes).toString('base64'));
const digest = hex(64).map((text) => `sha256:${text}`);
const fingerprint = hex(64).map((text) => `SHA256:${text}`);
const publicKey = base64({ minLength: 32, maxLength: 32 }).map((text) => `ed25519:${text}`);
const name = fc
  .stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?$/)
  .filter((text) => !(text in Object.prototype));
const fullName = fc.tuple(name, name).map((parts) => parts.join('/'));
const version = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join('.'));
const range = fc.constantFrom('*', '^1.0.0', '>=1.2.3 <2', '1.0.0 || 2.0.0');
const time = fc.integer({ min: 0, max: 4_000_000 }).map((minutes) => formatTime(START + minutes * 60_000));
const count = fc.oneof(fc.nat(1000), fc.maxSafeNat());
const positive = count.map((n) => Math.max(1, n));
/** Any well-formed text: quotes, controls and astral characters too. */
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength = 4) =>
  fc.array(arbitrary, { minLength: 1, maxLength });

const capability: fc.Arbitrary<CapabilityRequest> = fc.oneof(
  fc.constantFrom<CapabilityRequest>(
    { id: 'clock' },
    { id: 'kv', access: 'read' },
    { id: 'exec', commands: 'granted' },
  ),
  some(text.filter((t) => t !== '')).map((paths): CapabilityRequest => ({ id: 'fs.read', paths })),
);
const provided: fc.Arbitrary<Provided> = fc.record({
  kind: fc.constantFrom('parser', 'skill', 'observer'),
  name: name.map((part) => part.replaceAll('-', '_')),
  description: text.map((t) => `x${t}`),
  input: fc.dictionary(
    name,
    fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value))),
  ),
  output: fc.constant({ type: 'object' }),
});

export const envelope: fc.Arbitrary<Envelope> = fc.record({
  payloadType: text.map((t) => `x${t}`),
  payload: base64({ maxLength: 60 }),
  signatures: some(
    fc.record({ keyid: text, sig: base64({ minLength: 64, maxLength: 64 }) }, { requiredKeys: ['sig'] }),
  ),
});

const signers = fc.record({ keys: some(fingerprint), threshold: fc.integer({ min: 1, max: 16 }) });
export const root: fc.Arbitrary<RootDocument> = fc.record({
  type: fc.constant('root/1' as const),
  version: positive,
  expires: time,
  keys: some(publicKey),
  roles: fc.record(
    {
      root: signers,
      registrar: signers,
      log: fc.record({
        keys: some(fingerprint),
        threshold: fc.integer({ min: 1, max: 16 }),
        origin: fc.stringMatching(/^[!-~]{1,20}$/),
      }),
      status: signers,
      witness: signers,
    },
    { requiredKeys: ['root', 'registrar', 'log', 'status'] },
  ),
});

export const namespace: fc.Arbitrary<NamespaceDocument> = fc.record({
  type: fc.constant('namespace/1' as const),
  namespace: name,
  version: positive,
  expires: time,
  threshold: fc.integer({ min: 1, max: 16 }),
  keys: some(
    fc.record(
      { key: publicKey, fromIndex: count, untilIndex: count },
      { requiredKeys: ['key', 'fromIndex'] },
    ),
  ),
  recovery: fc.boolean(),
});

const revoked = fc.record({
  digests: fc.array(fc.record({ digest, reason: text, index: count }), { maxLength: 4 }),
  keys: fc.array(fc.record({ key: fingerprint, fromIndex: count, reason: text, index: count }), {
    maxLength: 4,
  }),
});
export const status: fc.Arbitrary<StatusDocument> = fc.record({
  type: fc.constant('status/1' as const),
  origin: text.map((t) => `x${t}`),
  size: count,
  root: digest,
  issued: time,
  expires: time,
  rootVersion: positive,
  namespaces: fc
    .uniqueArray(fc.record({ namespace: name, version: positive, document: digest }), {
      selector: ({ namespace }) => namespace,
      maxLength: 3,
    })
    .map((list) => list.sort((a, b) => (a.namespace < b.namespace ? -1 : 1))),
  revoked,
});

export const entry: fc.Arbitrary<LogEntry> = fc.oneof(
  fc.record({
    type: fc.constant('publish' as const),
    name: fullName,
    version,
    archive: digest,
    release: digest,
    provenance: fc.option(digest),
  }),
  fc.record({ type: fc.constant('yank' as const), name: fullName, version, reason: text }),
  fc.record({ type: fc.constant('revoke' as const), digest, reason: text }),
  fc.record({ type: fc.constant('revoke-key' as const), key: fingerprint, fromIndex: count, reason: text }),
  fc.record({
    type: fc.constant('namespace' as const),
    namespace: name,
    version: positive,
    document: digest,
  }),
);

const inclusion: fc.Arbitrary<InclusionProof> = fc.record({
  index: count,
  entry: base64({ maxLength: 60 }),
  hashes: fc.array(base64({ minLength: 32, maxLength: 32 }), { maxLength: 4 }),
});
export const proof: fc.Arbitrary<ProofBundle> = fc.record({
  type: fc.constant('proof/1' as const),
  root: some(envelope, 2),
  namespace: some(fc.record({ envelope, inclusion }), 2),
  release: fc.record({ envelope, inclusion }),
  provenance: fc.option(envelope),
  checkpoint: text,
  status: envelope,
});

const subject = fc.tuple(
  fc.record({ name: text.map((t) => `x${t}`), digest: fc.record({ sha256: hex(64) }) }),
);
export const release: fc.Arbitrary<ReleaseStatement> = fc.record({
  _type: fc.constant('https://in-toto.io/Statement/v1' as const),
  subject,
  predicateType: fc.constant('urn:signet:skill-release/v1' as const),
  predicate: fc.record({
    namespace: name,
    name,
    version,
    host: range,
    files: digest,
    provides: fc.array(provided, { maxLength: 3 }),
    requires: fc.dictionary(fc.constantFrom('parser/a', 'skill/b'), range),
    capabilities: fc.array(capability, { maxLength: 3 }),
  }),
});

export const locked: fc.Arbitrary<LockedBundle> = fc.record({
  name: fullName,
  version,
  digest,
  registry: name,
  index: count,
  size: count,
  namespaceVersion: positive,
  publisher: some(fingerprint),
  builder: fc.option(text),
  provides: fc.array(fc.constantFrom('skill/hello', 'parser/lines'), { maxLength: 3 }),
  capabilities: fc.array(capability, { maxLength: 3 }),
});

export const pinned: fc.Arbitrary<PinnedRoot> = fc.record({
  fingerprint,
  local: fc.boolean(),
  root: fc.option(fc.record({ version: positive, fingerprint })),
  checkpoint: fc.option(fc.record({ origin: text, size: positive, root: digest, note: text })),
  status: fc.option(fc.record({ issued: time, expires: time, size: count })),
  namespaces: fc.array(fc.record({ namespace: name, version: positive, document: digest }), { maxLength: 3 }),
  revoked,
});

/** One to four edits of the bytes: flips, cuts, repetitions, insertions, and numbers that grow. */
export const edits: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .array(
    fc.record({
      what: fc.constantFrom('flip', 'cut', 'repeat', 'insert', 'digits', 'truncate'),
      at: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
      length: fc.nat(40),
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc
          .constantFrom(
            '{',
            '[',
            '"',
            '\\u0000',
            '__proto__',
            '\n\n',
            '&a',
            '*a',
            '!!js',
            '\ufeff',
            '\ud83d',
            '1e999',
            '-',
          )
          .map((t) => Buffer.from(t)),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => (bytes) => list.reduce((current, edit) => apply(current, edit), Uint8Array.from(bytes)));

function apply(
  bytes: Uint8Array<ArrayBuffer>,
  { what, at, length, bytes: extra }: { what: string; at: number; length: number; bytes: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const start = Math.floor(at * bytes.length);
  const join = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
  const [before, after] = [bytes.subarray(0, start), bytes.subarray(start)];
  switch (what) {
    case 'flip':
      return bytes.length === 0 ? bytes : bytes.with(start, bytes[start]! ^ (1 << (length & 7)));
    case 'cut':
      return join(before, after.subarray(length));
    case 'repeat':
      return join(before, after.subarray(0, length), after);
    case 'insert':
      return join(before, extra, after);
    case 'digits':
      return join(before, Buffer.from('9'.repeat(length)), after);
    default:
      return join(before);
  }
}

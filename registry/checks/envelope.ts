// Check `envelope`: the release statement is about exactly this archive and says what its manifest says, and it is signed by
// keys of the namespace document that was in force. That the document is genuine is check `namespace`; that the place in
// the log which selects it is true, and that the keys were valid there, is check `log` (THREATS.md 7-10, 14-17, 33, 34).

import { fingerprint } from '../../keys/ed25519.ts';
import { verifyEnvelope } from '../../keys/envelope.ts';
import { sha256 } from '../../keys/hash.ts';
import { EXTENSION } from '../../src/contracts/manifest.ts';
import { IN_TOTO_PAYLOAD, type ProofBundle } from '../../src/contracts/statement.ts';
import { digestOf } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import { canonicalJson } from '../../src/json.ts';
import type { VerifySignature } from '../../src/ports.ts';
import { BatchMemo, partsOf } from '../batch-memo.ts';
import { type NamespaceVersion, readNamespace } from '../namespace.ts';
import { parseRelease, subjectName } from '../statement.ts';
import type { Contents, Described } from './archive.ts';
import type { Passed } from './run.ts';

/** What the caller wants; whatever is given must be what the statement says. */
export interface Asked {
  readonly name?: string;
  readonly version?: string;
  readonly digest?: string;
}

/** The statement's signers, and the namespace documents by which they are judged. */
export interface SignedRelease {
  readonly proof: ProofBundle;
  /** Digest of the signed statement's bytes: what the log holds. */
  readonly statement: string;
  readonly signers: readonly Uint8Array[];
  readonly chain: readonly NamespaceVersion[];
  /** The newest document logged before the release, if the proof bundle tells the truth about the log. */
  readonly inForce: NamespaceVersion;
}

export function checkEnvelope(
  proof: ProofBundle | undefined,
  contents: Contents,
  described: Described,
  asked: Asked,
  verify: VerifySignature,
  memo = new BatchMemo(),
): Passed<SignedRelease> {
  if (proof === undefined) {
    throw new SignetError('E_UNSIGNED', `${described.name} comes without a proof bundle`, {
      item: described.name,
      expected: 'a proof bundle',
      actual: 'none',
    });
  }
  const chain = proof.namespace.map(({ envelope }) =>
    memo.once('document', partsOf([envelope]), () => readNamespace(envelope)),
  );
  const before = proof.namespace.filter(({ inclusion }) => inclusion.index < proof.release.inclusion.index);
  const inForce = chain[before.length - 1];
  if (inForce === undefined) {
    throw new SignetError('E_NAMESPACE', 'no namespace document was logged before the release', {
      item: described.name,
      expected: `an index below ${proof.release.inclusion.index}`,
      actual: String(proof.namespace[0]!.inclusion.index),
    });
  }
  const latest = chain.at(-1)!;
  const inBoth = inForce.keys.filter((a) => latest.keys.some((b) => Buffer.compare(a.key, b.key) === 0));
  const { threshold } = inForce.document;
  if (inBoth.length < threshold) {
    throw new SignetError('E_KEY_RANGE', 'a later namespace document drops the keys that could have signed', {
      item: described.name,
      expected: `${threshold} of the keys of v${inForce.document.version} in v${latest.document.version}`,
      actual: inBoth.map(({ key }) => fingerprint(key)).join(', ') || 'none of them',
    });
  }
  const { payload, signers } = verifyEnvelope(proof.release.envelope, {
    item: 'release statement',
    payloadType: IN_TOTO_PAYLOAD,
    keys: inBoth.map(({ key }) => key),
    threshold,
    verify,
  });
  matchStatement(payload, contents, described, asked);
  const value = { proof, statement: digestOf(sha256, payload), signers, chain, inForce };
  return { value, detail: `ed25519 ${signers.map(fingerprint).join(', ')}` };
}

/** The statement and the archive's own manifest must say the same, field by field. */
function matchStatement(payload: Uint8Array, contents: Contents, described: Described, asked: Asked): void {
  const { subject, predicate } = parseRelease(payload);
  const { manifest, name, filesDigest } = described;
  const signet = manifest.extensions[EXTENSION];
  const digest = `sha256:${subject[0]!.digest.sha256}`;
  if (digest !== contents.digest) {
    throw new SignetError('E_DIGEST', 'the archive is not the one that was signed', {
      item: name,
      expected: digest,
      actual: contents.digest,
    });
  }
  const rows: [field: string, stated: unknown, own: unknown][] = [
    ['subject', subject[0]!.name, subjectName(name, manifest.version)],
    ['namespace', predicate.namespace, signet.namespace],
    ['name', predicate.name, manifest.name],
    ['version', predicate.version, manifest.version],
    ['host', predicate.host, signet.host],
    ['files', predicate.files, filesDigest],
    ['provides', predicate.provides, signet.provides],
    ['requires', predicate.requires, signet.requires],
    ['capabilities', predicate.capabilities, signet.capabilities],
    ['name asked for', name, asked.name ?? name],
    ['version asked for', manifest.version, asked.version ?? manifest.version],
    ['digest asked for', contents.digest, asked.digest ?? contents.digest],
  ];
  for (const [field, stated, own] of rows) {
    if (stated === own) continue;
    const [expected, actual] = [canonicalJson(own), canonicalJson(stated)];
    if (expected === actual) continue;
    throw new SignetError('E_STATEMENT_MISMATCH', `statement and ${field} do not agree`, {
      item: `${name}: ${field}`,
      expected: expected.slice(0, 400),
      actual: actual.slice(0, 400),
    });
  }
}

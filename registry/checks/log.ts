// Check `log`: release and namespace documents are entries under one checkpoint that the log's keys signed, the documents before
// the release; a quorum of witnesses saw that checkpoint; every key counts only inside its range of log indexes (THREATS.md 2,
// 11-13, 26, 30).

import { fingerprint } from '../../keys/ed25519.ts';
import { sha256 } from '../../keys/hash.ts';
import { decodeBase64 } from '../../src/base64.ts';
import type { LogEntry } from '../../src/contracts/statement.ts';
import { digestOf } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import type { VerifySignature } from '../../src/ports.ts';
import { counted } from '../../src/text.ts';
import { BatchMemo } from '../batch-memo.ts';
import { compareHeads, matchEntry, type SignedHead, verifyEntry, verifyHead } from '../log.ts';
import { covers } from '../namespace.ts';
import { DEFAULT_RULES } from '../rules.ts';
import type { TrustState } from '../trust.ts';
import { checkWitnesses } from '../witness.ts';
import type { Described } from './archive.ts';
import type { SignedRelease } from './envelope.ts';
import type { Authority } from './namespace.ts';
import type { Passed } from './run.ts';

/** Where the release stands, and which of its signers were valid there. */
export interface Logged {
  readonly head: SignedHead;
  readonly index: number;
  readonly signers: readonly Uint8Array[];
}

export function checkLog(
  release: SignedRelease,
  described: Described,
  digest: string,
  authority: Authority,
  trust: TrustState,
  now: number,
  verify: VerifySignature,
): Passed<Logged> {
  const { proof, chain, inForce } = release;
  const { memo = new BatchMemo(), purpose } = trust;
  const { root } = authority;
  const parts = [root.fingerprint, root.version, proof.checkpoint];
  const head = memo.once('checkpoint', parts, () => verifyHead(proof.checkpoint, root.log, verify));
  compareHeads(head, authority.pin.checkpoint, purpose);
  const rule = {
    role: root.witness,
    quorum: (trust.rules ?? DEFAULT_RULES).witness.quorum,
    purpose,
    maxDays: trust.freshness.installDays,
  };
  const witnessed = checkWitnesses(head.note, rule, now, verify);
  let previous = -1;
  for (const [i, { document, digest: documentDigest }] of chain.entries()) {
    const item = `namespace ${document.namespace} v${document.version}`;
    const { inclusion } = proof.namespace[i]!;
    const expected: LogEntry = {
      type: 'namespace',
      namespace: document.namespace,
      version: document.version,
      document: documentDigest,
    };
    const entry = memo.once('entry', [...parts, inclusion.index, inclusion.entry, ...inclusion.hashes], () =>
      verifyEntry(inclusion, head, item),
    );
    matchEntry(entry, expected, item);
    if (inclusion.index <= previous) {
      throw new SignetError('E_NAMESPACE', 'the namespace documents are not logged in their order', {
        item,
        expected: `an index above ${previous}`,
        actual: String(inclusion.index),
      });
    }
    previous = inclusion.index;
  }
  const { inclusion } = proof.release;
  const provenance = proof.provenance && digestOf(sha256, decodeBase64(proof.provenance.payload));
  matchEntry(
    verifyEntry(inclusion, head, described.name),
    {
      type: 'publish',
      name: described.name,
      version: described.manifest.version,
      archive: digest,
      release: release.statement,
      provenance,
    },
    described.name,
  );
  const { index } = inclusion;
  const signers = release.signers.filter(
    (key) => covers(inForce, key, index) && covers(authority.latest, key, index),
  );
  if (signers.length < inForce.document.threshold) {
    throw new SignetError(
      'E_KEY_RANGE',
      'the release is signed by keys that were not valid at its place in the log',
      {
        item: described.name,
        expected: `${counted(inForce.document.threshold, 'key')} valid at index ${index}`,
        actual: `${signers.length} of ${release.signers.map(fingerprint).join(', ')}`,
      },
    );
  }
  const detail = `#${index} in size ${head.size} of ${head.origin}${witnessed && `, ${witnessed}`}`;
  return { value: { head, index, signers }, detail };
}

// Check `status`: a fresh word on what is revoked, in agreement with the checkpoint; what was ever seen revoked stays revoked,
// whatever the status says (THREATS.md 4, 5, 27, 31).

import { fingerprint } from '../../keys/ed25519.ts';
import { SignetError } from '../../src/error.ts';
import type { VerifySignature } from '../../src/ports.ts';
import { counted } from '../../src/text.ts';
import { BatchMemo, partsOf } from '../batch-memo.ts';
import { mergeRevocations } from '../memory.ts';
import {
  checkFreshness,
  checkNewest,
  checkNewestDocument,
  checkNothingForgotten,
  describeAge,
  type VerifiedStatus,
  verifyStatus,
} from '../status.ts';
import type { TrustState } from '../trust.ts';
import type { SignedRelease } from './envelope.ts';
import type { Logged } from './log.ts';
import type { Authority } from './namespace.ts';
import type { Passed } from './run.ts';

export function checkStatus(
  release: SignedRelease,
  digest: string,
  authority: Authority,
  logged: Logged,
  trust: TrustState,
  now: number,
  verify: VerifySignature,
): Passed<VerifiedStatus> {
  const { pin, root, latest } = authority;
  const { head } = logged;
  const { memo = new BatchMemo() } = trust;
  const parts = [root.fingerprint, head.origin, head.size, head.root, ...partsOf([release.proof.status])];
  const status = memo.once('status', parts, () =>
    verifyStatus(release.proof.status, root.status, head, verify),
  );
  // Known revocations bind before age is judged: a stale status must not hide them (THREATS.md 31).
  checkNothingForgotten(status, pin.revoked);
  const revoked = mergeRevocations(status.revoked, pin.revoked);
  const entry = revoked.digests.find((revocation) => revocation.digest === digest);
  if (entry !== undefined) {
    throw new SignetError('E_REVOKED', `the archive was revoked: ${entry.reason}`, {
      item: digest,
      expected: 'not revoked',
      actual: `revoked by log entry #${entry.index}`,
    });
  }
  const { threshold } = release.inForce.document;
  const ended = revoked.keys.filter(({ fromIndex }) => fromIndex <= logged.index);
  const remaining = logged.signers.filter(
    (key) => !ended.some((revocation) => revocation.key === fingerprint(key)),
  );
  if (remaining.length < threshold) {
    throw new SignetError('E_KEY_REVOKED', 'a key that signed the release was revoked', {
      item: ended.map(({ key }) => key).join(', '),
      expected: `${counted(threshold, 'key')} not revoked at index ${logged.index}`,
      actual: String(remaining.length),
    });
  }
  checkNewest(status, root, pin);
  checkNewestDocument(status, latest);
  const warning = checkFreshness(status, pin.status, trust.purpose, trust.freshness, now);
  const age = describeAge(now - Date.parse(status.issued));
  return { value: status, detail: `as of #${status.size}, ${age} old`, warning };
}

// Every vector, by the check that must refuse it, and the files that hold them. `vectorFiles` is a function of nothing: fixed keys,
// fixed time, no chance.
import { CHECK_NAMES } from '../../src/contracts/verdict.ts';
import { ARCHIVE, FILES_CASES, LIMITS } from './cases/archive.ts';
import { HOST, KINDS, POLICY, PROVENANCE_CASES, REQUIRES, STATUS } from './cases/later.ts';
import { ENVELOPE, LOG, NAMESPACE } from './cases/trust.ts';
import { VALID } from './cases/valid.ts';
import { WITNESS } from './cases/witness.ts';
import { filesOf, type Refusal, shortDigest } from './vector.ts';

/** A forgotten check is a compile error. */
const REFUSALS: Record<(typeof CHECK_NAMES)[number], readonly Refusal[]> = {
  limits: LIMITS,
  archive: ARCHIVE,
  files: FILES_CASES,
  envelope: ENVELOPE,
  namespace: NAMESPACE,
  log: [...LOG, ...WITNESS],
  status: STATUS,
  provenance: PROVENANCE_CASES,
  host: HOST,
  requires: REQUIRES,
  kinds: KINDS,
  policy: POLICY,
};

/** Every file below `fixtures/`, by its path. */
export function vectorFiles(): Map<string, Uint8Array> {
  const sets = [filesOf('valid', VALID), ...CHECK_NAMES.map((check) => filesOf(check, REFUSALS[check]))];
  return shareEnvelopes(new Map(sets.flatMap((files) => [...files])));
}

/** DSSE envelopes that several proofs hold become files of their own, named in the proofs as `@envelopes/….json`. */
function shareEnvelopes(files: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const envelope = /\{"payloadType":"[^"]*","payload":"[^"]*","signatures":\[[^\]]*\]\}/g;
  const proofs = [...files].filter(([path]) => path.startsWith('proofs/'));
  const counts = new Map<string, number>();
  for (const [, bytes] of proofs) {
    for (const [text] of Buffer.from(bytes).toString('latin1').matchAll(envelope))
      counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const shared = new Map(files);
  for (const [path, bytes] of proofs) {
    const short = Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(envelope, (text) => {
        if (counts.get(text) === 1) return text;
        const name = `envelopes/${shortDigest(Buffer.from(text, 'latin1'))}.json`;
        shared.set(name, Buffer.from(text, 'latin1'));
        return `@${name}`;
      });
    shared.set(path, Buffer.from(short, 'latin1'));
  }
  return shared;
}

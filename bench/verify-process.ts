// `verify-process`: verifying again, in process, a bundle of 1 MB that is installed, beside hashing its bytes once and two native
// verifications: those of its release and its provenance. What a batch shares is asked once in a batch.
import { createPublicKey, verify } from 'node:crypto';
import { preAuthEncoding } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import { archiveDigest } from '../registry/archive.ts';
import { parseProof } from '../registry/proof.ts';
import { verifyRelease } from '../registry/verify.ts';
import { decodeBase64 } from '../src/base64.ts';
import { median } from './measure.ts';
import { benchRegistry } from './release.ts';
import type { Row } from './run.ts';

const BYTES = 1_000_000;
const BUNDLES = 25;
const ROUNDS = 60;
const AIM = 1.5;

export async function verifyProcess(folder: string): Promise<Row[]> {
  const { project, publisher, names, fetch } = benchRegistry(folder, BUNDLES, BYTES);
  const releases = names.map((name) => ({ name, ...fetch(name) }));
  const digests = releases.map(({ archive }) => archiveDigest(archive));
  const signed = releases.map(({ proof }) => signaturesIn(proof));
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publisher.publicKey]),
    format: 'der',
    type: 'spki',
  });
  const now = Date.now();
  const ones: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // A batch of its own: the first bundle brings what all of them share, every other one is verified once.
    const trust = project.trustState('load');
    for (const [i, { name, archive, proof }] of releases.entries()) {
      let start = performance.now();
      sha256(archive);
      for (const { message, signature } of signed[i] ?? [])
        if (!verify(null, message, key, signature)) throw new Error('the floor is wrong');
      const floor = performance.now() - start;
      const asked = { name, version: '1.0.0', digest: digests[i] as string };
      start = performance.now();
      const verdict = verifyRelease(archive, proof, trust, now, asked);
      const took = performance.now() - start;
      if (!verdict.ok) throw new Error(`not verified: ${JSON.stringify(verdict)}`);
      if (i === 0 || round < ROUNDS / 2) continue;
      ones.push(took * 1000);
      others.push(floor * 1000);
    }
  }
  const ratio = median(ones.map((took, i) => took / (others[i] ?? Number.NaN)));
  return [
    {
      id: 'verify-process',
      what: 'verifying an installed bundle of 1 MB again, in process, in a batch of its registry',
      unit: 'µs',
      signet: median(ones),
      floor: median(others),
      ratio,
      aim: `<= ${AIM}`,
      met: ratio <= AIM,
    },
  ];
}

/** Message and signature of the two envelopes that are the bundle's own. */
function signaturesIn(proof: Uint8Array): { message: Uint8Array; signature: Uint8Array }[] {
  const { release, provenance } = parseProof(proof);
  return [release.envelope, provenance].flatMap((envelope) =>
    envelope === null
      ? []
      : [
          {
            message: preAuthEncoding(envelope.payloadType, decodeBase64(envelope.payload)),
            signature: decodeBase64(envelope.signatures[0]?.sig ?? ''),
          },
        ],
  );
}

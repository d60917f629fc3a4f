import { describe, expect, test } from 'vitest';
import { fingerprint, generateKeyPair, verify } from '../../keys/ed25519.ts';
import { parseEnvelope, signEnvelope, verifyEnvelope } from '../../keys/envelope.ts';
import { packArchive } from '../../registry/archive.ts';
import { archiveFacts, signRelease } from '../../registry/sign.ts';
import { parseProvenance, parseRelease, provenanceStatement } from '../../registry/statement.ts';
import { IN_TOTO_PAYLOAD, LOCAL_BUILDER } from '../../src/contracts/statement.ts';

const manifest = {
  $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
  name: 'x',
  version: '1.0.0',
  description: 'prose',
  license: 'Apache-2.0',
  extensions: { 'dev.signet': { namespace: 'local', host: '^1.0.0' } },
};
const filesWith = (prose: string) => [
  { path: 'plugin.json', bytes: Buffer.from(JSON.stringify(manifest)) },
  { path: 'skills/x/SKILL.md', bytes: Buffer.from(`---\nname: x\ndescription: ${prose}\n---\n`) },
];
const archive = packArchive(filesWith('x'));
const built = {
  repository: 'file:',
  path: '.',
  commit: null,
  esbuild: '0.28.2',
  node: '26.0.0',
  signet: '1.0.0',
};

test('both statements are about the archive and verify by the key that signed', () => {
  const key = generateKeyPair();
  const facts = archiveFacts(archive);
  const signed = signRelease(facts, built, [key], 1_000_000);
  const open = (bytes: Uint8Array) =>
    verifyEnvelope(parseEnvelope(bytes, 'x'), {
      item: 'x',
      payloadType: IN_TOTO_PAYLOAD,
      keys: [key.publicKey],
      threshold: 1,
      verify,
    }).payload;
  const release = open(signed.release);
  expect(Buffer.from(release).equals(facts.statement)).toBe(true);
  expect(`sha256:${parseRelease(release).subject[0]?.digest.sha256}`).toBe(facts.digest);
  const provenance = parseProvenance(open(signed.provenance ?? new Uint8Array()));
  expect(`sha256:${provenance.subject[0]?.digest.sha256}`).toBe(facts.digest);
  const stranger = generateKeyPair().publicKey;
  expect(() =>
    verifyEnvelope(parseEnvelope(signed.release, 'x'), {
      item: 'x',
      payloadType: IN_TOTO_PAYLOAD,
      keys: [stranger],
      threshold: 1,
      verify,
    }),
  ).toThrowError(expect.objectContaining({ code: 'E_SIGNER' }));
});

test('without provenance there is none; without a key nothing is signed', () => {
  const facts = archiveFacts(archive);
  expect(signRelease(facts, null, [generateKeyPair()], 0).provenance).toBeNull();
  expect(() => signRelease(facts, null, [], 0)).toThrowError(expect.objectContaining({ code: 'E_UNSIGNED' }));
});

describe('a second publisher', () => {
  const [first, second] = [generateKeyPair(), generateKeyPair()];
  const facts = archiveFacts(archive);
  const one = signRelease(facts, built, [first], 1_000_000);
  const elsewhere = { ...built, node: '24.1.0' };
  const signersOf = (bytes: Uint8Array) =>
    verifyEnvelope(parseEnvelope(bytes, 'x'), {
      item: 'x',
      payloadType: IN_TOTO_PAYLOAD,
      keys: [first.publicKey, second.publicKey],
      threshold: 2,
      verify,
    }).signers.map(fingerprint);
  const payloadOf = (bytes: Uint8Array) => parseEnvelope(bytes, 'x').payload;
  const mismatch = expect.objectContaining({ code: 'E_STATEMENT_MISMATCH' });

  test('adds a signature to the very statements of the first', () => {
    const both = [fingerprint(first.publicKey), fingerprint(second.publicKey)];
    for (const source of [null, elsewhere]) {
      const two = signRelease(facts, source, [second], 2_000_000, one);
      expect([signersOf(two.release), signersOf(two.provenance!)]).toEqual([both, both]);
      expect(payloadOf(two.provenance!)).toBe(payloadOf(one.provenance!));
      expect(signRelease(facts, null, [second], 3_000_000, two)).toEqual(two);
    }
  });

  test('replaces a signature of its own that does not verify, and no other', () => {
    const two = signRelease(facts, null, [second], 0, one);
    const envelope = parseEnvelope(two.release, 'x');
    const broken = { ...envelope.signatures[1]!, sig: envelope.signatures[0]!.sig };
    const spoilt = { ...envelope, signatures: [envelope.signatures[0]!, broken] };
    const release = Buffer.from(JSON.stringify(spoilt));
    expect(signRelease(facts, null, [second], 0, { ...two, release })).toEqual(two);
  });

  test('row 9: does not sign what is about another archive, or of another source', () => {
    const other = archiveFacts(packArchive(filesWith('y')));
    expect(() => signRelease(other, null, [second], 0, one)).toThrow(mismatch);
    const swapped = { release: signRelease(other, null, [first], 0).release, provenance: one.provenance };
    expect(() => signRelease(other, null, [second], 0, swapped)).toThrow(mismatch);
    for (const source of [
      { ...built, path: 'elsewhere' },
      { ...built, esbuild: '0.27.0' },
      { ...built, commit: { id: '0'.repeat(40), clean: true } },
    ])
      expect(() => signRelease(facts, source, [second], 0, one)).toThrow(mismatch);
    expect(signRelease(facts, built, [second], 0, one).provenance).not.toBeNull();
  });

  test('leaves the provenance of another builder as it is', () => {
    const statement = provenanceStatement(facts.manifest, facts.digest, built, 0);
    const foreign = (id: string) => {
      statement.predicate.runDetails.builder.id = id;
      return Buffer.from(
        JSON.stringify(signEnvelope(IN_TOTO_PAYLOAD, Buffer.from(JSON.stringify(statement)), [first])),
      );
    };
    const ci = { ...one, provenance: foreign('https://ci.example/') };
    expect(signRelease(facts, null, [second], 0, ci).provenance).toBe(ci.provenance);
    const own = { ...one, provenance: foreign(LOCAL_BUILDER) };
    expect(signersOf(signRelease(facts, null, [second], 0, own).provenance!)).toHaveLength(2);
  });
});

test('an archive that is none has no facts', () => {
  expect(() => archiveFacts(archive.subarray(0, 600))).toThrowError(
    expect.objectContaining({ code: expect.stringMatching(/^E_ARCHIVE/) }),
  );
});

import { expect, test } from 'vitest';
import { generateKeyPair, verify } from '../../keys/ed25519.ts';
import { parseEnvelope, verifyEnvelope } from '../../keys/envelope.ts';
import { packArchive } from '../../registry/archive.ts';
import { archiveFacts, signRelease } from '../../registry/sign.ts';
import { parseProvenance, parseRelease } from '../../registry/statement.ts';
import { IN_TOTO_PAYLOAD } from '../../src/contracts/statement.ts';

const manifest = {
  $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
  name: 'x',
  version: '1.0.0',
  description: 'prose',
  license: 'Apache-2.0',
  extensions: { 'dev.signet': { namespace: 'local', host: '^1.0.0' } },
};
const archive = packArchive([
  { path: 'plugin.json', bytes: Buffer.from(JSON.stringify(manifest)) },
  { path: 'skills/x/SKILL.md', bytes: Buffer.from('---\nname: x\ndescription: x\n---\n') },
]);
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

test('an archive that is none has no facts', () => {
  expect(() => archiveFacts(archive.subarray(0, 600))).toThrowError(
    expect.objectContaining({ code: expect.stringMatching(/^E_ARCHIVE/) }),
  );
});

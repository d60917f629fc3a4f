// Statements: THREATS.md 10, 18, 33, 34.
import { expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import {
  parseProvenance,
  parseRelease,
  provenanceStatement,
  releaseStatement,
  subjectName,
} from '../../registry/statement.ts';
import { Manifest } from '../../src/contracts/manifest.ts';
import { manifestOf, PROVENANCE, START } from './fixture.ts';

const manifest = Manifest.parse(JSON.parse(JSON.stringify(manifestOf())));
const D = `sha256:${'d'.repeat(64)}`;
const F = `sha256:${'f'.repeat(64)}`;
const release = releaseStatement(manifest, D, F);
const provenance = provenanceStatement(manifest, D, PROVENANCE, START);
const code = (value: string) => expect.objectContaining({ code: value });

test('a release says what the manifest says, of exactly one archive', () => {
  expect(parseRelease(formatDocument(release))).toEqual(release);
  expect(release.subject).toEqual([{ name: 'local/hello@1.0.0', digest: { sha256: 'd'.repeat(64) } }]);
  expect(release.predicate).toMatchObject({ namespace: 'local', name: 'hello', version: '1.0.0', files: F });
  expect(subjectName('local/hello', '1.0.0')).toBe(release.subject[0]!.name);
});

test('provenance names source, commit and builder; without a repository there is no commit', () => {
  expect(parseProvenance(formatDocument(provenance))).toEqual(provenance);
  expect(provenance.predicate.buildDefinition.resolvedDependencies).toEqual([
    { uri: PROVENANCE.repository, digest: { gitCommit: '9c1f'.repeat(10) }, annotations: { clean: true } },
  ]);
  const none = provenanceStatement(manifest, D, { ...PROVENANCE, repository: 'file:', commit: null }, START);
  expect(none.predicate.buildDefinition.resolvedDependencies).toEqual([]);
  expect(provenance.predicate.runDetails.builder.id).toBe('urn:signet:builder:local');
});

test.each<[string, object, string]>([
  ['two subjects', { subject: [...release.subject, ...release.subject] }, 'E_FORMAT'],
  ['no subject', { subject: [] }, 'E_FORMAT'],
  ['a digest in capitals', { subject: [{ name: 'x', digest: { sha256: 'D'.repeat(64) } }] }, 'E_FORMAT'],
  ['another digest algorithm', { subject: [{ name: 'x', digest: { sha512: 'd'.repeat(64) } }] }, 'E_FORMAT'],
  ['an older statement type', { _type: 'https://in-toto.io/Statement/v0.1' }, 'E_FORMAT'],
  ['an older predicate', { predicateType: 'urn:signet:skill-release/v0' }, 'E_FORMAT_VERSION'],
  ['another predicate', { predicateType: 'https://slsa.dev/provenance/v1' }, 'E_PREDICATE'],
  ['no predicate type', { predicateType: undefined }, 'E_PREDICATE'],
  ['a field that a later version may add', { predicate: { ...release.predicate, extra: 1 } }, 'E_FORMAT'],
  ['a version with build metadata', { predicate: { ...release.predicate, version: '1.0.0+a' } }, 'E_FORMAT'],
  ['a version with a v', { predicate: { ...release.predicate, version: 'v1.0.0' } }, 'E_FORMAT'],
  ['an empty host range', { predicate: { ...release.predicate, host: '' } }, 'E_FORMAT'],
  ['a host range that is none', { predicate: { ...release.predicate, host: 'newest' } }, 'E_FORMAT'],
])('a release statement with %s is refused', (_, change, expected) => {
  expect(() => parseRelease(formatDocument({ ...release, ...change }))).toThrow(code(expected));
});

test.each<[string, string, string]>([
  ['a duplicate key', '{"_type":"x",', 'E_JSON'],
  ['__proto__', '{"__proto__":{},', 'E_JSON'],
])('row 18: %s in the signed bytes', (_, start, expected) => {
  const text = start + Buffer.from(formatDocument(release)).toString().slice(1);
  expect(() => parseRelease(Buffer.from(text))).toThrow(code(expected));
});

test('a release is no provenance, and a newer provenance says upgrade', () => {
  expect(() => parseProvenance(formatDocument(release))).toThrow(code('E_PREDICATE'));
  const newer = { ...provenance, predicateType: 'https://slsa.dev/provenance/v2' };
  expect(() => parseProvenance(formatDocument(newer))).toThrow(code('E_FORMAT_VERSION'));
});

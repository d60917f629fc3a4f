// The rules of policy.yaml: each with what passes and what is refused (THREATS.md 28).
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { formatPublicKey, type KeyPair } from '../../keys/ed25519.ts';
import { signEnvelope } from '../../keys/envelope.ts';
import { install } from '../../registry/install.ts';
import { parsePolicy } from '../../registry/policy.ts';
import { builderRule, checkRules, checkSource, DEFAULT_RULES } from '../../registry/rules.ts';
import { archiveFacts, signRelease } from '../../registry/sign.ts';
import { provenanceStatement } from '../../registry/statement.ts';
import type { BuilderRule } from '../../src/contracts/config.ts';
import { Manifest } from '../../src/contracts/manifest.ts';
import { IN_TOTO_PAYLOAD, LOCAL_BUILDER } from '../../src/contracts/statement.ts';
import {
  archiveOf,
  createWorld,
  deliver,
  key,
  manifestOf,
  outcomeOf,
  PROVENANCE,
  PUBLISHER,
  STRANGER,
  type World,
} from './fixture.ts';

const code = (value: string) => expect.objectContaining({ code: value });
const ID = 'https://ci.example/builder';
const BUILDER = key(31);
const rule = (changes: Partial<BuilderRule> = {}): BuilderRule => ({
  id: ID,
  namespaces: ['acme'],
  keys: [formatPublicKey(BUILDER.publicKey)],
  sources: ['https://example.com/acme/*'],
  ...changes,
});

test('the rules without a policy are the defaults of an empty one', () => {
  const { provenance, witness, licences, capabilities, limits } = parsePolicy('version: 1\nregistries: []\n');
  expect({ provenance, witness, licences, capabilities, limits }).toEqual(DEFAULT_RULES);
});

test('builders by namespace: one without rules has none, one with rules has no other', () => {
  expect(builderRule([rule()], 'acme', ID)).toEqual(rule());
  expect(builderRule([rule()], 'other', ID)).toBeUndefined();
  expect(builderRule([rule({ namespaces: ['*'] })], 'other', ID)?.id).toBe(ID);
  for (const builder of ['https://ci.example/builder/', 'https://ci.example/', LOCAL_BUILDER])
    expect(() => builderRule([rule()], 'acme', builder)).toThrow(code('E_BUILDER'));
});

// pattern | repository | passes
test.each([
  ['https://example.com/acme/tool', 'https://example.com/acme/tool', true],
  ['https://example.com/acme/tool', 'https://example.com/acme/tool2', false],
  ['https://example.com/acme/tool', 'https://example.com/acme/tool.git', false],
  ['https://example.com/acme/*', 'https://example.com/acme/tool', true],
  ['https://example.com/acme/*', 'https://example.com/acme/a/b.git', true],
  ['https://example.com/acme/*', 'https://example.com/acme-evil/tool', false],
  ['https://example.com/acme/*', 'https://example.com/acme/', false],
  ['https://example.com/acme/*', 'https://example.com/acme/../evil', false],
  ['https://example.com/acme/*', 'https://example.com/acme/./x', false],
  ['https://example.com/acme/*', 'https://example.com/acme//x', false],
  ['https://example.com/acme/*', 'https://example.com/acme/%2e%2e/evil', false],
  ['https://example.com/acme/*', 'https://example.com/acme/x?y', false],
  ['https://example.com/acme/*', 'https://example.com/acme/\\..\\evil', false],
  ['https://example.com/acme/*', 'https://EXAMPLE.com/acme/tool', false],
  ['*', 'anything at all', true],
])('source %s and %s: %s', (pattern, repository, passes) => {
  const check = () => checkSource(rule({ sources: [pattern] }), repository, 'acme/tool');
  if (passes) expect(check).not.toThrow();
  else expect(check).toThrow(code('E_SOURCE'));
});

const manifest = Manifest.parse(JSON.parse(JSON.stringify(manifestOf())));
const rules = (changes: object) => ({ ...DEFAULT_RULES, ...changes });
test.each<[string, object, string]>([
  ['no rule', {}, 'none'],
  ['an allowed licence', { licences: { allow: ['MIT', 'Apache-2.0'], deny: [] } }, 'judged'],
  ['a licence not listed', { licences: { allow: ['MIT'], deny: [] } }, 'E_LICENCE'],
  [
    'another spelling of a licence',
    { licences: { allow: ['apache-2.0', 'Apache 2.0'], deny: [] } },
    'E_LICENCE',
  ],
  ['a denied licence', { licences: { deny: ['Apache-2.0'] } }, 'E_LICENCE'],
  ['another denied licence', { licences: { deny: ['GPL-3.0-only'] } }, 'judged'],
  ['denied although allowed', { licences: { allow: ['Apache-2.0'], deny: ['Apache-2.0'] } }, 'E_LICENCE'],
  ['a denied capability', { capabilities: { deny: ['exec', 'kv'] } }, 'E_CAPABILITY_POLICY'],
  ['another denied capability', { capabilities: { deny: ['exec'] } }, 'judged'],
])('%s', (_, changes, expected) => {
  const judge = () => (checkRules(rules(changes), manifest) === undefined ? 'none' : 'judged');
  if (expected.startsWith('E_')) expect(judge).toThrow(code(expected));
  else expect(judge()).toBe(expected);
});

let world: World;
beforeEach(() => {
  world = createWorld({
    namespaces: [{ namespace: 'acme', keys: [PUBLISHER.publicKey], threshold: 1 }],
    local: false,
  });
});
afterEach(() => world.close());

/** Publishes acme/tool, built by `id` and with its provenance signed by `builder`. */
function publishBuilt(builder: KeyPair, id = ID): void {
  const archive = archiveOf({ name: 'acme/tool' });
  const facts = archiveFacts(archive);
  const { release } = signRelease(facts, null, [PUBLISHER], world.clock.ms);
  const statement = provenanceStatement(
    facts.manifest,
    facts.digest,
    { ...PROVENANCE, repository: 'https://example.com/acme/tool' },
    world.clock.ms,
  );
  statement.predicate.runDetails.builder.id = id;
  const provenance = formatDocument(signEnvelope(IN_TOTO_PAYLOAD, formatDocument(statement), [builder]));
  world.publish({ name: 'acme/tool' }, { archive, signed: { release, provenance } });
}
const outcome = (...builders: BuilderRule[]): string =>
  outcomeOf(world, deliver(world, 'acme/tool'), {
    rules: rules({ provenance: { required: true, builders } }),
  });

test('another builder counts only where the policy names it, with its key and its sources', () => {
  publishBuilt(BUILDER);
  expect(outcome()).toBe('provenance E_BUILDER');
  expect(outcome(rule())).toBe('ok');
  expect(outcome(rule({ namespaces: ['other'] }))).toBe('provenance E_BUILDER');
  expect(outcome(rule({ id: 'https://ci.example/other' }))).toBe('provenance E_BUILDER');
  expect(outcome(rule({ keys: [formatPublicKey(STRANGER.publicKey)] }))).toMatch(/^provenance E_SIGN/);
  expect(outcome(rule({ keys: 'publisher' }))).toMatch(/^provenance E_SIGN/);
  expect(outcome(rule({ sources: ['https://example.com/other/*'] }))).toBe('provenance E_SOURCE');
});

test('a stranger who names a trusted builder does not have its key', () => {
  publishBuilt(STRANGER);
  expect(outcome(rule())).toMatch(/^provenance E_SIGN/);
  expect(outcome(rule({ keys: [formatPublicKey(STRANGER.publicKey)] }))).toBe('ok');
});

test('a build by the publisher itself counts under another’s root only where the policy says so', () => {
  publishBuilt(PUBLISHER, LOCAL_BUILDER);
  const own = rule({ id: LOCAL_BUILDER, keys: 'publisher' });
  expect(outcome()).toBe('provenance E_BUILDER');
  expect(outcome(own)).toBe('ok');
  expect(outcome({ ...own, sources: ['https://example.com/other'] })).toBe('provenance E_SOURCE');
});

test('the whole way from policy.yaml: licences, capabilities, limits and builders decide an installation', () => {
  publishBuilt(BUILDER);
  const tryWith = (changes: object): string | null => {
    world.setPolicy(changes);
    const { verdict, bundle } = install(world.project, 'acme/tool');
    expect(bundle === undefined).toBe(!verdict.ok);
    return verdict.code;
  };
  const provenance = { builders: [rule()] };
  expect(tryWith({})).toBe('E_BUILDER');
  expect(tryWith({ provenance, licences: { allow: ['MIT'] } })).toBe('E_LICENCE');
  expect(tryWith({ provenance, capabilities: { deny: ['kv'] } })).toBe('E_CAPABILITY_POLICY');
  expect(tryWith({ provenance, limits: { archiveBytes: 1024 } })).toBe('E_LIMIT');
  expect(tryWith({ provenance, limits: { files: 2 } })).toBe('E_ARCHIVE_LIMIT');
  expect(tryWith({ provenance, witness: { quorum: 1 } })).toBe('E_WITNESS');
  expect(tryWith({ provenance, limits: { files: 4 }, licences: { allow: ['Apache-2.0'] } })).toBe(null);
});

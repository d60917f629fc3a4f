// policy.yaml: THREATS.md 29, 32, 36; every refusal names the line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPolicy, parsePolicy } from '../../registry/policy.ts';

const ROOT = `SHA256:${'a'.repeat(64)}`;
const VALID = `version: 1
registries:
  - name: home
    location: .signet/registry
    root: ${ROOT}
    namespaces: [local, signet]
  - name: work
    location: /srv/registry
    root: ${ROOT}
    namespaces:
      - acme
`;

test('a policy is read, with the default freshness and provenance required', () => {
  const policy = parsePolicy(VALID);
  expect(policy.registries.map(({ name, namespaces }) => [name, namespaces])).toEqual([
    ['home', ['local', 'signet']],
    ['work', ['acme']],
  ]);
  expect(policy).toMatchObject({
    freshness: { installDays: 7, loadDays: 30 },
    provenance: { required: true },
  });
});

test.each<[string, string, number, string]>([
  ['a namespace in two registries', VALID.replace('- acme', '- local'), 11, 'belongs to home already'],
  ['a namespace twice in one', VALID.replace('signet]', 'local]'), 6, 'belongs to home already'],
  [
    'two registries of one name',
    VALID.replace('name: work', 'name: home'),
    7,
    'two registries are called home',
  ],
  ['an unknown field', `${VALID}fallback: home\n`, 12, 'fallback'],
  ['an unknown field of a registry', VALID.replace('    root:', '    trusted: yes\n    root:'), 5, 'trusted'],
  ['a fingerprint that is none', VALID.replace(ROOT, 'SHA256:abc'), 5, 'SHA256'],
  ['a duplicate key', VALID.replace('    location: /srv', '    name: x\n    location: /srv'), 8, ''],
  ['a name that is none', VALID.replace('- acme', '- constructor'), 11, 'reserved'],
  ['no namespaces', VALID.replace('[local, signet]', '[]'), 6, ''],
  ['another version', VALID.replace('version: 1', 'version: 2'), 1, ''],
  ['a freshness below nothing', `${VALID}freshness: { installDays: -1 }\n`, 12, ''],
  ['no YAML', 'version: [1', 1, ''],
  ['an unknown field of the host', `${VALID}host:\n  trusted: [x]\n`, 13, 'trusted'],
  ['a pool of nothing', `${VALID}host:\n  pool: 0\n`, 13, 'pool'],
  [
    'a namespace merged twice',
    `${VALID}host:\n  domains:\n    merge:\n      - [acme, local]\n      - [acme, signet]\n`,
    16,
    'acme stands here twice',
  ],
  [
    'a namespace merged and split',
    `${VALID}host:\n  domains:\n    split: [acme]\n    merge: [[acme, local]]\n`,
    15,
    'acme stands here twice',
  ],
  ['a merge of one', `${VALID}host:\n  domains: { merge: [[acme]] }\n`, 13, 'merge'],
  ['an unknown rule of builders', `${VALID}provenance:\n  required: true\n  trusted: [x]\n`, 14, 'trusted'],
  [
    'a source pattern that a look-alike matches',
    `${VALID}provenance:\n  builders:\n    - { id: x, namespaces: [acme], keys: publisher, sources: ['https://example.com/acme*'] }\n`,
    14,
    'after a slash',
  ],
  [
    'a builder without keys',
    `${VALID}provenance:\n  builders:\n    - { id: x, namespaces: [acme], keys: [], sources: ['*'] }\n`,
    14,
    '',
  ],
  ['a quorum below nothing', `${VALID}witness: { quorum: -1 }\n`, 12, ''],
  ['a capability that does not exist', `${VALID}capabilities:\n  deny: [execute]\n`, 13, ''],
  ['a limit above what Signet reads', `${VALID}limits:\n  archiveBytes: 99999999999\n`, 13, ''],
  ['no licence at all', `${VALID}licences:\n  allow: []\n`, 13, ''],
])('%s is refused with its line', (_, text, line, reason) => {
  let thrown: unknown;
  try {
    parsePolicy(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: 'E_CONFIG', item: `policy.yaml:${line}` });
  expect((thrown as Error).message).toContain(reason);
});

test('a policy that is not there is refused, not empty', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signet-policy-'));
  try {
    const path = join(folder, 'policy.yaml');
    expect(() => loadPolicy(path)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
    writeFileSync(path, VALID);
    expect(loadPolicy(path).registries).toHaveLength(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

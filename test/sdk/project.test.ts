// The files of a project (DESIGN.md §6 "In the project folder, to be committed", §3 "Local root"): made once, left alone, and what of
// them is missing made again; keys and state for this user alone.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readLockfile } from '../../registry/lockfile.ts';
import { loadPolicy } from '../../registry/policy.ts';
import { TrustStore } from '../../registry/trust.ts';
import { DEFAULT_KEY, LOCAL_REGISTRY, prepareProject } from '../../sdk/project.ts';
import { openKeyring } from '../../sdk/release.ts';
import { expectCode } from '../src/expect-code.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
let root: string;
let project: string;
let config: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'signet-project-')));
  project = join(root, 'project');
  config = join(root, 'config');
  process.env['SIGNET_CONFIG_DIR'] = config;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const prepare = () => prepareProject(project, NOW);
/** Every file below the root, with its mode and its bytes. */
function tree(): Map<string, string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => {
        const stat = statSync(path);
        const mode = (stat.mode & 0o777).toString(8);
        return [relative(root, path), stat.isDirectory() ? mode : `${mode} ${readFileSync(path, 'latin1')}`];
      }),
  );
}

describe('in an empty folder', () => {
  test('it makes what is documented, says what it made, and nothing else', () => {
    const { paths, made } = prepare();
    expect(paths.project).toBe(project);
    expect(made.map((path) => relative(root, path))).toEqual([
      'project/.signet',
      'config',
      'project/.signet/registry',
      'project/policy.yaml',
      'project/grants.yaml',
      'project/signet.lock.json',
    ]);
    expect(readdirSync(root).sort()).toEqual(['config', 'project']);
    expect(readdirSync(project).sort()).toEqual([
      '.signet',
      'grants.yaml',
      'policy.yaml',
      'signet.lock.json',
    ]);
    expect(readdirSync(paths.state).sort()).toEqual(['.gitignore', 'registry', 'trust']);
    expect(readFileSync(join(paths.state, '.gitignore'), 'utf8')).toBe('*\n');
    expect(readLockfile(paths.lockfile)).toEqual([]);
  });

  test('the policy maps local and signet to the registry here, under its pinned root', () => {
    const { paths } = prepare();
    const [registry, ...others] = loadPolicy(paths.policy).registries;
    expect(others).toEqual([]);
    expect(registry).toMatchObject({
      name: LOCAL_REGISTRY,
      location: '.signet/registry',
      namespaces: ['local', 'signet'],
    });
    expect(new TrustStore(paths.trust).pin(registry?.root ?? '')).toMatchObject({ local: true });
    expect(loadPolicy(paths.policy).provenance.required).toBe(true);
    expect(readFileSync(paths.policy, 'utf8')).toMatch(/^# Which registry/);
    expect(readFileSync(paths.grants, 'utf8')).toMatch(/^# What each bundle may do/);
  });

  test('state is 0700; keys are 0600 in 0700, in the user’s configuration directory and nowhere else', () => {
    const { paths } = prepare();
    expect(statSync(paths.state).mode & 0o777).toBe(0o700);
    const entries = readdirSync(config, { recursive: true, withFileTypes: true });
    expect(statSync(config).mode & 0o777).toBe(0o700);
    for (const entry of entries) {
      const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
      expect(mode, entry.name).toBe(entry.isDirectory() ? 0o700 : 0o600);
    }
    const keys = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    expect(keys.sort()).toEqual([
      'default.json',
      'log.json',
      'pins.key',
      'registrar.json',
      'root.json',
      'status.json',
    ]);
    const seeds = entries
      .filter((entry) => entry.name.endsWith('.json'))
      .map((entry) => {
        const { secret } = JSON.parse(readFileSync(join(entry.parentPath, entry.name), 'utf8')) as {
          secret: { seed: string };
        };
        return secret.seed;
      });
    expect(new Set(seeds).size).toBe(5);
    for (const [path, content] of tree())
      if (path.startsWith('project'))
        for (const seed of seeds) expect(content.includes(seed), path).toBe(false);
  });
});

test('again it makes nothing and changes no byte', () => {
  prepare();
  const before = tree();
  expect(prepare().made).toEqual([]);
  expect(prepareProject(project, NOW + 86_400_000).made).toEqual([]);
  expect(tree()).toEqual(before);
});

test('what a person wrote is left as it is', () => {
  mkdirSync(project);
  const policy = '# mine\nversion: 1\nregistries: []\n';
  writeFileSync(join(project, 'policy.yaml'), policy);
  writeFileSync(join(project, 'grants.yaml'), 'not even a grants file');
  const { paths, made } = prepare();
  expect(made.map((path) => relative(project, path))).toEqual(['.signet', 'signet.lock.json']);
  expect(readFileSync(paths.policy, 'utf8')).toBe(policy);
  expect(readFileSync(paths.grants, 'utf8')).toBe('not even a grants file');
  // No policy of ours, no registry, no keys.
  expect(existsSync(config)).toBe(false);
  expect(existsSync(paths.registry)).toBe(false);
});

describe('half-made, by a crash or by hand', () => {
  // what is missing | what is made
  test.each<[string, string[]]>([
    ['grants.yaml', ['grants.yaml']],
    ['signet.lock.json', ['signet.lock.json']],
    ['.signet/.gitignore', []],
  ])('without %s', (missing, expected) => {
    prepare();
    const before = tree();
    rmSync(join(project, missing));
    expect(prepare().made.map((path) => relative(project, path))).toEqual(expected);
    expect(tree()).toEqual(before);
  });

  test('without the state directory, as in a fresh clone: it is made, and the committed policy is not touched', () => {
    const { paths } = prepare();
    const policy = readFileSync(paths.policy);
    rmSync(paths.state, { recursive: true });
    expect(prepare().made).toEqual([paths.state]);
    expect(readFileSync(paths.policy)).toEqual(policy);
    // It names the registry of before: no new root may slip in under it.
    expect(existsSync(paths.registry)).toBe(false);
    expect(new TrustStore(paths.trust).roots()).toEqual([]);
  });

  test('a registry that no policy pins is never pinned by itself, and says what to do', () => {
    const { paths } = prepare();
    rmSync(paths.policy);
    const before = tree();
    const error = expectCode(prepare, 'E_CONFIG');
    expect(error).toMatchObject({ item: paths.policy, fix: expect.stringContaining(paths.state) });
    expect(tree()).toEqual(before);
  });

  test('after everything in the project was removed, it starts anew with the same publisher key', () => {
    prepare();
    const key = openKeyring().publisher(DEFAULT_KEY).publicKey;
    rmSync(project, { recursive: true });
    prepare();
    expect(openKeyring().publisher(DEFAULT_KEY).publicKey).toEqual(key);
    expect(readdirSync(join(config, 'local')).length).toBe(2);
  });
});

describe('refused', () => {
  test.each<[string, () => void, 'E_IO' | 'E_KEY_FILE']>([
    ['a file where the project should be', () => writeFileSync(project, ''), 'E_IO'],
    [
      'a file where the state should be',
      () => {
        mkdirSync(project);
        writeFileSync(join(project, '.signet'), '');
      },
      'E_IO',
    ],
    [
      'a configuration directory that others may read',
      () => mkdirSync(config, { mode: 0o755 }),
      'E_KEY_FILE',
    ],
  ])('%s', (_what, spoil, code) => {
    spoil();
    expectCode(prepare, code);
    expect(existsSync(join(project, 'policy.yaml'))).toBe(false);
  });
});

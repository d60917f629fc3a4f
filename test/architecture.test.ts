// The house rules as tables (DESIGN.md §1). A row is a rule; what breaks one is named by its file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Storey → what it may import of this project. */
const LAYERS: Record<string, readonly string[]> = {
  src: ['src'],
  keys: ['keys', 'src'],
  registry: ['registry', 'keys', 'src'],
  host: ['host', 'registry', 'keys', 'src'],
  sdk: ['sdk', 'host', 'registry', 'keys', 'src'],
  skills: ['skills'],
};

/** Storey → the packages it may import, beside its gates. `node` stands for Node's own modules. */
const PACKAGES: Record<string, readonly string[]> = {
  src: ['zod', 'semver'],
  keys: ['zod', 'semver', 'node'],
  registry: ['zod', 'semver', 'node'],
  host: ['zod', 'semver', 'node'],
  sdk: ['zod', 'semver', 'node'],
  skills: ['signet-host/plugin', 'zod', 'yaml', 'croner'],
};

/** Package → the one file that may import it. */
const GATES: Record<string, string> = {
  tweetnacl: 'keys/ed25519.ts',
  tar: 'registry/archive.ts',
  esbuild: 'registry/build.ts',
  yaml: 'registry/yaml.ts',
  'isolated-vm': 'host/isolate/isolate.ts',
  rolldown: 'sdk/pack.ts',
  'whatwg-url': 'host/guest/web/url.ts',
  '@noble/hashes/hmac.js': 'host/guest/web/crypto.ts',
  '@noble/hashes/legacy.js': 'host/guest/web/crypto.ts',
  '@noble/hashes/sha2.js': 'host/guest/web/crypto.ts',
  'node:sqlite': 'host/kv.ts',
};

const MAX_LINES = 320;

/** Source files without a test of their own name → the test that holds them. */
const TESTED_ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^src\/contracts\//, 'test/src/contracts.test.ts'],
  [/^src\/kinds\//, 'test/src/kinds/index.test.ts'],
  [/^src\/ports\.ts$/, 'test/architecture.test.ts'],
  [/^src\/codes\.ts$/, 'test/src/error.test.ts'],
  [/^host\/worker-channel\.ts$/, 'test/host/worker-process.test.ts'],
  [/^host\/(tape|engine|replay)\.ts$/, 'test/host/recorder.test.ts'],
  [/^host\/(replay-call|call-log)\.ts$/, 'test/e2e/replay.test.ts'],
  [/^sdk\/cli\//, 'test/e2e/cli.test.ts'],
  [/^sdk\/pack\.ts$/, 'test/e2e/package.test.ts'],
  [/^sdk\/relock\.ts$/, 'test/sdk/first-party.test.ts'],
  [/^sdk\/template\//, 'test/registry/new.test.ts'],
  [/^skills\/.*\//, 'test/skills/'],
];

function files(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
    .sort();
}

const SOURCES = Object.keys(LAYERS).flatMap(files);
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

function imports(file: string): string[] {
  const found = text(file).matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g,
  );
  return [...found].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? '');
}

const storey = (file: string): string => file.split('/')[0] ?? '';
const isTemplate = (file: string): boolean => file.startsWith('sdk/template/');

/** `file imports target` for every import that a rule refuses. */
function violations(refuses: (file: string, target: string) => boolean): string[] {
  return SOURCES.filter((file) => !isTemplate(file)).flatMap((file) =>
    imports(file)
      .filter((target) => refuses(file, target))
      .map((target) => `${file} imports ${target}`),
  );
}

const isRelative = (target: string): boolean => target.startsWith('.');
const isNode = (target: string): boolean => target.startsWith('node:') || builtinModules.includes(target);

describe('layers', () => {
  test('imports point down', () => {
    const wrong = violations((file, target) => {
      if (!isRelative(target)) return false;
      const to = storey(relative(ROOT, resolve(ROOT, dirname(file), target)));
      return to !== '..' && !(LAYERS[storey(file)] ?? []).includes(to);
    });
    expect(wrong).toEqual([]);
  });

  test('every relative import names an existing .ts file', () => {
    expect(
      violations(
        (file, target) =>
          isRelative(target) && !(target.endsWith('.ts') && existsSync(resolve(ROOT, dirname(file), target))),
      ),
    ).toEqual([]);
  });

  test('packages are those of the table, and gated ones stand in their gate', () => {
    const wrong = violations((file, target) => {
      if (isRelative(target)) return false;
      const gate = GATES[target];
      if (gate !== undefined && storey(file) !== 'skills') return file !== gate;
      const allowed = PACKAGES[storey(file)] ?? [];
      return !(isNode(target) ? allowed.includes('node') : allowed.includes(target));
    });
    expect(wrong).toEqual([]);
  });

  test('the table of gates is true: each gate exists and imports its package', () => {
    expect(Object.entries(GATES).filter(([target, file]) => !imports(file).includes(target))).toEqual([]);
  });

  test('zod is imported as a namespace: of its object `z` a bundler can leave nothing out', () => {
    const object = /\bimport \{[^}]*\bz\b[^}]*\} from 'zod'/;
    expect(
      SOURCES.filter((file) => !isTemplate(file) && !file.startsWith('skills/') && object.test(text(file))),
    ).toEqual([]);
  });

  test('src reaches for no clock, no randomness and no process', () => {
    const forbidden = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bperformance\.|\bcrypto\./;
    expect(files('src').filter((file) => forbidden.test(text(file)))).toEqual([]);
  });
});

test(`no file has more than ${MAX_LINES} lines`, () => {
  expect(
    SOURCES.map((file) => [file, text(file).split('\n').length] as const).filter(
      ([, lines]) => lines > MAX_LINES,
    ),
  ).toEqual([]);
});

test('a test stands beside every source file', () => {
  const lonely = SOURCES.filter((file) => {
    const elsewhere = TESTED_ELSEWHERE.find(([pattern]) => pattern.test(file))?.[1];
    return !existsSync(join(ROOT, elsewhere ?? `test/${file.replace(/\.ts$/, '.test.ts')}`));
  });
  expect(lonely).toEqual([]);
});

test('every file opens with what it implements', () => {
  expect(SOURCES.filter((file) => !isTemplate(file) && !text(file).startsWith('//'))).toEqual([]);
});

test('no name that a bundle provides occurs in the core', () => {
  const names = files('skills').flatMap((file) =>
    [...text(file).matchAll(/^\s+name: '([a-z0-9_]+)'/gm)].map(([, name]) => name ?? ''),
  );
  expect(names.length).toBeGreaterThan(4);
  const core = files('src').map((file) => [file, text(file)] as const);
  expect(
    names.flatMap((name) =>
      core.filter(([, source]) => source.includes(name)).map(([file]) => `${name} in ${file}`),
    ),
  ).toEqual([]);
});

test('no download address in the lock file, no merge marker, no test that is only run or left out', () => {
  expect(text('package-lock.json')).not.toContain('"resolved"');
  const everything = [...SOURCES, ...files('test').filter((file) => file !== 'test/architecture.test.ts')];
  expect(everything.filter((file) => /<<<<<<< |\btest\.(only|todo)\b|\bit\.only\b/.test(text(file)))).toEqual(
    [],
  );
});

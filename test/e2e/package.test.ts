// The npm package as its users get it: packed, installed into an empty project, used by its bins and as a library.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const CLONE = fileURLToPath(new URL('../../', import.meta.url));

let root: string;
let project: string;
let packed: string[];

const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 240_000,
  });

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'signet-package-')));
  project = join(root, 'project');
  mkdirSync(project);
  const [{ filename, files }] = JSON.parse(npm(CLONE, 'pack', '--json', '--pack-destination', root)) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = files.map(({ path }) => path);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({
      name: 'empty',
      version: '1.0.0',
      private: true,
      type: 'module',
      allowScripts: { esbuild: true, 'isolated-vm': true },
    }),
  );
  npm(project, 'install', join(root, filename), '--prefer-offline');
}, 400_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(command: string, args: string[]): { code: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, SIGNET_CONFIG_DIR: join(root, 'config'), NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: project,
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { code: status, stdout, stderr };
}
const bin = (name: string): string =>
  join(project, 'node_modules', 'signet-host', 'sdk', 'bin', `${name}.js`);

test('it holds what it needs and no source, test or key', () => {
  for (const path of [
    'dist/sdk/runtime.js',
    'dist/sdk/runtime.d.ts',
    'dist/host/bundled/worker.js',
    'dist/host/bundled/prelude.js',
    'dist/skills/first-party.lock.json',
    'sdk/bin/signet.js',
    'sdk/bin/registry.js',
    'LICENSE',
    'README.md',
    'registry/FORMAT.md',
  ]) {
    expect(packed, path).toContain(path);
  }
  const sources = packed.filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('template/'),
  );
  expect(sources).toEqual([]);
  expect(packed.filter((path) => /(^|\/)(test|bench|\.signet|\.ci)\//.test(path))).toEqual([]);
});

test.each(['registry', 'signet'])('%s --help answers', (name) => {
  expect(run(process.execPath, [bin(name), '--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${name}: `),
  });
  expect(run(join(project, 'node_modules', '.bin', name), ['--help'])).toMatchObject({ code: 0 });
});

test('as a library: openHost dispatches a first-party function', () => {
  const script = `
    import { openHost } from 'signet-host/runtime';
    const host = await openHost({ directory: '.', prepare: true });
    const { output } = await host.dispatch('parser', 'line_contains_identifier', { raw: 'run a.sh', declared: ['a.sh', 'b.sh'] });
    console.log(JSON.stringify({ output, tools: (await host.tools()).length }));
    await host.close();
  `;
  const { code, stdout, stderr } = run(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ output: { observed: ['a.sh'], ambiguous: [] } });
});

test('as a tool: a plugin from the template is written, published, installed and called', () => {
  expect(run(process.execPath, [bin('registry'), 'new', 'skill', 'hello'])).toMatchObject({ code: 0 });
  expect(run(process.execPath, [bin('registry'), 'publish', 'hello'])).toMatchObject({ code: 0 });
  expect(run(process.execPath, [bin('registry'), 'install', 'local/hello', '--yes'])).toMatchObject({
    code: 0,
  });
  expect(run(process.execPath, [bin('signet'), 'call', 'skill/hello', '{"name":"Ada"}'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Ada'),
  });
});

test('its types are there: the template type-checks against the installed package', () => {
  const config = {
    compilerOptions: {
      strict: true,
      module: 'nodenext',
      moduleResolution: 'nodenext',
      target: 'es2024',
      noEmit: true,
      // What a host hands out has types of Node's own, which this empty project has not installed.
      skipLibCheck: true,
      types: [],
    },
    include: ['hello/index.ts', 'use.ts'],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(
    join(project, 'use.ts'),
    "import { openHost } from 'signet-host/runtime';\nconst host = await openHost({ directory: '.' });\nconst wrong: number = host.close;\n",
  );
  const compiler = join(CLONE, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = run(process.execPath, [compiler, '-p', 'tsconfig.json']);
  // Exactly the one error that was put there: everything else has its types.
  expect(
    stdout
      .trim()
      .split('\n')
      .filter((line) => line.includes('error TS')),
  ).toEqual([expect.stringContaining('use.ts(3,7)')]);
});

test('a Node that is too old hears which one it needs', () => {
  const launcher = readFileSync(bin('launch'), 'utf8');
  const old = launcher.replaceAll('process.versions.node', "'20.1.0'");
  expect(old).not.toBe(launcher);
  // What an older Node does not export would be its syntax error, before a word of ours.
  expect(launcher).not.toMatch(/^import /m);
  writeFileSync(bin('old'), `${old}\nawait launch('signet');\n`);
  const { code, stderr } = run(process.execPath, [bin('old'), '--help']);
  expect(code).toBe(64);
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('needs Node 24 or newer')]);
});

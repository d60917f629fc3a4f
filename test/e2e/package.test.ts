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

test('as a verifier: one file and the fingerprint of a root, nothing else on disk, no clock, no network', () => {
  const exported = join(root, 'hello.signet');
  const show = ['root', 'show', '.signet/registry/root/1.json', '--json'];
  const { fingerprint } = JSON.parse(run(process.execPath, [bin('registry'), ...show]).stdout) as {
    fingerprint: string;
  };
  expect(run(process.execPath, [bin('registry'), 'export', 'local/hello', '--out', exported])).toMatchObject({
    code: 0,
  });
  // A line, then archive and proof: as FORMAT.md has it, read here by nothing of Signet.
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { givenTrust, verifyRelease } from 'signet-host/runtime';
    const chunks = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    const file = Buffer.concat(chunks);
    const end = file.indexOf(10) + 1;
    const size = Number(file.subarray(0, end).toString().split(' ')[1]);
    const [archive, proof] = [file.subarray(end, end + size), file.subarray(end + size)];
    const now = Date.now();
    const judge = (bytes, fingerprint) => {
      const { ok, code } = verifyRelease(bytes, proof, givenTrust({ fingerprint, host: '1.0.0' }, proof), now);
      return ok ? 'ok' : code;
    };
    const first = judge(archive, '${fingerprint}');
    // From here on whatever touches a file or asks for the time throws: the second tar reader is loaded by now.
    const refuse = () => { throw new Error('not pure'); };
    for (const name of Object.keys(fs)) if (typeof fs[name] === 'function' && /^[a-z]/.test(name)) fs[name] = refuse;
    for (const name of Object.keys(fs.promises)) if (typeof fs.promises[name] === 'function') fs.promises[name] = refuse;
    syncBuiltinESMExports();
    Date.now = performance.now = process.hrtime = Math.random = globalThis.fetch = refuse;
    const changed = Uint8Array.from(archive);
    changed[1000] ^= 1;
    const other = 'SHA256:' + '0'.repeat(64);
    const answers = [first, judge(archive, '${fingerprint}'), judge(changed, '${fingerprint}'), judge(archive, other)];
    const has = (scope, of) => process.permission.has(scope, of);
    const held = [has('fs.read', '/etc/passwd'), has('fs.read', '${project}/.signet'), has('fs.write'), has('child'), has('worker')];
    process.stdout.write(JSON.stringify({ answers, held }));
  `;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--permission',
      `--allow-fs-read=${join(project, 'node_modules')}`,
      `--allow-fs-read=${join(project, 'package.json')}`,
      '--input-type=module',
      '--eval',
      script,
    ],
    { cwd: project, input: readFileSync(exported), encoding: 'utf8', env: { NODE_OPTIONS: '' } },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    answers: ['ok', 'ok', expect.stringMatching(/^E_/), 'E_ROOT_UNTRUSTED'],
    held: [false, false, false, false, false],
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

// DESIGN.md §2 and §7, THREATS.md 38: strangers' sources are built, in the host's real isolate, and the builds are compared.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArchive } from '../../registry/archive.ts';
import { buildBundle, bundleScript } from '../../registry/build.ts';
import { evaluate } from './evaluator.ts';
import { manifest, skill, source, temporary, write } from './folders.ts';

const build = (folder: string) => buildBundle({ folder, evaluate });
/** The error of a build, or `built`. */
const errorOf = async (folder: string): Promise<{ code: string; message: string }> => {
  try {
    await build(folder);
    return { code: 'built', message: '' };
  } catch (error) {
    return error as { code: string; message: string };
  }
};
const codeOf = async (folder: string): Promise<string> => (await errorOf(folder)).code;
const textOf = (files: ReadonlyMap<string, { bytes: Uint8Array }>, name: string): string =>
  Buffer.from(files.get(name)?.bytes ?? []).toString();

/** A package as npm installs it. */
const pkg = (name: string, version: string, code: string, more: object = {}): Record<string, unknown> => ({
  'package.json': { name, version, type: 'module', exports: './lib.js', ...more },
  'lib.js': code,
});
const at = (place: string, files: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${place}/${name}`, content]));
const lock = (packages: Record<string, object>): Record<string, unknown> => ({
  'package-lock.json': { lockfileVersion: 3, packages: { '': {}, ...packages } },
});

describe('an import that is put together at run time never makes the bundler read folders: E_BUILD_IMPORT', () => {
  const importing = (what: string): string => `${skill()}\nexport const other = (x: string) => ${what};\n`;
  test.each(['import(`../../../../${x}.neverexists.ts`)', "require('./' + x)", 'module.require(`./${x}`)'])(
    '%s',
    async (what) => {
      expect(await codeOf(source({ 'index.ts': importing(what) }))).toBe('E_BUILD_IMPORT');
    },
  );
  test('in a package', async () => {
    const code = 'export const pick = (x) => import(`./${x}.js`);';
    const files = {
      ...at('node_modules/dep', pkg('dep', '1.0.0', code)),
      ...lock({ 'node_modules/dep': { version: '1.0.0' } }),
    };
    const index = `import { pick } from 'dep';\n${importing('pick(x)')}`;
    expect(await codeOf(source({ ...files, 'index.ts': index }))).toBe('E_BUILD_IMPORT');
    const honest = at('node_modules/dep', pkg('dep', '1.0.0', code.replace('`./${x}.js`', "'./lib.js'")));
    expect(await codeOf(source({ ...files, ...honest, 'index.ts': index }))).toBe('built');
  });
  test('its twin names a module, and builds', async () => {
    const files = { 'index.ts': importing("import('./other.ts')"), 'other.ts': 'export const a = 1;' };
    expect(await codeOf(source(files))).toBe('built');
  });
});

describe('of a package with variants, that for browsers is taken', () => {
  const variants = { 'node.js': "import 'node:fs';", 'browser.js': "export const x = 'for browsers';" };
  test.each([
    ['by a condition', { exports: { browser: './browser.js', default: './node.js' } }],
    ['by a field', { exports: undefined, browser: './browser.js', module: './node.js' }],
    ['by a map', { exports: undefined, main: './node.js', browser: { './node.js': './browser.js' } }],
  ])('%s', async (_, fields) => {
    const files = {
      ...at('node_modules/a', { ...pkg('a', '1.0.0', '', fields), ...variants }),
      ...lock({ 'node_modules/a': { version: '1.0.0' } }),
    };
    const index = `import { x } from 'a';\n${skill()}\nexport const y = x; console.log(x);\n`;
    const built = await build(source({ ...files, 'index.ts': index }));
    expect(Buffer.from(built.files.get('dev.signet/main.js')!.bytes).toString()).toContain('for browsers');
  });
});

describe('a bundle with code', () => {
  test('has manifest, script, map and prose, and nothing else', async () => {
    const folder = source({
      'README.md': '# sample\n',
      LICENSE: 'Apache\n',
      'mcp.json': {},
      'skills/sample/SKILL.md': '---\nname: sample\n---\n',
      'skills/sample/run.sh': 'rm -rf /\n',
      'secret.env': 'KEY=1\n',
      'tsconfig.json': '{ not json',
    });
    const built = await build(folder);
    expect([...built.files.keys()]).toEqual([
      'FILES.json',
      'LICENSE',
      'README.md',
      'dev.signet/main.js',
      'dev.signet/main.js.map',
      'mcp.json',
      'plugin.json',
      'skills/sample/SKILL.md',
    ]);
    expect(built.warnings).toEqual([expect.stringContaining('skills/sample/run.sh')]);
    expect([...readArchive(built.archive).keys()]).toEqual([...built.files.keys()]);
    expect(built.manifest.extensions['dev.signet']).toMatchObject({
      main: './dev.signet/main.js',
      provides: [
        {
          kind: 'skill',
          name: 'sample',
          description: 'A sample.',
          annotations: { readOnly: true },
          input: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
          output: {
            type: 'object',
            properties: { text: { type: 'string' } },
            required: ['text'],
            additionalProperties: false,
          },
        },
      ],
    });
  });

  test('the script is one classic script without imports; it defines once, runs, and yields undefined', async () => {
    const { files } = await build(source());
    const script = textOf(files, 'dev.signet/main.js');
    expect(script.trimEnd().endsWith(';undefined')).toBe(true);
    expect(script.length).toBeLessThan(5_000);
    expect(script).not.toMatch(/\b(?:import|require)\b/);
    const seen = await evaluate(`(() => {
      let seen = '';
      const __signet_define = (plugin) => {
        seen += JSON.stringify(plugin) + plugin[0].run({ n: 7 }).text;
      };
      ${script.replace('async run', 'run')}
      return seen;
    })()`);
    expect(seen).toBe('[{"kind":"skill","name":"sample"}]7');
  });

  test('kinds that fix their schemas have them written in', async () => {
    const code = `
      import { definePlugin, provide } from 'signet-host/plugin';
      export default definePlugin([
        provide({ kind: 'parser', name: 'p', description: 'd', run: () => ({ observed: [], ambiguous: [] }) }),
        provide({ kind: 'apply', name: 'a', description: 'd', run: () => ({ applied: [], would: [], errors: [] }) }),
      ]);`;
    const { manifest: built } = await build(source({ 'index.ts': code }));
    const [parser, apply] = built.extensions['dev.signet'].provides;
    expect(parser?.input).toMatchObject({ required: ['raw', 'declared'], additionalProperties: false });
    expect(apply?.input).toMatchObject({ required: ['missing', 'extra', 'dryRun'] });
  });

  test('the source map leads from the script to the source, without contents or machine paths', async () => {
    const { files } = await build(source({ 'index.ts': skill('', "throw new Error('unmistakable');") }));
    const { SourceMap } = await import('node:module');
    const map = JSON.parse(textOf(files, 'dev.signet/main.js.map'));
    expect(map.sourcesContent).toBeUndefined();
    const lines = textOf(files, 'dev.signet/main.js').split('\n');
    const line = lines.findIndex((text) => text.includes('unmistakable'));
    const origin = new SourceMap(map).findOrigin(line + 1, (lines[line]?.indexOf('new Error') ?? 0) + 1);
    expect(origin).toMatchObject({ fileName: 'source:index.ts', lineNumber: 9 });
  });
});

describe('a bundle without code', () => {
  const prose = { 'plugin.json': manifest(), 'skills/sample/SKILL.md': '# sample\n' };
  test('is valid, and has no main', async () => {
    const refuseAll = async (): Promise<string> => expect.fail('nothing is to be evaluated');
    const built = await buildBundle({ folder: write(temporary(), prose), evaluate: refuseAll });
    expect(built.manifest.extensions['dev.signet'].main).toBeUndefined();
    expect([...built.files.keys()]).toEqual(['FILES.json', 'plugin.json', 'skills/sample/SKILL.md']);
  });

  test.each([
    ['with nothing at all', 'E_BUILD', { 'plugin.json': manifest() }],
    ['without a manifest', 'E_BUILD', { 'index.ts': skill() }],
    [
      'with functions but no code',
      'E_BUILD',
      { ...prose, 'plugin.json': manifest({ provides: [{ kind: 'skill', name: 'x' }] }) },
    ],
    [
      'with a capability',
      'E_CEILING',
      { ...prose, 'plugin.json': manifest({ capabilities: [{ id: 'exec', commands: 'granted' }] }) },
    ],
    ['with prose that is not UTF-8', 'built', prose],
  ])('%s: %s', async (_what, code, files) => {
    expect(await codeOf(write(temporary(), files))).toBe(code);
  });

  test('a folder that is not there', async () => {
    expect(await codeOf('/nonexistent/folder')).toBe('E_NOT_FOUND');
  });
});

describe('reproducible', () => {
  const code = skill("import { twice } from 'a';", 'return { text: twice(String(input.n)) };');
  const a = pkg('a', '1.2.3', "import { join } from 'b'; export const twice = (x) => join(x, x);");
  const b = pkg('b', '0.1.0', 'export const join = (x, y) => x + y;');
  const project = { 'plugin.json': manifest(), 'index.ts': code };

  test('the same bytes in another folder, another time zone, another process, with another layout', async () => {
    const hoisted = write(temporary(), {
      ...project,
      ...at('node_modules/a', a),
      ...at('node_modules/b', b),
      ...lock({ 'node_modules/a': { version: '1.2.3' }, 'node_modules/b': { version: '0.1.0' } }),
    });
    const nested = write(path.join(temporary(), 'much/deeper'), {
      ...project,
      ...at('node_modules/a', a),
      ...at('node_modules/a/node_modules/b', b),
      ...lock({
        'node_modules/a': { version: '1.2.3' },
        'node_modules/a/node_modules/b': { version: '0.1.0' },
      }),
    });
    const enclosing = temporary();
    write(enclosing, {
      ...at('node_modules/a', a),
      ...at('node_modules/b', b),
      ...at('skills/sample', project),
      ...lock({ 'node_modules/a': { version: '1.2.3' }, 'node_modules/b': { version: '0.1.0' } }),
    });
    const first = await build(hoisted);
    expect(textOf(first.files, 'dev.signet/main.js')).toContain('// npm:b@0.1.0/lib.js');
    for (const file of first.files.values()) {
      expect(Buffer.from(file.bytes).includes('signet-build-')).toBe(false);
    }
    expect((await build(nested)).digest).toBe(first.digest);
    expect((await build(path.join(enclosing, 'skills/sample'))).digest).toBe(first.digest);

    fs.utimesSync(path.join(nested, 'index.ts'), 1, 1);
    const script = path.resolve('test/registry/print-digest.ts');
    for (const TZ of ['Pacific/Kiritimati', 'America/St_Johns']) {
      const env = { PATH: process.env['PATH'], TZ, LANG: 'tr_TR.UTF-8', HOME: temporary() };
      const digest = execFileSync(process.execPath, ['--no-node-snapshot', script, nested], {
        env,
        cwd: enclosing,
      });
      expect(digest.toString().trim()).toBe(first.digest);
    }
  });

  test('one byte of the source changes the digest', async () => {
    const one = await build(source());
    const two = await build(source({ 'index.ts': skill('', 'return { text: String(input.n + 1) };') }));
    expect(two.digest).not.toBe(one.digest);
  });
});

describe('imports stay inside (38)', () => {
  const importing = (specifier: string): string =>
    skill(`import * as x from '${specifier}'; console.log(x);`);
  test.each([
    ['fs'],
    ['node:fs'],
    ['child_process'],
    ['fs/promises'],
    ['https://example.com/x.js'],
    ['data:text/javascript,1'],
    ['file:///etc/passwd'],
    ['/etc/passwd'],
    ['../outside.ts'],
    ['./missing.ts'],
    ['./inner/../../outside.ts'],
    ['./node_modules/a/lib.js'],
    ['isolated-vm'],
    ['signet-host/runtime'],
    ['zod/v4'],
    ['#private'],
    ['./data.bin'],
    ['.'],
  ])('%s is refused', async (specifier) => {
    const parent = temporary();
    write(parent, { 'outside.ts': 'export const x = 1;' });
    const folder = write(path.join(parent, 'src'), {
      'plugin.json': manifest(),
      'index.ts': importing(specifier === '.' ? './sub' : specifier),
      'data.bin': 'x',
      'sub/readme.txt': 'x',
      ...at('node_modules/a', pkg('a', '1.0.0', 'export {}')),
      ...lock({ 'node_modules/a': { version: '1.0.0' } }),
    });
    const error = await errorOf(folder);
    expect(error.code).toBe('E_BUILD_IMPORT');
    expect(error.message).toMatch(/index\.ts:4|data\.bin/);
  });

  test('a file of the folder, with and without its ending, is bundled', async () => {
    const code = skill(
      "import { x } from './inner/x'; import y from './y.json'; console.log;",
      'return { text: x + y.z };',
    );
    expect(
      await codeOf(
        source({ 'index.ts': code, 'inner/x.ts': "export const x: string = 'x';", 'y.json': { z: 1 } }),
      ),
    ).toBe('built');
  });

  test('links out of the folder are refused, for code, entry, manifest and prose', async () => {
    const outside = write(temporary(), {
      'x.ts': 'export const x = 1;',
      'index.ts': skill(),
      'plugin.json': manifest(),
    });
    const link = (name: string, target: string, files: Record<string, unknown> = {}): string => {
      const folder = source(files);
      fs.rmSync(path.join(folder, name), { force: true });
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.symlinkSync(path.join(outside, target), path.join(folder, name));
      return folder;
    };
    expect(await codeOf(link('x.ts', 'x.ts', { 'index.ts': importing('./x.ts') }))).toBe('E_BUILD_IMPORT');
    expect(await codeOf(link('index.ts', 'index.ts'))).toBe('E_BUILD');
    expect(await codeOf(link('plugin.json', 'plugin.json'))).toBe('E_BUILD');
    expect(await codeOf(link('README.md', 'x.ts'))).toBe('E_BUILD');
    expect(await codeOf(link('skills/a/SKILL.md', 'x.ts'))).toBe('E_BUILD');
    expect(await codeOf(link('dir', '.', { 'index.ts': importing('./dir/x.ts') }))).toBe('E_BUILD_IMPORT');
  });

  test("a stranger's tsconfig.json is not read: its paths lead nowhere", async () => {
    const parent = temporary();
    write(parent, { 'outside.ts': 'export const x = 1;' });
    const compilerOptions = {
      baseUrl: '.',
      paths: { a: ['../outside.ts'], '*': ['../*'] },
      jsxFactory: 'evil',
    };
    const folder = write(path.join(parent, 'src'), {
      'plugin.json': manifest(),
      'index.ts': importing('a'),
      'tsconfig.json': { compilerOptions },
    });
    expect(await codeOf(folder)).toBe('E_BUILD_IMPORT');
  });

  test('a configuration or an install script of a stranger does not run', async () => {
    const evil = "require('fs').writeFileSync(__dirname + '/ran', '');";
    const folder = source({
      'esbuild.config.js': evil,
      'build.js': evil,
      '.pnp.cjs': evil,
      'package.json': {
        name: 'x',
        scripts: { preinstall: 'touch ran', prepare: 'touch ran' },
        esbuild: { plugins: ['./build.js'] },
      },
    });
    expect(await codeOf(folder)).toBe('built');
    expect(fs.existsSync(path.join(folder, 'ran'))).toBe(false);
  });

  test('code at module level runs without any capability, and without Node', async () => {
    const probe =
      "const seen = ['process', 'require', 'Buffer', 'setImmediate', 'eval'].filter((name) => name in globalThis);";
    const folder = source({
      'index.ts': skill(`${probe} if (seen.length > 0) throw new Error('found ' + seen.join());`),
    });
    expect((await errorOf(folder)).message).toBe('');
  });

  test('at module level the globals of the web do nothing, and nothing is random', async () => {
    const quiet =
      "console.log('x'); setTimeout(() => { throw new Error('fired'); }, 0); fetch('https://e.org/').catch(() => 1);";
    expect(await codeOf(source({ 'index.ts': skill(quiet) }))).toBe('built');
    const random = source({ 'index.ts': skill('export const id = crypto.randomUUID();') });
    expect(await errorOf(random)).toMatchObject({
      code: 'E_BUILD_EVALUATE',
      message: expect.stringContaining('no randomness while a bundle is described'),
    });
  });
});

describe('packages are those of the lockfile', () => {
  const code = skill("import { x } from 'a';", 'return { text: x };');
  const installed = at('node_modules/a', pkg('a', '1.0.0', "export const x = 'x';"));
  const withLock = (packages: Record<string, object>, more: Record<string, unknown> = {}): string =>
    source({ 'index.ts': code, ...installed, ...lock(packages), ...more });

  test.each<[string, string, () => string]>([
    ['built', 'as locked', () => withLock({ 'node_modules/a': { version: '1.0.0' } })],
    ['E_BUILD_IMPORT', 'another version', () => withLock({ 'node_modules/a': { version: '1.0.1' } })],
    ['E_BUILD_IMPORT', 'not in the lockfile', () => withLock({})],
    ['E_BUILD_IMPORT', 'no lockfile', () => source({ 'index.ts': code, ...installed })],
    [
      'E_BUILD_IMPORT',
      'a lockfile of npm 6',
      () => source({ 'index.ts': code, ...installed, 'package-lock.json': { dependencies: {} } }),
    ],
    [
      'E_BUILD_IMPORT',
      'a linked package',
      () => withLock({ 'node_modules/a': { version: '1.0.0', link: true } }),
    ],
    [
      'E_BUILD_IMPORT',
      'not installed',
      () => source({ 'index.ts': code, ...lock({ 'node_modules/a': { version: '1.0.0' } }) }),
    ],
    [
      'E_BUILD_IMPORT',
      'another package under that name',
      () =>
        withLock(
          { 'node_modules/a': { version: '1.0.0' } },
          {
            'node_modules/a/package.json': {
              name: 'b',
              version: '1.0.0',
              type: 'module',
              exports: './lib.js',
            },
          },
        ),
    ],
    [
      'E_BUILD_IMPORT',
      'a package that imports another that is not locked',
      () =>
        withLock(
          { 'node_modules/a': { version: '1.0.0' } },
          {
            'node_modules/a/lib.js': "export { x } from 'b';",
            ...at('node_modules/b', pkg('b', '1.0.0', 'export const x = 1')),
          },
        ),
    ],
    [
      'E_BUILD_IMPORT',
      'a package that reaches out of itself',
      () =>
        withLock(
          { 'node_modules/a': { version: '1.0.0' } },
          { 'node_modules/a/lib.js': "export { x } from '../../x.js';", 'x.js': "export const x = 'x'" },
        ),
    ],
    [
      'E_BUILD_IMPORT',
      'a package that imports Node',
      () =>
        withLock(
          { 'node_modules/a': { version: '1.0.0' } },
          { 'node_modules/a/lib.js': "export { EOL as x } from 'os';" },
        ),
    ],
  ])('%s: %s', async (code, _what, folder) => {
    expect(await codeOf(folder())).toBe(code);
  });

  test('a package that is a link is refused', async () => {
    const folder = source({ 'index.ts': code, ...lock({ 'node_modules/a': { version: '1.0.0' } }) });
    const real = write(temporary(), pkg('a', '1.0.0', "export const x = 'x';"));
    fs.mkdirSync(path.join(folder, 'node_modules'));
    fs.symlinkSync(real, path.join(folder, 'node_modules/a'));
    expect(await codeOf(folder)).toBe('E_BUILD_IMPORT');
  });
});

describe('code that fails', () => {
  test.each([
    ['throws at module level', 'E_BUILD_EVALUATE', skill("throw new Error('no');")],
    ['throws what is no error', 'E_BUILD_EVALUATE', skill('throw null;')],
    ['never ends', 'E_BUILD_EVALUATE', skill('for (;;) {}')],
    ['does not parse', 'E_BUILD', 'export default definePlugin(['],
    ['awaits at module level', 'E_BUILD', skill('await 1;')],
    ['has no default export', 'E_BUILD', 'export const x = 1;'],
    ['exports what is no list', 'E_BUILD_EVALUATE', 'export default 1;'],
    ['exports an empty list', 'E_MANIFEST', 'export default [];'],
    ['exports rubbish', 'E_MANIFEST', "export default [{ kind: 'skill' }];"],
    ['provides a name twice', 'E_MANIFEST', skill().replace(/provide\(\{[\s\S]*\}\),/, (one) => one + one)],
    ['names itself constructor', 'E_MANIFEST', skill().replace("name: 'sample'", "name: 'constructor'")],
    ['is of an unknown kind', 'E_KIND_UNSUPPORTED', skill().replace("'skill'", "'constructor'")],
    ['is of a kind that is not built yet', 'E_KIND_UNSUPPORTED', skill().replace("'skill'", "'sender'")],
    [
      'has run as a text',
      'E_MANIFEST',
      "export default [{ kind: 'parser', name: 'x', description: 'd', run: 'x' }];",
    ],
    ['gives a parser a schema', 'E_MANIFEST', skill().replace("'skill'", "'parser'")],
    [
      'a skill without schemas',
      'E_MANIFEST',
      "export default [{ kind: 'skill', name: 'x', description: 'd', run() {} }];",
    ],
    ['uses a pattern', 'E_SCHEMA_SUBSET', skill().replace('z.number()', 'z.string().regex(/(a+)+$/)')],
    ['refines', 'E_SCHEMA_SUBSET', skill().replace('z.number()', 'z.number().refine((n) => n > 1)')],
    ['is recursive', 'E_SCHEMA_SUBSET', skill().replace('z.number()', 'z.json()')],
    ['parses at module level', 'E_SCHEMA_IN_GUEST', skill('z.string().parse("x");')],
    [
      'reads a schema at module level',
      'E_SCHEMA_IN_GUEST',
      skill("export const options = z.enum(['a']).options;"),
    ],
    [
      'defines something else the second time',
      'E_BUILD_EVALUATE',
      `import { z } from 'zod';
      const name = () => { try { z.string().parse('x'); return 'a'; } catch { return 'b'; } };
      export default [{ kind: 'parser', name: name(), description: 'd', run() {} }];`,
    ],
  ])('%s: %s', async (_what, code, text) => {
    expect(await codeOf(source({ 'index.ts': text }))).toBe(code);
  });

  test('a schema used in run() builds, and throws E_SCHEMA_IN_GUEST when it is reached', async () => {
    const { files } = await build(
      source({ 'index.ts': skill('', "z.object({}).parse({}); return { text: '' };") }),
    );
    const script = textOf(files, 'dev.signet/main.js').replace('async run', 'run');
    const code = await evaluate(`(() => {
      let code = '';
      const __signet_define = ([one]) => { try { one.run({ n: 1 }); } catch (error) { code = error.code; } };
      ${script}
      return code;
    })()`);
    expect(code).toBe('E_SCHEMA_IN_GUEST');
  });

  test('formats are dropped with a warning', async () => {
    const { manifest: built, warnings } = await build(
      source({ 'index.ts': skill().replace('z.number()', 'z.email()') }),
    );
    expect(built.extensions['dev.signet'].provides[0]?.input).toMatchObject({
      properties: { n: { type: 'string' } },
    });
    expect(warnings).toEqual([expect.stringContaining('skill/sample input/properties/n')]);
  });

  test('a capability over the ceiling names kind and capability', async () => {
    const code = "export default [{ kind: 'parser', name: 'p', description: 'd', run() {} }];";
    const asking = { capabilities: [{ id: 'exec', commands: 'granted' }] };
    const error = await errorOf(source({ 'index.ts': code, 'plugin.json': manifest(asking) }));
    expect(error).toMatchObject({ code: 'E_CEILING', message: expect.stringMatching(/parser.*exec/) });
    expect(await codeOf(source({ 'plugin.json': manifest(asking) }))).toBe('built');
  });
});

describe('bundleScript', () => {
  test("makes one script of Signet's own TypeScript, the same each time and without machine paths", () => {
    const folder = write(temporary(), {
      'a.ts': "import { b } from './b.ts'; globalThis.x = b as number;",
      'b.ts': 'export const b = 1;',
    });
    const other = write(temporary(), {
      'a.ts': "import { b } from './b.ts'; globalThis.x = b as number;",
      'b.ts': 'export const b = 1;',
    });
    const script = bundleScript(path.join(folder, 'a.ts'), { format: 'iife' });
    expect(script).toBe(bundleScript(path.join(other, 'a.ts'), { format: 'iife' }));
    expect(script).not.toContain('signet-build-');
  });

  test('leaves Node and named packages as imports for Node, and refuses them for the guest', () => {
    const folder = write(temporary(), {
      'a.ts': "import fs from 'node:fs'; import x from 'x'; console.log(fs, x);",
    });
    const entry = path.join(folder, 'a.ts');
    expect(bundleScript(entry, { format: 'esm', external: ['x'] })).toMatch(/from "node:fs"[\s\S]*from "x"/);
    expect(() => bundleScript(entry, { format: 'iife' })).toThrow(
      expect.objectContaining({ code: 'E_BUILD' }),
    );
  });
});

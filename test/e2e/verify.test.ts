// Verification as whole processes: a source that is built again (DESIGN.md §2 "Builds are reproducible"), and two installs at once
// (THREATS.md 39).
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';

let shell: Shell;
beforeAll(() => {
  shell = openShell();
  for (const name of ['hello', 'other', 'third']) {
    expect(shell.run('registry', ['new', 'skill', name])).toMatchObject({ code: 0 });
    expect(shell.run('registry', ['publish', name])).toMatchObject({ code: 0 });
  }
});
afterAll(() => shell.remove());

test('row 39: three installs at once: each is done, and none loses another', async () => {
  const names = ['hello', 'other', 'third'];
  const install = (name: string) => shell.start('registry', ['install', `local/${name}`, '--yes']);
  const done = await Promise.all(names.map(install));
  expect(done.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '', '']);
  const lock = JSON.parse(readFileSync(join(shell.folder, 'signet.lock.json'), 'utf8'));
  expect(lock.bundles.map(({ name }: { name: string }) => name)).toEqual(
    names.map((name) => `local/${name}`),
  );
  expect(shell.run('registry', ['verify', '--all'])).toMatchObject({ code: 0 });
});

describe('registry verify --rebuild', () => {
  const rebuild = (folder: string, subject = 'local/hello') => {
    const args = ['verify', subject, '--rebuild', folder, '--json'];
    const { code, stdout, stderr } = shell.run('registry', args);
    expect(stderr).toBe('');
    const [one] = JSON.parse(stdout).subjects;
    return { exit: code, ok: one.ok, code: one.code, check: one.checks.at(-1) };
  };
  const copy = (name: string, change: (folder: string) => void): string => {
    cpSync(join(shell.folder, 'hello'), join(shell.folder, name), { recursive: true });
    change(join(shell.folder, name));
    return name;
  };
  const edit = (file: string, from: string, to: string) => (folder: string) => {
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(folder, file), text.replace(from, to));
  };

  test('the source that was released, also from another folder', () => {
    for (const folder of ['hello', copy('elsewhere', () => undefined)]) {
      expect(rebuild(folder)).toMatchObject({
        exit: 0,
        ok: true,
        code: null,
        check: { name: 'rebuild', state: 'pass', detail: expect.stringMatching(/^bit for bit sha256:/) },
      });
    }
  });

  test('what a build must not read changes nothing: configuration of esbuild, of TypeScript, of npm', () => {
    const folder = copy('configured', (to) => {
      writeFileSync(join(to, 'tsconfig.json'), '{"compilerOptions":{"target":"es5","jsx":"react"}}');
      writeFileSync(join(to, '.npmrc'), 'ignore-scripts=false\n');
      writeFileSync(join(to, 'esbuild.config.js'), 'export default { minify: true };\n');
    });
    expect(rebuild(folder)).toMatchObject({ exit: 0, ok: true });
  });

  test.each<[string, (folder: string) => void, string]>([
    ['one word of the code', edit('index.ts', 'Hello', 'Hullo'), 'dev.signet/main.js'],
    ['the description', edit('plugin.json', '"description": "', '"description": "Not: '), 'plugin.json'],
    [
      'a file more that is shipped',
      (folder) => cpSync(join(folder, 'skills/hello'), join(folder, 'skills/more'), { recursive: true }),
      'skills/more/SKILL.md',
    ],
  ])('%s changed: refused, with the file that differs', (name, change, file) => {
    expect(rebuild(copy(`changed-${name.replaceAll(' ', '-')}`, change))).toMatchObject({
      exit: 1,
      ok: false,
      code: 'E_REBUILD',
      check: { name: 'rebuild', state: 'fail', item: file },
    });
  });

  test('another bundle’s source, no source, and a release that is refused already', () => {
    expect(rebuild('other')).toMatchObject({ exit: 1, code: 'E_REBUILD' });
    expect(rebuild('nowhere')).toMatchObject({ exit: 6, code: 'E_NOT_FOUND' });
    const main = readFileSync(join(shell.folder, 'signet.lock.json'), 'utf8');
    writeFileSync(join(shell.folder, 'plain.tar'), 'x');
    expect(rebuild('hello', 'plain.tar')).toMatchObject({
      exit: 1,
      check: { name: 'rebuild', state: 'not_run' },
    });
    expect(readFileSync(join(shell.folder, 'signet.lock.json'), 'utf8')).toBe(main);
  });

  test('a release that says it was built with another esbuild proves nothing: exit 5', () => {
    expect(shell.run('registry', ['new', 'skill', 'older'])).toMatchObject({ code: 0 });
    expect(shell.run('registry', ['pack', 'older', '--out', 'older.tar'])).toMatchObject({ code: 0 });
    expect(shell.run('registry', ['sign', 'older.tar', '--source', 'older'])).toMatchObject({ code: 0 });
    // Signed by the publisher itself: an honest release of an older Signet.
    const file = join(shell.folder, 'older.tar.provenance.json');
    const envelope = JSON.parse(readFileSync(file, 'utf8'));
    const payload = Buffer.from(envelope.payload, 'base64')
      .toString()
      .replace(/"esbuild":"[^"]*"/, '"esbuild":"0.27.0"');
    writeFileSync(
      file,
      JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64'), signatures: [] }),
    );
    expect(shell.run('registry', ['sign', 'older.tar'])).toMatchObject({ code: 0 });
    expect(shell.run('registry', ['publish', 'older.tar'])).toMatchObject({ code: 0 });
    expect(rebuild('older', 'local/older')).toMatchObject({
      exit: 5,
      code: 'E_REBUILD_TOOL',
      check: { expected: expect.stringContaining('0.27.0') },
    });
  });
});

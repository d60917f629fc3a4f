// A project that came from someone else, as whole processes: THREATS.md 29. Its folder carries no trust; what is printed as the
// way out runs as printed.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';

let shell: Shell;
beforeAll(() => {
  shell = openShell();
  for (const args of [
    ['new', 'skill', 'hello'],
    ['publish', 'hello'],
    ['install', 'local/hello', '--yes'],
  ])
    expect(shell.run('registry', args)).toMatchObject({ code: 0 });
});
afterAll(() => shell.remove());

const codesOf = (stdout: string): unknown[] =>
  JSON.parse(stdout).subjects.map(({ code }: { code: unknown }) => code);

test('a copied project is not verified and not run for a user who pinned nothing, until they pin it', () => {
  const copy = join(shell.folder, 'cloned');
  cpSync(shell.folder, `${shell.folder}-copy`, { recursive: true });
  cpSync(`${shell.folder}-copy`, copy, { recursive: true });
  rmSync(`${shell.folder}-copy`, { recursive: true });
  const env = { SIGNET_CONFIG_DIR: join(shell.folder, 'victim') };
  const at = ['--directory', copy];
  const all = shell.run('registry', ['verify', '--all', '--json', ...at], { env });
  expect(all.code).toBe(3);
  expect(codesOf(all.stdout)).toEqual(['E_ROOT_UNPINNED']);
  const call = shell.run('signet', ['call', 'skill/hello', '{"name":"x"}', ...at], { env });
  expect(call.stderr).toContain('E_ROOT_UNPINNED');
  expect(call.code).toBe(3);
  expect(existsSync(env.SIGNET_CONFIG_DIR)).toBe(false);
  // The twin: the user who made it.
  expect(shell.run('registry', ['verify', '--all'])).toMatchObject({ code: 0 });
  // Its command, as printed, run in the project.
  const fix = /do: registry (root pin \S+ --fingerprint SHA256:[0-9a-f]{64})$/m.exec(
    shell.run('registry', ['verify', '--all', ...at], { env }).stdout,
  )?.[1] as string;
  const [root, pin, file = '', ...rest] = fix.split(' ');
  const pinned = shell.run('registry', [root!, pin!, join(copy, file), ...rest, ...at], { env });
  expect(pinned.stderr + pinned.stdout).toContain('pinned root v1');
  // A root of someone else is not local: a build by its publisher alone is not enough.
  expect(codesOf(shell.run('registry', ['verify', '--all', '--json', ...at], { env }).stdout)).toEqual([
    'E_BUILDER',
  ]);
});

test('a publisher key that is not there is not made silently; the printed command makes it', () => {
  const publish = () => shell.run('registry', ['publish', 'hello', '--key', 'mistyped']);
  const refused = publish();
  expect(refused.stderr).toContain('E_NOT_FOUND');
  expect(refused.stderr).toContain('do: registry keys new mistyped\n');
  expect(shell.run('registry', ['keys', 'list']).stdout).not.toContain('mistyped');
  expect(shell.run('registry', ['keys', 'new', 'mistyped'])).toMatchObject({ code: 0 });
  expect(publish().stderr).not.toContain('E_NOT_FOUND');
  expect(shell.run('registry', ['publish', 'hello', '--key', 'default'])).toMatchObject({ code: 0 });
});

test('row 32: everything installed, where nothing is, does not vanish beside a good file', () => {
  const at = ['--directory', shell.folder];
  expect(shell.run('registry', ['export', 'local/hello', '--out', 'hello.signet', ...at])).toMatchObject({
    code: 0,
  });
  const lockfile = join(shell.folder, 'signet.lock.json');
  const before = readFileSync(lockfile);
  expect(shell.run('registry', ['verify', '--all', 'hello.signet', ...at])).toMatchObject({ code: 0 });
  writeFileSync(lockfile, '{"type":"lock/1","bundles":[]}');
  const both = shell.run('registry', ['verify', '--all', 'hello.signet', '--json', ...at]);
  writeFileSync(lockfile, before);
  expect(both.code).toBe(3);
  expect(codesOf(both.stdout)).toEqual(['E_NO_SUBJECTS', null]);
});

test('a project whose state is gone says how to start anew, and that works', () => {
  rmSync(join(shell.folder, '.signet'), { recursive: true });
  const install = shell.run('registry', ['install', 'local/hello', '--yes']);
  expect(install.stderr).toContain('E_ROOT_UNPINNED');
  expect(install.stderr).toContain('rm policy.yaml signet.lock.json && signet up');
  expect(install.code).toBe(3);
  for (const file of ['policy.yaml', 'signet.lock.json']) rmSync(join(shell.folder, file));
  expect(shell.run('registry', ['publish', 'hello'])).toMatchObject({ code: 0 });
  expect(shell.run('registry', ['install', 'local/hello', '--yes'])).toMatchObject({ code: 0 });
});

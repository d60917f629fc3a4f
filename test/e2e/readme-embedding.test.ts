// README.md "Embed it", executed as it is printed: in a project that has `local/hello` as the page made it.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const SECTION = README.slice(README.indexOf('## Embed it'), README.indexOf('## What is where'));
const [, EXAMPLE = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(SECTION) ?? [];

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

test('the example runs as printed, and the process ends by itself', () => {
  expect(EXAMPLE).toContain("from 'signet-host/runtime'");
  const runtime = new URL('../../sdk/runtime.ts', import.meta.url).href;
  const file = join(shell.folder, 'embed.ts');
  // Where the package is not installed, its name is where it would be.
  writeFileSync(file, EXAMPLE.replace("'signet-host/runtime'", JSON.stringify(runtime)));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    cwd: shell.folder,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      SIGNET_CONFIG_DIR: join(shell.folder, '..', 'config'),
      NO_COLOR: '1',
    },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(status, stderr).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toContain('Hello Ada');
  expect(stdout).toContain("greeting: 'Hello Bo'");
});

test('what the page says of versions and of development are options that there are', () => {
  const help = ['call', 'up'].map((command) => shell.run('signet', [command, '--help']).stdout).join();
  for (const flag of ['--version', '--watch']) expect(help).toContain(flag);
  expect(shell.run('registry', ['install', '--help']).stdout).toContain('--beside');
});

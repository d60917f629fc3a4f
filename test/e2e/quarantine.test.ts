// `signet unquarantine` as a command: without a host of its own kind running, and with a live one; an agent cannot (DESIGN.md §4).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';

let shell: Shell;
let digest: string;
beforeAll(async () => {
  shell = openShell();
  await (await shell.up()).stop();
  const status = JSON.parse(shell.run('signet', ['status', '--json']).stdout) as {
    bundles: { name: string; digest: string }[];
  };
  digest = status.bundles.find(({ name }) => name === 'signet/shell')?.digest ?? '';
});
afterAll(() => shell.remove());

function quarantine(): void {
  const bundle = { name: 'signet/shell', version: '1.0.0', digest, at: 1, losses: 3 };
  const bundles = [{ ...bundle, cause: 'hang', reason: 'it hung' }];
  writeFileSync(
    join(shell.folder, '.signet', 'quarantine.json'),
    JSON.stringify({ type: 'quarantine/1', bundles }),
  );
}

const lift = (env: Record<string, string> = {}) =>
  shell.run('signet', ['unquarantine', 'signet/shell'], { env });

test('without a live host', () => {
  quarantine();
  const status = shell.run('signet', ['status']).stdout;
  expect(status).toContain('✗ signet/shell');
  expect(status).toContain('do: signet unquarantine signet/shell');
  expect(lift()).toMatchObject({ code: 0, stdout: expect.stringContaining('may run again') });
  expect(shell.run('signet', ['status']).stdout).not.toContain('quarantined');
  expect(lift()).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to lift') });
});

test('with a live one; by an agent, with neither', async () => {
  quarantine();
  expect(lift({ SIGNET_PRINCIPAL: 'agent:planner' })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('E_GRANT'),
  });
  const up = await shell.up();
  try {
    expect(lift({ SIGNET_PRINCIPAL: 'agent:planner' }).code).toBe(1);
    expect(shell.run('signet', ['status']).stdout).toContain('quarantined E_QUARANTINED');
    expect(lift().code).toBe(0);
    expect(shell.run('signet', ['status']).stdout).not.toContain('quarantined');
  } finally {
    await up.stop();
  }
});

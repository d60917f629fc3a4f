// Recorded calls as an operator sees them: listed, run again, and what cannot be.
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShell, type Shell } from './process.ts';

let shell: Shell;
beforeAll(async () => {
  shell = openShell();
  await (await shell.up()).stop();
  shell.run('registry', ['new', 'skill', 'hello']);
  shell.run('registry', ['publish', 'hello']);
  shell.run('registry', ['install', 'local/hello', '--yes']);
  shell.run('signet', ['call', 'skill/hello', '{"name":"Ada"}']);
  shell.run('signet', ['call', 'skill/hello', '{"name":"Grace"}']);
});
afterAll(() => shell.remove());

const signet = (...args: string[]) => shell.run('signet', args);
const records = (): string[] =>
  readdirSync(join(shell.folder, '.signet', 'records'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.record'))
    .map((file) => join(shell.folder, '.signet', 'records', file));
const listed = (...args: string[]): { callId: string; record: string; digest: string; function: string }[] =>
  (JSON.parse(signet('calls', '--json', ...args).stdout) as { calls: never }).calls;

test('calls are listed, by bundle, by function, by digest', () => {
  const calls = listed('--bundle', 'local/hello');
  expect(calls.map((call) => [call.function, call.record])).toEqual([
    ['skill/hello', 'full'],
    ['skill/hello', 'full'],
  ]);
  expect(listed('--digest', calls[0]?.digest as string)).toHaveLength(2);
  expect(listed('--function', 'skill/hello', '--last', '1')).toHaveLength(1);
  expect(listed('--function', 'skill/none')).toEqual([]);
  expect(signet('calls', '--bundle', 'local/hello').stdout).toMatch(
    /^call-\S+ {2}\S+Z {2}skill\/hello {2}local\/hello@\S+ {2}ok .* record full\n/,
  );
  expect(signet('calls', '--since', 'yesterday').code).toBe(64);
  expect(signet('calls', '--digest', `sha256:${'a'.repeat(63)}`).code).toBe(64);
});

test('a call is run again, byte for byte; also without its host, and while another runs', async () => {
  const [call] = listed('--bundle', 'local/hello');
  const alone = signet('replay', call?.callId as string);
  expect([alone.code, alone.stdout]).toEqual([
    0,
    expect.stringMatching(/^identical {2}call-.* nothing was done\n$/),
  ]);
  const up = await shell.up();
  try {
    expect(JSON.parse(signet('replay', call?.callId as string, '--json').stdout)).toMatchObject({
      schema: 'replay/1',
      ok: true,
      identical: true,
      engine: { same: true },
    });
  } finally {
    await up.stop();
  }
});

test('a record that was changed, or cut off, or is gone is refused; the others still run', () => {
  const [call] = listed('--bundle', 'local/hello');
  const id = call?.callId as string;
  const file = records().find((path) => readFileSync(path, 'latin1').includes(id)) as string;
  const sound = readFileSync(file);
  writeFileSync(file, Buffer.from(sound.toString('latin1').replace('"Ada"', '"Eve"'), 'latin1'));
  expect(signet('replay', id)).toMatchObject({ code: 3, stderr: expect.stringContaining('E_RECORD') });
  writeFileSync(file, sound.subarray(0, sound.indexOf(id) - 40));
  expect(signet('replay', id)).toMatchObject({ code: 3, stderr: expect.stringContaining('breaks off') });
  rmSync(file);
  expect(signet('replay', id)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('not kept any more'),
  });
  writeFileSync(file, sound);
  expect(signet('replay', id).code).toBe(0);
  expect(signet('replay', 'call-none-1')).toMatchObject({ code: 6 });
});

test('what the policy says is not kept is not', () => {
  appendFileSync(
    join(shell.folder, 'policy.yaml'),
    '\nhost:\n  record:\n    bundles: { local/hello: off }\n',
  );
  signet('call', 'skill/hello', '{"name":"Mallory"}');
  const call = listed('--bundle', 'local/hello').at(-1);
  expect(call?.record).toBe('none');
  expect(signet('replay', call?.callId as string)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('was not recorded'),
  });
  expect(records().some((path) => readFileSync(path, 'latin1').includes('Mallory'))).toBe(false);
});

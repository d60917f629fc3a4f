import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveCommand } from '../../../host/resolve-command.ts';
import { createFixture, type Fixture, grantsOf, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
let made: string;
beforeEach(() => {
  fixture = createFixture();
  made = join(fixture.folder, 'made');
});
afterEach(() => fixture.close());

const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };
const run = (args: unknown, overrides = {}) => fixture.perform(fixture.call(overrides), 'exec', args);
const planned = () => ({ plan: fixture.plan('skill', 'work') });

/** A grant of a command's text, resolved as `signet grant` does. */
const granted = (command: string, more: object = {}) => ({
  capability: 'exec',
  class: 'observe',
  command,
  ...resolveCommand(command, '/usr/bin:/bin'),
  ...more,
});
const done = (stdout: string, exitCode = 0, stderr = '') => ({
  ok: true,
  value: JSON.stringify({ status: 'done', exitCode, stdout, stderr }),
});

describe('beyond the grant (THREATS.md H10)', () => {
  beforeEach(() => {
    fixture.grants = grantsOf(granted('echo -n one'), granted('echo two; echo three'));
  });
  test.each([
    { command: 'echo -n one --more' },
    { command: 'echo -n one ' },
    { command: 'echo' },
    { command: 'echo two; echo three; id' },
    { command: 'echo two' },
    { program: '/usr/bin/echo', args: ['-n', 'one', '-e'] },
    { program: '/usr/bin/echo', args: ['-n'] },
    { program: '/usr/bin/echo', args: ['one', '-n'] },
    { program: '/usr/bin/echo' },
    { program: '/usr/bin/printf', args: ['-n', 'one'] },
    { program: '/bin/echo', args: ['-n one'] },
    { program: '/bin/sh', args: ['-c', 'id'] },
  ])('%j', async (args) => {
    expect(await run(args)).toMatchObject(DENIED);
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', capability: 'exec' });
  });
  test('thousands of arguments are E_LIMIT before they are looked at, hundreds have another shape', async () => {
    const args = (count: number) => ({ program: '/usr/bin/echo', args: new Array(count).fill(0) });
    expect(await run(args(70_000))).toMatchObject({ ok: false, code: 'E_LIMIT' });
    expect(await run(args(300))).toMatchObject({ ok: false, code: 'E_CAPABILITY_ARGS' });
  });
  test('its twins are run: the very text, the very program and arguments', async () => {
    expect(await run({ command: 'echo -n one' })).toEqual(done('one'));
    expect(await run({ command: 'echo two; echo three' })).toEqual(done('two\nthree\n'));
    const { program, args } = resolveCommand('echo -n one', '/usr/bin:/bin');
    expect(await run({ program, args })).toEqual(done('one'));
  });
  test('a grant of another bundle, an expired one', async () => {
    fixture.grants = grantsOf(granted('echo x', { bundle: 'acme/other' }));
    expect(await run({ command: 'echo x' })).toMatchObject(DENIED);
    fixture.grants = grantsOf(granted('echo x', { expires: '2026-03-01T12:00:01Z' }));
    expect(await run({ command: 'echo x' })).toEqual(done('x\n'));
    fixture.now = NOW + 1_000;
    expect(await run({ command: 'echo x' })).toMatchObject(DENIED);
  });
  test('a command that the manifest does not name, although granted', async () => {
    const requests = [{ id: 'exec', commands: ['echo two; echo three'] }] as const;
    expect(await run({ command: 'echo -n one' }, { requests })).toMatchObject(DENIED);
    expect(await run({ command: 'echo two; echo three' }, { requests })).toEqual(done('two\nthree\n'));
  });
  test('input, where none was granted', async () => {
    expect(await run({ command: 'echo -n one', stdin: '' })).toMatchObject(DENIED);
    fixture.grants = grantsOf(granted('cat', { stdin: true }));
    expect(await run({ command: 'cat', stdin: 'text' })).toEqual(done('text'));
    expect(await run({ command: 'cat' })).toEqual(done(''));
  });
});

test('the refusal gives the command that grants, of the class that the kind may use', async () => {
  expect(await run({ command: "crontab -l | grep 'x'" })).toMatchObject({
    fix: "signet grant acme/tool exec --command 'crontab -l | grep '\\''x'\\''' --class mutate --reason 'asked for by skill/work'",
  });
  const observing = { kind: 'observer', fn: 'observer/look' };
  expect(await run({ program: '/bin/ls', args: ['-l'], stdin: 'x' }, observing)).toMatchObject({
    fix: "signet grant acme/tool exec --stdin --class observe --reason 'asked for by observer/look' -- /bin/ls -l",
  });
});

describe('the grant sets the class (THREATS.md H12)', () => {
  test('a mutating command in a dry run: said, journalled, not done', async () => {
    fixture.grants = grantsOf(granted(`touch ${made}`, { class: 'mutate' }));
    expect(await run({ command: `touch ${made}` }, { dryRun: true, ...planned() })).toEqual({
      ok: true,
      value: JSON.stringify({ status: 'would', action: `run "touch ${made}"` }),
    });
    expect(existsSync(made)).toBe(false);
    expect(fixture.records().slice(-2)).toMatchObject([
      { type: 'effect.intent', class: 'mutate', dryRun: true, action: `run "touch ${made}"` },
      { type: 'effect.outcome', status: 'would', resultHash: null, code: null },
    ]);
    expect(await run({ command: `touch ${made}` }, planned())).toEqual(done(''));
    expect(existsSync(made)).toBe(true);
  });
  test('called by a kind that only observes: refused', async () => {
    fixture.grants = grantsOf(granted(`touch ${made}`, { class: 'mutate' }));
    for (const dryRun of [true, false]) {
      const call = { kind: 'observer', fn: 'observer/look', dryRun, ...planned() };
      expect(await run({ command: `touch ${made}` }, call)).toMatchObject(DENIED);
    }
    expect(existsSync(made)).toBe(false);
  });
  test('granted once as observing and once as mutating: the stricter holds', async () => {
    const { command: _, ...byArgv } = granted(`touch ${made}`);
    fixture.grants = grantsOf(granted(`touch ${made}`, { class: 'mutate' }), byArgv);
    const { program, args } = byArgv;
    expect(await run({ program, args })).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    expect(existsSync(made)).toBe(false);
  });
  test('the input of a mutation is named by its digest', async () => {
    fixture.grants = grantsOf(granted('cat', { class: 'mutate', stdin: true }));
    await run({ command: 'cat', stdin: 'a line' }, { dryRun: true });
    expect(fixture.records().at(-2)).toMatchObject({
      action: expect.stringMatching(/^run "cat" with 6 bytes of input, sha256:[0-9a-f]{64}$/),
    });
    expect(JSON.stringify(fixture.records())).not.toContain('a line');
  });
});

test.each([
  { command: '' },
  { command: 'x', program: '/bin/x' },
  { program: 'relative' },
  { program: '/bin/x', args: 'x' },
  { command: 'x', env: {} },
  { command: 'x', timeoutMs: 0 },
  { command: 'x', timeoutMs: 600_001 },
  { command: 'x', stdin: 1 },
  { command: 'x', stdin: 'x'.repeat((4 << 20) + 1) },
])('arguments of another shape are E_CAPABILITY_ARGS (%#)', async (args) => {
  expect(await run(args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
});

describe('what the program does', () => {
  test('its exit code is a result', async () => {
    fixture.grants = grantsOf(granted('echo no >&2; exit 3'));
    expect(await run({ command: 'echo no >&2; exit 3' })).toEqual(done('', 3, 'no\n'));
  });
  test.each([
    ['its own time limit', { timeoutMs: 200 }, {}],
    ['the deadline of the call', {}, { deadlineMs: NOW + 200 }],
    ['the deadline, although it asks for more', { timeoutMs: 60_000 }, { deadlineMs: NOW + 200 }],
    ['a deadline that has passed', {}, { deadlineMs: NOW }],
  ])('%s ends it: E_EXEC', async (_, more, overrides) => {
    fixture.grants = grantsOf(granted('sleep 600'));
    expect(await run({ command: 'sleep 600', ...more }, overrides)).toMatchObject({ code: 'E_EXEC' });
    expect(fixture.records().at(-1)).toMatchObject({ status: 'failed', code: 'E_EXEC' });
  });
  test('too much output: E_LIMIT', async () => {
    fixture.grants = grantsOf(granted('cat /dev/zero'));
    expect(await run({ command: 'cat /dev/zero' })).toMatchObject({ code: 'E_LIMIT' });
  });
});

test('a program that is no executable file any more: E_EXEC, nothing run', async () => {
  const program = join(fixture.folder, 'tool');
  writeFileSync(program, `#!/bin/sh\necho ran > ${made}\n`, { mode: 0o755 });
  fixture.grants = grantsOf(granted(program));
  expect(await run({ command: program })).toEqual(done(''));
  expect(readFileSync(made, 'utf8')).toBe('ran\n');
  rmSync(made);
  chmodSync(program, 0o644);
  expect(await run({ command: program })).toMatchObject({ code: 'E_EXEC' });
  rmSync(program);
  expect(await run({ command: program })).toMatchObject({ code: 'E_EXEC' });
  expect(existsSync(made)).toBe(false);
});

test('nothing is looked up at run time: a program that was put earlier on PATH is not run', async () => {
  fixture.grants = grantsOf(granted('echo x'));
  writeFileSync(join(fixture.folder, 'echo'), `#!/bin/sh\necho other\n`, { mode: 0o755 });
  const path = process.env['PATH'];
  process.env['PATH'] = `${fixture.folder}:${path}`;
  try {
    expect(await run({ command: 'echo x' })).toEqual(done('x\n'));
  } finally {
    process.env['PATH'] = path;
  }
});

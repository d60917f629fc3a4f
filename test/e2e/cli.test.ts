// The commands as whole processes: the newcomer's way from an empty folder to a dispatched plugin, every example as printed, and
// what each command says to wrong arguments.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REGISTRY_COMMANDS } from '../../sdk/cli/registry-commands.ts';
import { SIGNET_COMMANDS } from '../../sdk/cli/signet-commands.ts';
import { openShell, type Shell } from './process.ts';

const COMMANDS = [
  ...REGISTRY_COMMANDS.map((command) => ['registry', command] as const),
  ...SIGNET_COMMANDS.map((command) => ['signet', command] as const),
];

describe('a first start in an empty folder', () => {
  let shell: Shell;
  beforeAll(() => {
    shell = openShell();
  });
  afterAll(() => shell.remove());

  test('signet up says where it listens, answers there, and stops on SIGINT and SIGTERM', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const up = await shell.up();
      const address = /^signet ready (http:\/\/127\.0\.0\.1:\d+)/.exec(up.ready)?.[1];
      expect(await (await fetch(`${address}/healthz`)).json()).toEqual({ ok: true });
      expect((await fetch(`${address}/v1/queries/host.status`)).status).toBe(401);
      expect(up.ready).toContain('.signet/token');
      expect(statSync(join(shell.folder, '.signet', 'token')).mode & 0o777).toBe(0o600);
      const { code, stdout, stderr } = await up.stop(signal);
      expect(code).toBe(0);
      expect(stderr).toContain('✓ [example_jobs] declared=3 observed=3 (no drift)');
      // The token itself is never printed.
      expect(stdout + stderr).not.toContain(
        readFileSync(join(shell.folder, '.signet', 'token'), 'utf8').trim(),
      );
    }
  });

  test('it made what belongs into the project and nothing else', () => {
    for (const made of [
      'policy.yaml',
      'grants.yaml',
      'signet.lock.json',
      '.signet/store',
      '.signet/trust',
      '.signet/journal',
      '.signet/state.db',
    ]) {
      expect(existsSync(join(shell.folder, made)), made).toBe(true);
    }
    expect(existsSync(join(shell.folder, '.signet', 'host.lock'))).toBe(false);
  });

  test('while it runs, commands work through it; a second up is told so', async () => {
    const up = await shell.up();
    try {
      const status = JSON.parse(shell.run('signet', ['status', '--json']).stdout) as {
        pid: number;
        address: string;
      };
      expect(status.pid).toBe(up.child.pid);
      expect(up.ready).toContain(status.address);
      const second = shell.run('signet', ['up']);
      expect(second.code).toBe(6);
      expect(second.stderr).toContain('E_HOST_BUSY');
    } finally {
      await up.stop();
    }
  });

  test('the example drifts when a line is taken away, and is repaired by putting it back', () => {
    const observed = join(shell.folder, '.signet', 'example', 'observed.txt');
    const before = readFileSync(observed, 'utf8');
    writeFileSync(observed, before.replace(/^.*report.*\n/, ''));
    const audit = ['audit', '--specs', '.signet/example/specs.yaml'];
    const drift = shell.run('signet', audit);
    expect(drift).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        '! [example_jobs] declared=3 observed=2 missing=1 (drift_action=alert_only)',
      ),
    });
    expect(drift.stdout).toContain('missing: report.sh');
    writeFileSync(observed, before);
    expect(shell.run('signet', audit)).toMatchObject({ code: 0 });
  });

  test('a first plugin: new, publish, install, call', () => {
    expect(shell.run('registry', ['new', 'skill', 'hello'])).toMatchObject({ code: 0 });
    expect(shell.run('registry', ['build', 'hello'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('provides  skill/hello'),
    });
    expect(shell.run('registry', ['publish', 'hello'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('published'),
    });
    const verify = shell.run('registry', ['verify', 'local/hello']);
    expect(verify).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^✓ local\/hello 0\.1\.0 {2}VERIFIED|^✓ local\/hello 1\.0\.0 {2}VERIFIED/,
      ),
    });
    expect(shell.run('registry', ['install', 'local/hello', '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('installed local/hello'),
    });
    const call = shell.run('signet', ['call', 'skill/hello', '{"name":"Ada"}']);
    expect(call.stderr).toContain('local/hello');
    expect(call.code).toBe(0);
    expect(call.stdout).toContain('Ada');
    expect(shell.run('signet', ['call', 'skill/hello', '-'], { input: '{"name":"Grace"}' }).stdout).toContain(
      'Grace',
    );
  });

  test('two commands at once without a live host both get their answer', async () => {
    const answers = await Promise.all([
      shell.start('signet', ['tools']),
      shell.start('signet', ['tools']),
      shell.start('signet', ['status']),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0]);
  });

  test('one byte changed in an installed file is refused by verify and by call, with code, file and digests', () => {
    const { bundles } = JSON.parse(shell.run('registry', ['list', '--json']).stdout) as {
      bundles: { name: string; digest: string }[];
    };
    const digest = bundles.find(({ name }) => name === 'local/hello')?.digest.slice('sha256:'.length) ?? '';
    const main = join(shell.folder, '.signet', 'store', 'sha256', digest, 'files', 'dev.signet', 'main.js');
    const original = readFileSync(main);
    const changed = Buffer.from(original);
    changed[changed.length - 3] = (changed[changed.length - 3] ?? 0) ^ 1;
    writeFileSync(main, changed);
    const verify = shell.run('registry', ['verify', '--all']);
    expect(verify.code).toBe(1);
    expect(verify.stdout).toMatch(/✗ local\/hello .*REFUSED {2}E_FILE_CHANGED/);
    expect(verify.stdout).toMatch(
      /dev\.signet\/main\.js[\s\S]*expected sha256:[0-9a-f]{64}\n {2}actual {3}sha256:[0-9a-f]{64}\n {2}do: /,
    );
    const call = shell.run('signet', ['call', 'skill/hello', '{"name":"Ada"}']);
    expect(call).toMatchObject({ code: 1, stderr: expect.stringContaining('E_FILE_CHANGED') });
    // Nothing is loaded to show what is installed.
    expect(shell.run('signet', ['status']).stdout).toContain('· local/hello 0.1.0  installed');
    writeFileSync(main, original);
    expect(shell.run('registry', ['verify', '--all']).code).toBe(0);
  });

  test.each(COMMANDS.filter(([, { name }]) => name !== 'up'))(
    '%s: the example runs as printed',
    (bin, command) => {
      const [first, ...args] = words(command.example);
      expect(first).toBe(bin);
      if (command.name === 'new') args[2] = 'hello2';
      const outcome = shell.run(bin, args);
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(outcome.stdout).not.toBe('');
      // The examples after it use what it takes away.
      if (command.name === 'uninstall')
        expect(shell.run('registry', ['install', 'local/hello', '--yes']).code).toBe(0);
    },
  );
});

describe('arguments', () => {
  let shell: Shell;
  beforeAll(() => {
    shell = openShell();
  });
  afterAll(() => shell.remove());

  test.each(['registry', 'signet'] as const)('%s --help lists every command', (bin) => {
    const { code, stdout } = shell.run(bin, ['--help']);
    expect(code).toBe(0);
    for (const [owner, { name }] of COMMANDS) if (owner === bin) expect(stdout).toContain(`\n  ${name} `);
  });

  test.each(COMMANDS)('%s: --help shows usage and example', (bin, command) => {
    const { code, stdout } = shell.run(bin, [command.name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(command.example);
  });

  // bin | arguments
  test.each<['registry' | 'signet', string[]]>([
    ['registry', []],
    ['registry', ['nonsense']],
    ['registry', ['constructor']],
    ['registry', ['new']],
    ['registry', ['new', 'daemon', 'x']],
    ['registry', ['build']],
    ['registry', ['verify', '--nonsense']],
    ['registry', ['explain', 'toString']],
    ['signet', ['call', 'skill']],
    ['signet', ['call', 'skill/x', '{"a":1,"a":2}']],
    ['signet', ['audit']],
    ['signet', ['up', '--port', 'x']],
    ['signet', ['grant', 'local/x', 'secret']],
    ['signet', ['grant', 'local/x', 'exec', '--command', 'ls']],
    ['signet', ['grant', 'x', 'kv', '--class', 'observe']],
  ])('%s %o is refused with a code and what to do, and writes nothing', (bin, args) => {
    const { code, stdout, stderr } = shell.run(bin, args);
    expect([64, 1, 5]).toContain(code);
    expect(stdout).toBe('');
    if (args.length > 0) expect(stderr).toMatch(/: E_[A-Z_]+: [\s\S]*do: /);
    expect(existsSync(join(shell.folder, '.signet'))).toBe(false);
  });

  test('--json prints one document also on failure', () => {
    const { code, stdout } = shell.run('registry', ['build', '--json']);
    expect(code).toBe(64);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, code: 'E_USAGE' });
  });

  test('row 32: no subject, a pattern that matches nothing and an empty list are exit 3, and are named', () => {
    const none = shell.run('registry', ['verify', '--json']);
    expect(none.code).toBe(3);
    expect(JSON.parse(none.stdout)).toMatchObject({ ok: false, code: 'E_NO_SUBJECTS', subjects: [] });
    for (const [args, input] of [
      [['verify', 'dist/*.tar'], ''],
      [['verify', '-'], '\n'],
    ] as const) {
      const { code, stdout } = shell.run('registry', args, { input });
      expect(code).toBe(3);
      expect(stdout).toContain(`✗ ${args[1]}  REFUSED  E_NO_SUBJECTS`);
    }
  });

  test('nothing installed is nothing verified: exit 3', () => {
    expect(shell.run('registry', ['verify', '--all'])).toMatchObject({ code: 3 });
  });
});

/** The words of an example, as a shell would split them. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

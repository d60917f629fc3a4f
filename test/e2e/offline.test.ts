// A machine that never saw the registry: one exported file and a root, no project, no connection (DESIGN.md §3 "Proof bundle";
// THREATS.md 4, 29, 32). Under Node's permission model, and with every way to a socket trapped.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Outcome, openShell, type Shell } from './process.ts';

const BIN = fileURLToPath(new URL('../../sdk/bin/registry.js', import.meta.url));
/** Every way in which a process of Node opens a connection or asks for a name. */
const TRAP = `
import dns from 'node:dns';
import dgram from 'node:dgram';
import net from 'node:net';
import { syncBuiltinESMExports } from 'node:module';
const trap = () => { process.stderr.write('TRAPPED\\n'); process.exit(99); };
net.Socket.prototype.connect = trap; net.connect = net.createConnection = trap; dgram.createSocket = trap;
dns.lookup = dns.resolve = trap; globalThis.fetch = trap;
syncBuiltinESMExports();
`;
let shell: Shell;
let machine: string;
let fingerprint: string;

beforeAll(() => {
  shell = openShell();
  for (const args of [
    ['new', 'skill', 'hello'],
    ['publish', 'hello'],
    ['export', 'local/hello', '--out', 'hello.signet'],
  ])
    expect(shell.run('registry', args)).toMatchObject({ code: 0 });
  fingerprint =
    /SHA256:[0-9a-f]{64}/.exec(readFileSync(join(shell.folder, 'policy.yaml'), 'utf8'))?.[0] ?? '';
  machine = join(shell.folder, 'stranger');
  mkdirSync(machine);
  copyFileSync(join(shell.folder, 'hello.signet'), join(machine, 'hello.signet'));
  copyFileSync(join(shell.folder, '.signet/registry/root/1.json'), join(machine, 'root.json'));
  writeFileSync(join(machine, 'trap.mjs'), TRAP);
});
afterAll(() => shell.remove());

function verify(node: readonly string[], args: readonly string[]): Outcome {
  const env = { PATH: process.env['PATH'], HOME: machine, SIGNET_CONFIG_DIR: join(machine, 'config') };
  const options = { cwd: machine, env, encoding: 'utf8', timeout: 60_000 } as const;
  const result = spawnSync(process.execPath, [...node, BIN, 'verify', ...args], options);
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}
const TRAPPED = ['--import', './trap.mjs'];
const CONFINED = ['--permission', '--allow-fs-read=*', ...TRAPPED];
const given = (): string[] => ['--offline', '--root', 'root.json', '--fingerprint', fingerprint];

test('one file and a root: verified, with nothing but reading', () => {
  const { code, stdout, stderr } = verify(CONFINED, ['hello.signet', ...given()]);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^✓ local\/hello \S+ {2}VERIFIED\n/);
  expect(code).toBe(0);
  const json = verify(CONFINED, ['hello.signet', '--json', ...given()]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    schema: 'verify/1',
    ok: true,
    counts: { subjects: 1, ok: 1 },
  });
});

test('the trap is one: a connection under it is seen', () => {
  const connect = "import('node:net').then((net) => net.connect(9, '127.0.0.1'))";
  const options = { cwd: machine, encoding: 'utf8' } as const;
  expect(spawnSync(process.execPath, [...TRAPPED, '-e', connect], options)).toMatchObject({ status: 99 });
});

test('without a root nothing is said of the file, and what is missing is: exit 3', () => {
  const nothing = verify(TRAPPED, ['hello.signet', '--offline']);
  expect(nothing).toMatchObject({ code: 3, stdout: expect.stringContaining('E_ROOT_UNPINNED') });
  const unconfirmed = verify(TRAPPED, ['hello.signet', '--root', 'root.json']);
  expect(unconfirmed).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining(fingerprint) });
});

test('another root, another file, and a name are refused', () => {
  const other = `SHA256:${'0'.repeat(64)}`;
  expect(verify(TRAPPED, ['hello.signet', '--fingerprint', other])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('E_ROOT_UNTRUSTED'),
  });
  const bytes = readFileSync(join(machine, 'hello.signet'));
  bytes[3000]! ^= 1;
  writeFileSync(join(machine, 'changed.signet'), bytes);
  const both = verify(TRAPPED, ['*.signet', ...given()]);
  expect(both.code).toBe(1);
  expect(both.stdout).toMatch(/1 verified, 1 refused\n$/);
  expect(verify(TRAPPED, ['local/hello', ...given()]).code).toBe(6);
});

test('nothing was written beside what was there', () => {
  expect(readdirSync(machine).filter((name) => !/signet$|^root|^trap|^\.cache$/.test(name))).toEqual([]);
});

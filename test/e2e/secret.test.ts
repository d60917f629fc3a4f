// A secret's whole way, as whole processes (THREATS.md H10, H11): kept and granted by the commands, sent by a bundle that a real build
// made, echoed by its origin; it is in no output, and in no file of the project.

import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../sdk/cli/main.ts';
import { type Outcome, openShell, type Shell } from './process.ts';

const VALUE = 'sk-live/9f2c+"quoted"&more=1';
const FORMS = [
  VALUE,
  JSON.stringify(VALUE).slice(1, -1),
  encodeURIComponent(VALUE),
  ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(VALUE).toString(form)),
  Buffer.from(`Bearer ${VALUE}`).toString('base64'),
];

let shell: Shell;
let server: Server;
let origin: string;
const asked: { method: string; url: string; authorization: string | undefined; body: string }[] = [];

const SOURCE = `import { definePlugin, provide } from 'signet-host/plugin';
import { z } from 'zod';
const Any = z.unknown();
export default definePlugin([
  provide({ kind: 'skill', name: 'fetch_it', description: 'asks', input: z.object({ request: Any }), output: Any,
    run: async ({ request }, ctx) => { const answer = await ctx.http(request as never); await ctx.log.info('answer', answer); return answer; } }),
  provide({ kind: 'skill', name: 'face_it', description: 'asks with fetch', input: z.object({ url: z.string() }), output: Any,
    run: async ({ url }) => { const answer = await fetch(url); return [answer.status, answer.headers.get('x-echo'), await answer.json()]; } }),
  provide({ kind: 'skill', name: 'check_it', description: 'verifies', input: z.object({ mac: Any }), output: Any,
    run: ({ mac }, ctx) => ctx.secret.verify(mac as never) }),
]);
`;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      asked.push({ method, url, authorization: headers.authorization, body });
      const echo = headers.authorization ?? 'none';
      response.writeHead(200, { 'x-echo': echo, 'x-echo-64': Buffer.from(echo).toString('base64') });
      response.end(JSON.stringify({ echo, forms: headers.authorization === undefined ? [] : FORMS }));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  shell = openShell();
  expect(shell.run('registry', ['new', 'skill', 'caller'])).toMatchObject({ code: 0 });
  const manifest = join(shell.folder, 'caller', 'plugin.json');
  const document = JSON.parse(readFileSync(manifest, 'utf8'));
  document.extensions['dev.signet'].capabilities = [
    { id: 'log' },
    { id: 'http', origins: [origin], methods: ['GET', 'POST'] },
    { id: 'secret', names: ['API_KEY'] },
  ];
  delete document.extensions['dev.signet'].provides;
  writeFileSync(manifest, JSON.stringify(document));
  writeFileSync(join(shell.folder, 'caller', 'index.ts'), SOURCE);
  for (const args of [
    ['publish', 'caller'],
    ['install', 'local/caller', '--yes'],
  ])
    expect(shell.run('registry', args)).toMatchObject({ code: 0 });
}, 240_000);
afterAll(() => {
  shell.remove();
  server.close();
});

/** The command as a process beside this one, so that the origin can answer. */
async function call(name: string, input: object, ...more: string[]): Promise<Outcome> {
  const outcome = await shell.start('signet', ['call', `skill/${name}`, JSON.stringify(input), ...more]);
  nowhere(outcome.stdout + outcome.stderr);
  return outcome;
}
function nowhere(text: string): void {
  for (const form of FORMS) expect(text).not.toContain(form);
}
const run = (...args: string[]): Outcome => {
  const outcome = shell.run('signet', args);
  nowhere(outcome.stdout + outcome.stderr);
  return outcome;
};
const REQUEST = () => ({ request: { method: 'GET', url: `${origin}/v1/me`, secrets: ['API_KEY'] } });

test('every step is refused until it is granted, by a command that says what it does', async () => {
  expect((await call('fetch_it', REQUEST())).stderr).toContain('E_CAPABILITY_DENIED');
  const http = run('grant', 'local/caller', 'http', '--origin', origin, '--path-prefix', '/v1/', '--private');
  expect(http).toMatchObject({ code: 0, stdout: expect.stringContaining(`send GET to ${origin}/v1/…`) });
  expect((await call('fetch_it', REQUEST())).stderr).toContain('E_CAPABILITY_DENIED');
  const scope = ['--origin', origin, '--path-prefix', '/v1/', '--header', 'Authorization'];
  const secret = run('grant', 'local/caller', 'secret', '--name', 'API_KEY', ...scope);
  expect(secret).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"Authorization: Bearer API_KEY"'),
  });
  // Granted, and not there yet.
  expect((await call('fetch_it', REQUEST())).stderr).toContain('E_SECRET');
  expect(asked).toEqual([]);
  const set = shell.run('signet', ['secret', 'set', 'API_KEY'], { input: `${VALUE}\n` });
  expect(set).toMatchObject({ code: 0, stdout: 'kept: API_KEY  file\n' });
  expect(run('secret', 'list').stdout).toBe('API_KEY  file\n');
});

test('it is sent, echoed, and shown to no one', async () => {
  const { code, stdout, stderr } = await call('fetch_it', REQUEST());
  expect(stderr).toContain('local/caller');
  expect(code).toBe(0);
  expect(asked.at(-1)).toMatchObject({ method: 'GET', url: '/v1/me', authorization: `Bearer ${VALUE}` });
  const answer = JSON.parse(stdout);
  expect(answer.headers).toContainEqual(['x-echo', 'Bearer ***']);
  expect(JSON.parse(answer.body.text).echo).toBe('Bearer ***');
});

test('fetch is the same effect', async () => {
  const { stdout } = await call('face_it', { url: `${origin}/v1/me` });
  expect(JSON.parse(stdout)).toEqual([200, 'none', { echo: 'none', forms: [] }]);
  expect((await call('face_it', { url: `${origin}/v2/me` })).code).toBe(1);
});

test('another path, a POST in a dry run: not sent; with --apply the POST is', async () => {
  const before = asked.length;
  const outside = { request: { method: 'GET', url: `${origin}/v2/me` } };
  expect((await call('fetch_it', outside)).stderr).toContain('E_CAPABILITY_DENIED');
  const post = { request: { method: 'POST', url: `${origin}/v1/things`, body: { text: 'a thing' } } };
  run(
    'grant',
    'local/caller',
    'http',
    '--origin',
    origin,
    '--method',
    'POST',
    '--path-prefix',
    '/v1/',
    '--private',
  );
  expect(JSON.parse((await call('fetch_it', post)).stdout)).toMatchObject({ status: 'would' });
  expect(asked).toHaveLength(before);
  expect(JSON.parse((await call('fetch_it', post, '--apply')).stdout)).toMatchObject({
    status: 'done',
    code: 200,
  });
  expect(asked.at(-1)).toMatchObject({
    method: 'POST',
    url: '/v1/things',
    authorization: undefined,
    body: 'a thing',
  });
});

test('a MAC is verified, never made', async () => {
  run('grant', 'local/caller', 'secret', '--name', 'API_KEY', '--mac', 'hmac-sha256');
  const mac = createHmac('sha256', VALUE).update('message').digest('hex');
  const ask = (given: string) => ({
    mac: {
      name: 'API_KEY',
      algorithm: 'hmac-sha256',
      message: { text: 'message' },
      mac: given,
      encoding: 'hex',
    },
  });
  expect(JSON.parse((await call('check_it', ask(mac))).stdout)).toEqual({ valid: true });
  expect(
    JSON.parse((await call('check_it', ask(mac.replace(/^./, (c) => (c === '0' ? '1' : '0'))))).stdout),
  ).toEqual({ valid: false });
});

test('no file of the project has it in any form: not the journal, not the state', () => {
  const files = readdirSync(shell.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(files.some(({ parentPath }) => parentPath.includes(join('.signet', 'journal')))).toBe(true);
  for (const { parentPath, name } of files) {
    const bytes = readFileSync(join(parentPath, name));
    for (const form of FORMS) expect(bytes.includes(form), join(parentPath, name)).toBe(false);
  }
});

test('what is no secret, what is no grant: refused without a trace of it', async () => {
  const short = shell.run('signet', ['secret', 'set', 'X'], { input: 'tiny' });
  expect(short.stderr).toContain('E_SECRET');
  expect(short.stderr).not.toContain('tiny');
  // Never on the command line.
  expect(run('secret', 'set', 'X', 'value-on-argv')).toMatchObject({ code: 64 });
  for (const [args, word] of [
    [['http'], '--origin'],
    [['http', '--origin', `${origin}/v1`], '--path-prefix'],
    [['http', '--origin', 'ftp://a.example'], 'expected an origin'],
    [['secret', '--name', 'API_KEY'], '--mac'],
    [['secret', '--name', 'API_KEY', '--mac', 'md5'], 'hmac-sha256'],
    [['secret', '--name', 'API_KEY', '--mac', 'hmac-sha1', '--header', 'X'], 'one use'],
    [['secret', '--mac', 'hmac-sha1'], '--name'],
    [['secret', '--name', 'API_KEY', '--origin', origin, '--header', 'Host'], 'never a secret'],
  ] as const) {
    const said: string[] = [];
    const output = { result: (text: string) => said.push(text), note: (text: string) => said.push(text) };
    const line = ['grant', 'local/caller', ...args, '--directory', shell.folder];
    expect(await main('signet', line, output), args.join(' ')).not.toBe(0);
    expect(said.join('')).toContain(word);
  }
  expect(run('secret', 'remove', 'API_KEY')).toMatchObject({ code: 0, stdout: 'removed: API_KEY  file\n' });
  expect(run('secret', 'remove', 'API_KEY').stderr).toContain('E_SECRET');
  expect(run('secret', 'forget', 'API_KEY').stderr).toContain('do: signet secret --help');
});

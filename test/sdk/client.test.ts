// How a command finds its host (DESIGN.md §7 "One host, one state directory"): a live one over loopback, its own otherwise; and what a
// lock file that came with a stranger's folder cannot make it do.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi } from '../../host/api.ts';
import { apiHandlers } from '../../host/api-handlers.ts';
import { Host } from '../../host/host.ts';
import { connect } from '../../sdk/client.ts';
import { HostStatus } from '../../src/contracts/api.ts';
import { skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';

let world: World;
beforeAll(async () => {
  world = createWorld();
  await world.bring(skills({ echo: 'return input;', throws: "throw new Error('no');" }), { name: 'tools' });
});
afterAll(() => world.remove());

const call = (name: string, input: unknown = {}) => ({ kind: 'skill' as const, name, input });

describe('a live host', () => {
  let host: Host;
  let api: Api;
  beforeAll(async () => {
    host = await Host.open({ directory: world.paths.project });
    api = await startApi(apiHandlers(host), 'a token');
    writeFileSync(world.paths.token, 'a token\n', { mode: 0o600 });
    host.publishAddress(api.address);
  });
  afterAll(async () => {
    await api.close();
    await host.close();
    rmSync(world.paths.token);
  });

  test('is asked over loopback, and stays open when the client is closed', async () => {
    for (let round = 0; round < 2; round++) {
      const client = await connect(world.paths.project);
      expect(HostStatus.parse(await client.query('host.status')).address).toBe(api.address);
      expect(await client.command('host.call', call('echo', { ä: 1 }))).toMatchObject({ output: { ä: 1 } });
      await client.close();
    }
  });

  test('its errors keep code, item and what to do', async () => {
    const client = await connect(world.paths.project);
    const failing = expect(client.command('host.call', call('missing'))).rejects;
    await failing.toMatchObject({
      name: 'SignetError',
      code: 'E_FUNCTION_UNKNOWN',
      item: 'skill/missing',
      fix: expect.stringContaining('Install'),
      exit: 6,
    });
    await expect(client.command('host.call', call('throws'))).rejects.toMatchObject({ code: 'E_GUEST' });
    await expect(client.command('host.audit', { specs: 'relative' })).rejects.toMatchObject({
      code: 'E_INPUT',
    });
  });

  test('with another token in the file it refuses', async () => {
    writeFileSync(world.paths.token, 'another token\n');
    const client = await connect(world.paths.project);
    await expect(client.query('host.status')).rejects.toMatchObject({ code: 'E_API_TOKEN' });
    writeFileSync(world.paths.token, 'a token\n');
    expect(HostStatus.parse(await client.query('host.status')).pid).toBe(process.pid);
  });
});

describe('no live host', () => {
  test('it opens its own, with the same answers and codes, and closes it', async () => {
    const client = await connect(world.paths.project);
    expect(HostStatus.parse(await client.query('host.status')).address).toBe(null);
    expect(await client.command('host.call', call('echo', 1))).toMatchObject({ output: 1, dryRun: true });
    await expect(client.command('host.call', call('missing'))).rejects.toMatchObject({
      code: 'E_FUNCTION_UNKNOWN',
    });
    await expect(client.command('host.audit', { specs: 'relative' })).rejects.toMatchObject({
      code: 'E_INPUT',
    });
    await client.close();
    expect(existsSync(world.paths.lock)).toBe(false);
  });

  test('the lock of an owner that died is no host', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    lock({ pid, address: 'http://127.0.0.1:1' });
    const client = await connect(world.paths.project);
    expect(HostStatus.parse(await client.query('host.status')).pid).toBe(process.pid);
    await client.close();
  });

  test('one that lives and does not listen is busy; it is waited for', async () => {
    const host = await Host.open({ directory: world.paths.project });
    await expect(connect(world.paths.project, 0)).rejects.toMatchObject({ code: 'E_HOST_BUSY' });
    const waiting = connect(world.paths.project, 60_000);
    await host.close();
    const client = await waiting;
    expect(await client.command('host.call', call('echo', 2))).toMatchObject({ output: 2 });
    await client.close();
  });

  test('what else keeps a host from opening is not waited for', async () => {
    const nowhere = join(world.folder, 'nowhere');
    await expect(connect(nowhere, 60_000)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
});

/** A lock file that says what it likes. */
function lock(owner: { pid?: number; address?: string; tokenFile?: string }): void {
  const text = JSON.stringify({
    type: 'host-owner/1',
    pid: process.pid,
    startTime: null,
    nonce: '0'.repeat(32),
    startedAt: '2026-03-01T12:00:00Z',
    ...owner,
  });
  writeFileSync(world.paths.lock, text);
}

describe('a lock file that lies', () => {
  let server: Server | undefined;
  const seen: string[] = [];

  afterEach(async () => {
    rmSync(world.paths.lock, { force: true });
    rmSync(world.paths.token, { force: true });
    server?.closeAllConnections();
    await new Promise<void>((done) => (server === undefined ? done() : server.close(() => done())));
    server = undefined;
    seen.length = 0;
  });

  /** A server that notes what it is told, and its address. */
  async function listen(answer: RequestListener = (_, response) => response.end('{}')): Promise<string> {
    server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`);
      answer(request, response);
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each([
    'http://evil.example',
    'http://evil.example:80',
    'http://127.0.0.1:80@evil.example',
    'http://127.0.0.1.evil.example:80',
    'https://127.0.0.1:80',
    'http://127.0.0.1:80/path',
    'http://[::1]:80',
    'file:///etc/passwd',
  ])('%s is asked nothing', async (address) => {
    writeFileSync(world.paths.token, 'a token\n');
    lock({ pid: 1, address });
    await expect(connect(world.paths.project)).rejects.toMatchObject({
      code: 'E_FORMAT',
      actual: address,
      fix: expect.stringContaining(world.paths.lock),
    });
  });

  test('no other file is sent as the token: neither the one it names nor the one that a link leads to', async () => {
    const secret = join(world.folder, 'secret');
    writeFileSync(secret, 'a secret');
    lock({ address: await listen(), tokenFile: secret });
    const client = await connect(world.paths.project);
    await expect(client.query('host.status')).rejects.toMatchObject({
      code: 'E_IO',
      item: world.paths.token,
    });
    symlinkSync(secret, world.paths.token);
    await expect(client.query('host.status')).rejects.toMatchObject({ code: 'E_IO' });
    expect(seen).toEqual([]);
  });

  test('a redirect is not followed', async () => {
    writeFileSync(world.paths.token, 'a token\n');
    lock({
      address: await listen((_, response) => response.writeHead(302, { location: '/elsewhere' }).end('{}')),
    });
    const client = await connect(world.paths.project);
    await expect(client.query('host.status')).rejects.toMatchObject({ code: 'E_INTERNAL' });
    expect(seen).toEqual(['/v1/queries/host.status Bearer a token']);
  });

  // what | answer | code
  test.each<[string, RequestListener, string]>([
    ['no JSON', (_, response) => response.end('<html>'), 'E_IO'],
    [
      'half an answer',
      (_, response) => response.writeHead(200, { 'content-length': 10 }).write('{', () => response.destroy()),
      'E_IO',
    ],
    ['nothing', (request) => request.destroy(), 'E_IO'],
    [
      'an unknown code',
      (_, response) => response.writeHead(422).end('{"code":"E_NEW","message":"new"}'),
      'E_INTERNAL',
    ],
    [
      'a name of JavaScript’s',
      (_, response) => response.writeHead(422).end('{"code":"constructor"}'),
      'E_INTERNAL',
    ],
    ['null', (_, response) => response.writeHead(422).end('null'), 'E_INTERNAL'],
    [
      'a known code',
      (_, response) => response.writeHead(422).end('{"code":"E_REVOKED","message":"m","item":1}'),
      'E_REVOKED',
    ],
  ])('an answer that is %s', async (_what, answer, code) => {
    writeFileSync(world.paths.token, 'a token\n');
    lock({ address: await listen(answer) });
    const client = await connect(world.paths.project);
    await expect(client.query('host.status')).rejects.toMatchObject({ name: 'SignetError', code });
  });

  test('an address where nobody listens any more', async () => {
    const address = await listen();
    await new Promise<void>((done) => server?.close(() => done()));
    server = undefined;
    writeFileSync(world.paths.token, 'a token\n');
    lock({ address });
    const client = await connect(world.paths.project);
    await expect(client.query('host.status')).rejects.toMatchObject({ code: 'E_IO', item: address });
  });
});

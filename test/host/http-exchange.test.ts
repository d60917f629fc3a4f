// THREATS.md H10, H11: one request against real origins that bomb, stall, break off, speak nonsense, or show another's certificate.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Exchange, exchange, failure } from '../../host/http-exchange.ts';
import { SignetError } from '../../src/error.ts';
import { listening, type Origin, openOrigin, openRaw } from './http-fixture.ts';

const opened: Origin[] = [];
afterEach(async () => {
  for (const origin of opened.splice(0)) await origin.close();
});
const origin: typeof openOrigin = async (answer) => {
  const made = await openOrigin(answer);
  opened.push(made);
  return made;
};
const raw = async (speak: (socket: Socket) => void): Promise<Origin> => {
  const made = await openRaw(speak);
  opened.push(made);
  return made;
};
const says = (text: string) => raw((socket) => void socket.end(text, 'latin1'));

const LOOPBACK = { address: '127.0.0.1', family: 4 } as const;
const ask = ({ origin: at }: { origin: string }, more: Partial<Exchange> = {}) =>
  exchange({
    method: 'GET',
    url: new URL(at),
    headers: [],
    body: undefined,
    addresses: [LOOPBACK],
    maxBytes: 1 << 20,
    signal: AbortSignal.timeout(30_000),
    ...more,
  });
const refused = async (work: Promise<unknown>): Promise<SignetError> =>
  work.then(
    () => expect.fail('it was answered'),
    (thrown: unknown) => thrown as SignetError,
  );

describe('what goes out', () => {
  test('the request as it is, without cookies, and no connection that stays', async () => {
    const server = await origin((_, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.end('ok');
    });
    const sent = {
      method: 'POST',
      headers: [
        ['X-Own', 'a'],
        ['x-own', 'b'],
      ] as const,
      body: Buffer.from('body'),
    };
    const { code, statusText, headers, body } = await ask(server, sent);
    expect([code, statusText, body.toString()]).toEqual([200, 'OK', 'ok']);
    expect(headers.filter(([name]) => name === 'set-cookie')).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    await ask(server);
    expect(server.connections()).toBe(2);
    const [first, second] = server.asked;
    expect(first).toMatchObject({ method: 'POST', url: '/', body: Buffer.from('body') });
    expect(first?.headers).toEqual({
      'accept-encoding': 'gzip, deflate, br',
      'x-own': 'a, b',
      host: `127.0.0.1:${server.port}`,
      'content-length': '4',
      connection: 'close',
    });
    expect(second?.headers).not.toHaveProperty('cookie');
  });

  test('to the addresses that were checked and to no other, under the name of the URL', async () => {
    const server = await origin((_, response) => response.end('here'));
    const url = new URL(`http://rebound.invalid:${server.port}/`);
    expect((await ask(server, { url })).body.toString()).toBe('here');
    expect(server.asked[0]?.headers.host).toBe(`rebound.invalid:${server.port}`);
    // The first of them does not answer.
    const addresses = [{ address: '127.0.0.2', family: 4 } as const, LOOPBACK];
    expect((await ask(server, { url, addresses })).body.toString()).toBe('here');
    const elsewhere = [{ address: '127.0.0.3', family: 4 } as const];
    const error = await refused(ask(server, { url, addresses: elsewhere }));
    expect(error).toMatchObject({ code: 'E_HTTP' });
    expect(server.asked).toHaveLength(2);
  });

  test('no proxy of the environment is asked', async () => {
    const proxy = await origin((_, response) => response.end('proxy'));
    const server = await origin((_, response) => response.end('itself'));
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'all_proxy', 'NODE_USE_ENV_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = name.startsWith('NODE') ? '1' : proxy.origin;
    try {
      expect((await ask(server)).body.toString()).toBe('itself');
    } finally {
      for (const [index, name] of names.entries()) {
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      }
    }
    expect(proxy.connections()).toBe(0);
  });
});

describe('bodies', () => {
  const plain = Buffer.from('text '.repeat(1000));
  test.each([
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['identity', plain],
  ])('%s comes as what it is', async (coding, sent) => {
    const server = await origin((_, response) => {
      response.setHeader('content-encoding', coding);
      response.end(sent);
    });
    const { body, headers } = await ask(server, { maxBytes: plain.length });
    expect(body.equals(plain)).toBe(true);
    expect(headers.some(([name]) => name === 'content-encoding')).toBe(coding === 'identity');
  });

  test.each([
    ['gzip', gzipSync(Buffer.alloc(64 << 20))],
    ['br', brotliCompressSync(Buffer.alloc(64 << 20))],
    ['deflate', deflateSync(Buffer.alloc(64 << 20))],
  ])('a bomb of %s ends while it is small', async (coding, bomb) => {
    const server = await origin((_, response) => {
      response.setHeader('content-encoding', coding);
      response.end(bomb);
    });
    expect(bomb.length).toBeLessThan(100_000);
    const before = process.memoryUsage().arrayBuffers;
    const error = await refused(ask(server));
    expect(error).toMatchObject({
      code: 'E_LIMIT',
      message: expect.stringContaining('more than 1048576 bytes'),
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
  });

  test('one that never ends, ends at the limit', async () => {
    const server = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', more);
      more();
    });
    expect(await refused(ask(server))).toMatchObject({ code: 'E_LIMIT' });
  });

  test('exactly the limit is not too long, one byte more is', async () => {
    const server = await origin((_, response) => response.end('12345678'));
    expect((await ask(server, { maxBytes: 8 })).body.length).toBe(8);
    expect(await refused(ask(server, { maxBytes: 7 }))).toMatchObject({ code: 'E_LIMIT' });
  });

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('%s with %s has none, whatever its headers say', async (method, code) => {
    const server = await says(
      `HTTP/1.1 ${code} x\r\ncontent-encoding: gzip\r\n${code === 204 ? '' : 'content-length: 99\r\n'}\r\n`,
    );
    expect(await ask(server, { method })).toMatchObject({ code, body: Buffer.alloc(0) });
  });
});

// What an origin says | what is said of it
describe('what is no proper answer is E_HTTP', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  test.each<[string, string, string]>([
    ['nothing', '', 'ended the connection'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 'not HTTP'],
    ['half a status line', 'HTTP/1.', 'ended the connection'],
    ['half its headers', `${ok}a: b\r\n`, 'ended the connection'],
    ['half its body', `${ok}content-length: 10\r\n\r\nhalf`, 'ended the connection'],
    ['a chunk of no length', `${ok}transfer-encoding: chunked\r\n\r\nzz\r\n`, ''],
    ['a chunk that breaks off', `${ok}transfer-encoding: chunked\r\n\r\nff\r\nx`, 'ended the connection'],
    ['two lengths', `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`, 'not HTTP'],
    [
      'a length and chunks',
      `${ok}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      'not HTTP',
    ],
    ['a header without a name', `${ok}: x\r\n\r\n`, 'not HTTP'],
    ['a NUL in a header', `${ok}a: \0\r\n\r\n`, 'not HTTP'],
    ['a long header', `${ok}a: ${'x'.repeat(40_000)}\r\n\r\n`, 'not HTTP'],
    ['many headers', `${ok}${'a: b\r\n'.repeat(300)}\r\n`, 'too many headers'],
    [
      'another protocol from here on',
      'HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nx',
      'ended the connection',
    ],
    ['an encoding not asked for', `${ok}content-encoding: zstd\r\n\r\nx`, 'not asked for'],
    ['two encodings', `${ok}content-encoding: gzip, gzip\r\n\r\nx`, 'not asked for'],
    ['gzip that is none', `${ok}content-encoding: gzip\r\n\r\nplain text`, 'does not decompress'],
    [
      'half of its gzip',
      `${ok}content-encoding: gzip\r\n\r\n${gzipSync('x'.repeat(99)).toString('latin1').slice(0, 20)}`,
      'does not decompress',
    ],
    ['brotli that is none', `${ok}content-encoding: br\r\n\r\nplain text`, 'does not decompress'],
  ])('%s', async (_, text, why) => {
    const server = await says(text);
    const error = await refused(ask(server));
    expect(error).toMatchObject({ code: 'E_HTTP', message: expect.stringContaining(why) });
    // No more than the bundle knew: no address that a name led to, no bytes that came.
    expect(inspect(error, { depth: 9 })).not.toContain('rawPacket');
    expect(error.cause).toBeUndefined();
  });

  test('no one there, a reset in the middle', async () => {
    const gone = await origin(() => undefined);
    await gone.close();
    const url = new URL(`http://gone.example:${gone.port}/`);
    const error = await refused(ask(gone, { url }));
    expect(error).toMatchObject({ code: 'E_HTTP' });
    expect(JSON.stringify(error)).not.toContain('127.0.0.1');
    const reset = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx', () => socket.resetAndDestroy());
    });
    expect(await refused(ask(reset))).toMatchObject({ code: 'E_HTTP' });
  });

  test.each<[string, string]>([
    ['never a word', ''],
    ['half a header', 'HTTP/1.1 200 OK\r\na'],
    ['early hints without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['a body without end', 'HTTP/1.1 200 OK\r\n\r\nx'],
    ['gzip without end', `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b`],
  ])('%s ends with the signal', async (_, text) => {
    const ended = new AbortController();
    const server = await raw((socket) => {
      socket.write(text, 'latin1', () => setImmediate(() => ended.abort()));
    });
    const error = await refused(ask(server, { signal: ended.signal }));
    expect(error).toMatchObject({ code: 'E_HTTP', message: expect.stringContaining('in time') });
  });

  test('a signal that has come already sends nothing', async () => {
    const server = await origin((_, response) => response.end());
    expect(await refused(ask(server, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'E_HTTP' });
    expect(server.asked).toEqual([]);
  });
});

describe.skipIf(typeof setDefaultCACertificates !== 'function')('TLS', () => {
  let folder: string;
  let systemRoots: string[];
  const servers: Record<string, Origin> = {};
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signet-tls-'));
    systemRoots = getCACertificates('default');
    const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test', '-days', '2');
    writeFileSync(
      join(folder, 'ca.conf'),
      '[ca]\ndefault_ca=x\n[x]\ndatabase=db\nrand_serial=yes\nnew_certs_dir=.\npolicy=p\ndefault_md=sha256\n' +
        'copy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n',
    );
    writeFileSync(join(folder, 'db'), '');
    // name | for which host | until when
    for (const [name, host, end] of [
      ['good', 'api.example', '20990101000000Z'],
      ['other', 'other.example', '20990101000000Z'],
      ['expired', 'api.example', '20200102000000Z'],
    ] as const) {
      const subject = ['-subj', '/CN=x', '-addext', `subjectAltName=DNS:${host}`];
      run('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, ...subject);
      const dates = ['-startdate', '20200101000000Z', '-enddate', end];
      const signer = ['-config', 'ca.conf', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-batch', '-notext'];
      run('ca', ...signer, ...dates, '-in', `${name}.csr`, '-out', `${name}.pem`);
      const [cert, secret] = [`${name}.pem`, `${name}.key`].map((file) => readFileSync(join(folder, file)));
      const tls = createTlsServer({ cert, key: secret }, (_, response) => void response.end(name));
      tls.on('tlsClientError', () => undefined);
      servers[name] = await listening(tls, [], 'https:');
    }
    setDefaultCACertificates([readFileSync(join(folder, 'ca.pem'), 'utf8')]);
  });
  afterAll(async () => {
    setDefaultCACertificates(systemRoots);
    for (const server of Object.values(servers)) await server.close();
    rmSync(folder, { recursive: true });
  });
  const at = (name: string, host = 'api.example') => {
    const server = servers[name] as Origin;
    return ask(server, { url: new URL(`https://${host}:${server.port}/`) });
  };

  test('a certificate of a known authority for this very name', async () => {
    expect((await at('good')).body.toString()).toBe('good');
  });
  test.each(['other', 'expired'])('a certificate that is %s', async (name) => {
    expect(await refused(at(name))).toMatchObject({
      code: 'E_HTTP',
      message: expect.stringContaining('certificate'),
    });
  });
  test('the name of the URL counts, not the address that it leads to', async () => {
    expect(await refused(at('good', 'else.example'))).toMatchObject({ code: 'E_HTTP' });
    expect(await refused(at('good', '127.0.0.1'))).toMatchObject({ code: 'E_HTTP' });
  });
  test('an authority that no one knows, whatever the environment says', async () => {
    setDefaultCACertificates(systemRoots);
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await refused(at('good'))).toMatchObject({
        code: 'E_HTTP',
        message: expect.stringContaining('certificate'),
      });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
      setDefaultCACertificates([readFileSync(join(folder, 'ca.pem'), 'utf8')]);
    }
    expect((await at('good')).body.toString()).toBe('good');
  });
  test('no TLS where TLS was asked for', async () => {
    const plain = await origin((_, response) => response.end('plain'));
    const url = new URL(`https://api.example:${plain.port}/`);
    expect(await refused(ask(plain, { url }))).toMatchObject({ code: 'E_HTTP' });
    expect(plain.asked).toEqual([]);
  });
});

test('a failure has a code and a sentence, nothing else', () => {
  const error = failure('GET https://a.example', 'it cannot be reached');
  expect(error).toBeInstanceOf(SignetError);
  expect(error.message).toBe('GET https://a.example failed: it cannot be reached');
});

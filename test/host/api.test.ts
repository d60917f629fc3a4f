// The loopback interface over real sockets (THREATS.md "HTTP": no token, wrong host header, cross-site request, oversized body, slow
// client): every refusal has its status and code, the handlers never hear of it, and the next honest request is answered.
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, type ApiHandlers, startApi } from '../../host/api.ts';
import { SignetError } from '../../src/error.ts';

const TOKEN = 'the-token';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

let api: Api;
let asked: unknown[];
let answer: () => Promise<unknown>;

const handlers: ApiHandlers = {
  command: (name, input) => {
    asked.push([name, input]);
    return answer();
  },
  query: (name) => {
    asked.push(name);
    return answer();
  },
};

beforeEach(async () => {
  asked = [];
  answer = async () => ({ fine: true });
  api = await startApi(handlers, TOKEN);
});
afterEach(() => api.close());

interface Answer {
  readonly status: number;
  readonly body: { ok?: boolean; code?: string; message?: string; fix?: string };
  readonly headers: Record<string, unknown>;
}

/** One request with exactly these headers; `fetch` would not let us lie about Host. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      api.address,
      { method, path, headers, agent: false, setHost: headers['host'] === undefined },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text), headers: response.headers }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** What comes back for raw bytes, until the other side closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open();
    let back = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      back += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(back));
    socket.write(text);
  });
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that are still held once garbage is gone. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const open = (): Socket => connect(Number(new URL(api.address).port), '127.0.0.1');
const CALL = JSON.stringify({ kind: 'skill', name: 'run', input: {} });
const post = (body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> =>
  ask('POST', '/v1/commands/host.call', { ...AUTHORIZED, ...headers }, body);

test('it binds 127.0.0.1, and answers commands and queries of the token’s holder', async () => {
  expect(api.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await ask('GET', '/v1/queries/host.status', AUTHORIZED)).toMatchObject({
    status: 200,
    body: { fine: true },
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
  expect(await post(CALL)).toMatchObject({ status: 200, body: { fine: true } });
  expect(asked).toEqual([
    'host.status',
    ['host.call', { kind: 'skill', name: 'run', input: {}, apply: false, with: [] }],
  ]);
});

test('/healthz needs no token, and says nothing but that someone is there', async () => {
  expect(await ask('GET', '/healthz')).toMatchObject({ status: 200, body: { ok: true } });
  expect(await ask('POST', '/healthz')).toMatchObject({ status: 401 });
  expect(asked).toEqual([]);
});

describe('who is refused', () => {
  afterEach(() => expect(asked).toEqual([]));

  // what | headers | status | code
  test.each<[string, Record<string, string>, number, string]>([
    ['no token', {}, 401, 'E_API_TOKEN'],
    ['an empty token', { authorization: 'Bearer ' }, 401, 'E_API_TOKEN'],
    ['another token', { authorization: 'Bearer the-tokeN' }, 401, 'E_API_TOKEN'],
    ['the beginning of the token', { authorization: 'Bearer the-toke' }, 401, 'E_API_TOKEN'],
    ['another scheme', { authorization: `Basic ${TOKEN}` }, 401, 'E_API_TOKEN'],
    ['another host name', { ...AUTHORIZED, host: 'evil.example' }, 403, 'E_API_FORBIDDEN'],
    [
      'a name that begins like ours',
      { ...AUTHORIZED, host: 'localhost.evil.example:80' },
      403,
      'E_API_FORBIDDEN',
    ],
    ['a user part in the host', { ...AUTHORIZED, host: '127.0.0.1:80@evil.example' }, 403, 'E_API_FORBIDDEN'],
    ['an empty host', { ...AUTHORIZED, host: '' }, 403, 'E_API_FORBIDDEN'],
    ['a web page', { ...AUTHORIZED, origin: 'http://evil.example' }, 403, 'E_API_FORBIDDEN'],
    ['a web page of this machine', { ...AUTHORIZED, origin: 'http://127.0.0.1' }, 403, 'E_API_FORBIDDEN'],
    ['a sandboxed frame', { ...AUTHORIZED, origin: 'null' }, 403, 'E_API_FORBIDDEN'],
    ['a link on a page', { ...AUTHORIZED, 'sec-fetch-site': 'cross-site' }, 403, 'E_API_FORBIDDEN'],
    ['a page of the same site', { ...AUTHORIZED, 'sec-fetch-site': 'same-origin' }, 403, 'E_API_FORBIDDEN'],
  ])('%s', async (_what, headers, status, code) => {
    for (const [method, path] of [
      ['GET', '/v1/queries/host.status'],
      ['POST', '/v1/commands/host.call'],
    ] as const) {
      const { body, ...refused } = await ask(method, path, headers, method === 'POST' ? CALL : undefined);
      expect(refused.status).toBe(status);
      expect(body).toMatchObject({ ok: false, code, fix: expect.stringMatching(/\.$/) });
      expect(JSON.stringify(body)).not.toContain(TOKEN);
    }
  });

  test('even /healthz tells a web page and a rebound name nothing', async () => {
    expect(await ask('GET', '/healthz', { host: 'evil.example' })).toMatchObject({ status: 403 });
    expect(await ask('GET', '/healthz', { origin: 'http://evil.example' })).toMatchObject({ status: 403 });
  });

  test('a 401 says which scheme it wants', async () => {
    expect((await ask('GET', '/v1/queries/host.status')).headers['www-authenticate']).toBe('Bearer');
  });
});

test('localhost, and an address typed by a person, are this host’s names', async () => {
  for (const host of ['localhost', 'localhost:9', '127.0.0.1'])
    expect(await ask('GET', '/healthz', { host })).toMatchObject({ status: 200 });
  expect(await ask('GET', '/healthz', { 'sec-fetch-site': 'none' })).toMatchObject({ status: 200 });
});

describe('what is not there', () => {
  // method | path
  test.each([
    ['GET', '/'],
    ['GET', '/v1'],
    ['GET', '/v1/queries/'],
    ['GET', '/v1/queries/host.nothing'],
    ['GET', '/v1/queries/host.status/'],
    ['GET', '/v1/queries/host%2Estatus'],
    ['GET', '/v2/queries/host.status'],
    ['GET', '/x/../v1/queries/host.status'],
    ['POST', '/v1/queries/host.status'],
    ['GET', '/v1/commands/host.call'],
    ['PUT', '/v1/commands/host.call'],
    ['POST', '/v1/commands/constructor'],
    ['POST', '/v1/commands/__proto__'],
    ['POST', '/v1/commands/toString'],
    ['POST', '/v1/commands/hasOwnProperty'],
    ['GET', '/v1/queries/length'],
    ['GET', '//'],
    ['GET', '//evil.example/v1/queries/host.status'],
    ['GET', '/%zz'],
    ['GET', '/\\'],
    ['GET', '*'],
    ['GET', 'http://127.0.0.1/v1/queries/host.status'],
    ['GET', 'http://[/'],
  ])('%s %s', async (method, path) => {
    expect(await ask(method, path, AUTHORIZED, method === 'GET' ? undefined : CALL)).toMatchObject({
      status: 404,
      body: { ok: false, code: 'E_NOT_FOUND' },
    });
    expect(asked).toEqual([]);
  });

  test('an absolute address is no way around the token', async () => {
    expect(await ask('GET', 'http://evil.example/healthz')).toMatchObject({ status: 401 });
  });

  test('a path is cut and escaped in the answer', async () => {
    const { body } = await ask('GET', `/${'x'.repeat(5_000)}`, AUTHORIZED);
    expect(body.message?.length).toBeLessThan(300);
  });
});

describe('what is sent', () => {
  // what | body | status | code
  test.each<[string, string | Buffer, number, string]>([
    ['no JSON', '{', 400, 'E_JSON'],
    ['nothing', '', 400, 'E_JSON'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'E_JSON'],
    ['a key twice', '{"kind":"skill","name":"run","input":1,"input":2}', 400, 'E_JSON'],
    ['__proto__', '{"kind":"skill","name":"run","input":{"__proto__":{}}}', 400, 'E_JSON'],
    ['nesting without end', '['.repeat(100_000), 400, 'E_JSON'],
    ['an array', '[]', 400, 'E_INPUT'],
    ['null', 'null', 400, 'E_INPUT'],
    ['a field too many', '{"kind":"skill","name":"run","input":1,"as":"root"}', 400, 'E_INPUT'],
    ['an unknown kind', '{"kind":"daemon","name":"run","input":1}', 400, 'E_INPUT'],
    ['a name of JavaScript’s', '{"kind":"skill","name":"constructor","input":1}', 400, 'E_INPUT'],
    ['apply as a word', '{"kind":"skill","name":"run","input":1,"apply":"true"}', 400, 'E_INPUT'],
  ])('%s is refused', async (_what, body, status, code) => {
    expect(await post(body)).toMatchObject({ status, body: { ok: false, code } });
    expect(asked).toEqual([]);
  });

  test('an audit names absolute paths', async () => {
    const audit = (specs: string) =>
      ask('POST', '/v1/commands/host.audit', AUTHORIZED, JSON.stringify({ specs }));
    expect(await audit('specs.yaml')).toMatchObject({ status: 400, body: { code: 'E_INPUT' } });
    expect(await audit('/specs.yaml')).toMatchObject({ status: 200 });
  });

  test('a refusal of the host keeps its code; a failure of Signet’s own is 500', async () => {
    answer = async () => {
      throw new SignetError('E_TIMEOUT', 'too slow', { item: 'skill/run', cause: new Error('a secret') });
    };
    const refused = await post(CALL);
    expect(refused).toMatchObject({ status: 422, body: { ok: false, code: 'E_TIMEOUT', item: 'skill/run' } });
    expect(JSON.stringify(refused.body)).not.toContain('a secret');
    answer = async () => {
      throw new TypeError('a bug');
    };
    expect(await post(CALL)).toMatchObject({ status: 500, body: { code: 'E_INTERNAL' } });
    answer = async () => ({ big: 1n });
    expect(await post(CALL)).toMatchObject({ status: 500, body: { code: 'E_INTERNAL' } });
  });
});

describe('too much', () => {
  const MAX = 4 << 20;

  test('a body of exactly the limit is read, one byte more is not', async () => {
    const frame = CALL.replace('{}', '""');
    const fit = CALL.replace('{}', JSON.stringify('x'.repeat(MAX - frame.length)));
    expect(await post(fit)).toMatchObject({ status: 200 });
    asked = [];
    expect(await post(`${fit} `)).toMatchObject({ status: 413, body: { code: 'E_LIMIT' } });
    expect(asked).toEqual([]);
  });

  test('a body that says it is too large is refused before it comes', async () => {
    const back = await raw(
      `POST /v1/commands/host.call HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        `Content-Length: ${2 ** 50}\r\nConnection: close\r\n\r\n`,
    );
    expect(back).toMatch(/^HTTP\/1\.1 413 /);
    expect(back).toContain('"code":"E_LIMIT"');
  });

  test('an endless body is answered while it comes, is never kept, and is cut off', async () => {
    const chunk = Buffer.alloc(1 << 20, 0x20);
    const before = heldBytes();
    let most = before;
    let sent = 0;
    const back = await new Promise<string>((resolve) => {
      const socket = open();
      let text = '';
      socket.setEncoding('latin1').on('data', (part: string) => {
        text += part;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
      socket.write(
        `POST /v1/commands/host.call HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
          'Transfer-Encoding: chunked\r\n\r\n',
      );
      const more = (): void => {
        if (socket.destroyed) return;
        sent += chunk.length;
        if (sent % (16 << 20) === 0) most = Math.max(most, heldBytes());
        socket.write(`${chunk.length.toString(16)}\r\n`);
        socket.write(chunk);
        if (socket.write('\r\n')) setImmediate(more);
        else socket.once('drain', more);
      };
      more();
    });
    expect(back).toMatch(/^HTTP\/1\.1 413 /);
    expect(back).toContain('"code":"E_LIMIT"');
    expect(sent).toBeGreaterThan(64 << 20);
    expect(sent).toBeLessThan(256 << 20);
    expect(most).toBeGreaterThan(0);
    expect(most - before).toBeLessThan(32 << 20);
    expect(asked).toEqual([]);
  });

  test('a refusal reaches a client that is still sending', async () => {
    const body = ' '.repeat(3 << 20);
    const refused = await ask('POST', '/v1/commands/host.call', {}, body);
    expect(refused).toMatchObject({ status: 401, body: { code: 'E_API_TOKEN' } });
  });

  test('headers without end', async () => {
    expect(await raw(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });
});

describe('slow, broken and gone', () => {
  const HEAD = `POST /v1/commands/host.call HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n`;

  test('clients that never finish do not keep others waiting', async () => {
    const slow = Array.from({ length: 50 }, (_, i) => {
      const socket = open();
      socket.on('error', () => undefined);
      socket.write(i % 2 === 0 ? 'GET /healthz HT' : `${HEAD}Content-Length: 10\r\n\r\n{`);
      return socket;
    });
    await Promise.all(slow.map((socket) => new Promise((done) => socket.once('connect', done))));
    expect(await post(CALL)).toMatchObject({ status: 200 });
    for (const socket of slow) socket.destroy();
  });

  test.each([
    ['in its headers', 'GET /healthz HTTP/1.1\r\nHost: local'],
    ['in its body', `${HEAD}Content-Length: 10\r\n\r\n{`],
  ])('a client that stops %s is cut off', async (_where, text) => {
    await api.close();
    api = await startApi(handlers, TOKEN, 0, { headersMs: 50, requestMs: 100 });
    expect(await raw(text)).toMatch(/^HTTP\/1\.1 408 /);
    expect(asked).toEqual([]);
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200 });
  });

  test('a client that goes away in the middle leaves no trace', async () => {
    const socket = open();
    socket.write(`${HEAD}Content-Length: 10\r\n\r\n{`, () => socket.resetAndDestroy());
    await new Promise((done) => socket.once('close', done));
    expect(await post(CALL)).toMatchObject({ status: 200 });
    expect(asked.length).toBe(1);
  });

  test.each([
    ['garbage', '\u0000\u0001\u0002\r\n\r\n'],
    ['a smuggled request', `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`],
    ['no host', `GET /healthz HTTP/1.1\r\n\r\n`],
  ])('%s is no request', async (_what, text) => {
    expect(await raw(text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(asked).toEqual([]);
  });

  test('close ends connections that are open, answered or not, and the address is free', async () => {
    answer = () => new Promise(() => undefined);
    const waiting = post(CALL);
    const failed = expect(waiting).rejects.toThrow();
    const idle = open();
    const ended = new Promise((done) => idle.once('close', done));
    idle.on('error', () => undefined);
    await new Promise((done) => idle.once('connect', done));
    while (asked.length === 0) await new Promise((done) => setImmediate(done));
    await api.close();
    await ended;
    await failed;
    const again = await startApi(handlers, TOKEN, Number(new URL(api.address).port));
    expect(again.address).toBe(api.address);
    await again.close();
    await again.close();
  });

  test('a port that is taken is said so', async () => {
    await expect(startApi(handlers, TOKEN, Number(new URL(api.address).port))).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringContaining('127.0.0.1'),
    });
  });
});

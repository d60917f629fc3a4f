// THREATS.md H11: a secret reaches its header and nothing else, whatever the origin does with it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFixture, type Fixture, grantsOf } from './broker-fixture.ts';
import { type Asked, type Origin, openOrigin } from './http-fixture.ts';

const VALUE = 'S3cret/Value+With="Signs"&%41';
const OTHER = 'another-secret-value';
let fixture: Fixture;
const opened: Origin[] = [];
beforeEach(() => {
  fixture = createFixture();
  fixture.secrets.set('KEY', { name: 'KEY', value: VALUE });
  fixture.secrets.set('OTHER', { name: 'OTHER', value: OTHER });
});
afterEach(async () => {
  // Whatever a test did: neither journal nor log has it.
  const kept = JSON.stringify([fixture.records(), fixture.lines, fixture.faults]);
  for (const form of formsOf(VALUE)) expect(kept).not.toContain(form);
  fixture.close();
  for (const origin of opened.splice(0)) await origin.close();
});
const open: typeof openOrigin = async (answer) => {
  const made = await openOrigin(answer);
  opened.push(made);
  return made;
};
const formsOf = (value: string): string[] => [
  value,
  JSON.stringify(value).slice(1, -1),
  encodeURIComponent(value),
  ...(['base64', 'base64url', 'hex'] as const).map((form) => Buffer.from(value).toString(form)),
];

const REQUESTS = [
  { id: 'http', origins: 'granted', methods: ['GET', 'POST'] },
  { id: 'secret', names: ['KEY', 'OTHER'] },
] as const;
const ask = (args: object, overrides: object = {}) =>
  fixture.perform(fixture.call({ requests: REQUESTS as never, ...overrides }), 'http', {
    method: 'GET',
    secrets: ['KEY'],
    ...args,
  });
const http = (origin: string, more: object = {}) => ({
  capability: 'http',
  class: 'observe',
  origin,
  methods: ['GET', 'POST'],
  private: true,
  ...more,
});
const secret = (origin: string, more: object = {}, name = 'KEY', base: object = {}) => ({
  capability: 'secret',
  class: 'observe',
  name,
  use: { http: { origin, methods: ['GET'], header: 'Authorization', format: 'Bearer {}', ...more } },
  ...base,
});
const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };
async function done(answer: ReturnType<typeof ask>) {
  const given = await answer;
  if (!given.ok) expect.fail(`${given.code}: ${given.message}`);
  for (const form of formsOf(VALUE)) expect(given.value).not.toContain(form);
  return JSON.parse(given.value);
}

describe('where it goes', () => {
  test('into the header of its grant, as the grant writes it', async () => {
    const origin = await open((_, response) => response.end('ok'));
    fixture.grants = grantsOf(
      http(origin.origin),
      secret(origin.origin),
      secret(origin.origin, { header: 'X-Key', format: '{}' }, 'OTHER'),
    );
    await done(ask({ url: origin.origin, secrets: ['KEY', 'OTHER', 'KEY'] }));
    // The record names their grants, so that nobody takes one away that is in use.
    const intent = fixture.records().find(({ type }) => type === 'effect.intent');
    expect(intent).toMatchObject({ also: [expect.stringMatching(/^g-/), expect.stringMatching(/^g-/)] });
    expect(origin.asked[0]?.headers).toMatchObject({ authorization: `Bearer ${VALUE}`, 'x-key': OTHER });
    expect(fixture.records()[0]).toMatchObject({
      action: `GET ${origin.origin}/, the secret KEY in Authorization, the secret OTHER in X-Key`,
    });
    await done(ask({ url: origin.origin, secrets: [] }));
    expect(origin.asked[1]?.headers).not.toHaveProperty('authorization');
  });

  test('patterns of replacement in it mean nothing', async () => {
    const origin = await open((_, response) => response.end('ok'));
    fixture.secrets.set('KEY', { name: 'KEY', value: "$&$1$'$`$$" });
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    await done(ask({ url: origin.origin }));
    expect(origin.asked[0]?.headers.authorization).toBe("Bearer $&$1$'$`$$");
  });

  // what is wrong | how the grant differs | how the request, the call differ
  test.each<[string, (origin: string) => object[], object, object]>([
    ['not granted', () => [], {}, {}],
    ['granted for another origin', () => [secret('https://api.example')], {}, {}],
    ['granted for another method', (origin) => [secret(origin)], { method: 'POST' }, {}],
    ['granted for another path', (origin) => [secret(origin, { pathPrefix: '/v1/' })], {}, {}],
    [
      'granted to verify MACs',
      () => [
        {
          capability: 'secret',
          class: 'observe',
          name: 'KEY',
          use: { mac: { algorithms: ['hmac-sha256'] } },
        },
      ],
      {},
      {},
    ],
    ['granted to another bundle', (origin) => [secret(origin, {}, 'KEY', { bundle: 'acme/other' })], {}, {}],
    [
      'granted no longer',
      (origin) => [secret(origin, {}, 'KEY', { expires: '2026-03-01T12:00:00Z' })],
      {},
      {},
    ],
    ['another secret granted', (origin) => [secret(origin, {}, 'OTHER')], {}, {}],
    [
      'not asked for by the manifest',
      (origin) => [secret(origin)],
      {},
      { requests: [REQUESTS[0], { id: 'secret', names: ['OTHER'] }] },
    ],
    ['no secret asked for at all', (origin) => [secret(origin)], {}, { requests: [REQUESTS[0]] }],
    [
      'a kind that may have none',
      (origin) => [secret(origin)],
      {},
      { kind: 'observer', fn: 'observer/look' },
    ],
    [
      'its header sent by the bundle',
      (origin) => [secret(origin)],
      { headers: [['AUTHORIZATION', 'mine']] },
      {},
    ],
    [
      'two secrets in one header',
      (origin) => [secret(origin), secret(origin, { header: 'authorization' }, 'OTHER')],
      { secrets: ['KEY', 'OTHER'] },
      {},
    ],
  ])('%s: refused, nothing sent', async (_, grants, args, overrides) => {
    const origin = await open((_one, response) => response.end('reached'));
    fixture.grants = grantsOf(http(origin.origin), ...(grants(origin.origin) as Record<string, unknown>[]));
    const answer = await ask({ url: origin.origin, ...args }, overrides);
    expect(answer).toMatchObject(DENIED);
    expect(origin.connections()).toBe(0);
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', capability: 'http' });
  });

  test('a channel verifies MACs and sends nothing', async () => {
    const origin = await open((_, response) => response.end('x'));
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    expect(await ask({ url: origin.origin }, { kind: 'channel', fn: 'channel/hook' })).toMatchObject(DENIED);
    expect(origin.connections()).toBe(0);
  });

  test('the refusal gives the command that grants it', async () => {
    fixture.grants = grantsOf(http('https://api.example'));
    expect(await ask({ url: 'https://api.example/' })).toMatchObject({
      fix: "signet grant acme/tool secret --name KEY --origin https://api.example --method GET --header Authorization --format 'Bearer {}' --reason 'asked for by skill/work'",
    });
  });

  test('one that does not exist: E_SECRET, nothing sent', async () => {
    const origin = await open((_, response) => response.end('x'));
    fixture.secrets.delete('KEY');
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    expect(await ask({ url: origin.origin })).toMatchObject({ code: 'E_SECRET' });
    expect(origin.connections()).toBe(0);
    // Another one is no hindrance.
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin), secret(origin.origin, {}, 'OTHER'));
    await done(ask({ url: origin.origin, secrets: ['OTHER'] }));
  });
});

test('one that takes for ever to open holds nothing up: E_HTTP in time, nothing sent', async () => {
  const origin = await open((_, response) => response.end('x'));
  fixture.secrets.set('KEY', new Promise(() => undefined) as never);
  fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
  expect(await ask({ url: origin.origin, timeoutMs: 50 })).toMatchObject({ code: 'E_HTTP' });
  expect(origin.connections()).toBe(0);
});

describe('redirects', () => {
  const moving = (location: () => string, code = 302) =>
    open(({ url }, response) => {
      if (url === '/start') response.writeHead(code, { location: location() });
      response.end(url);
    });
  const authorizations = (origin: Origin) => origin.asked.map(({ headers }) => headers.authorization);

  test('it stays where origin and grant stay, is dropped elsewhere, and never comes back', async () => {
    const back: Origin = await open(({ url }, response) => {
      if (url === '/start') response.writeHead(302, { location: `${there.origin}/start` });
      response.end();
    });
    const there = await moving(() => `${back.origin}/end`);
    fixture.grants = grantsOf(
      http(back.origin),
      http(there.origin),
      secret(back.origin),
      secret(there.origin),
    );
    await done(ask({ url: `${back.origin}/start` }));
    expect(authorizations(back)).toEqual([`Bearer ${VALUE}`, undefined]);
    expect(authorizations(there)).toEqual([undefined]);
  });
  test('on the same origin only as far as its grant', async () => {
    const origin = await moving(() => '/other');
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin, { pathPrefix: '/start' }));
    await done(ask({ url: `${origin.origin}/start` }));
    expect(authorizations(origin)).toEqual([`Bearer ${VALUE}`, undefined]);
    const within = await moving(() => '/other');
    fixture.grants = grantsOf(http(within.origin), secret(within.origin));
    await done(ask({ url: `${within.origin}/start` }));
    expect(authorizations(within)).toEqual([`Bearer ${VALUE}`, `Bearer ${VALUE}`]);
  });
  test('a POST that becomes GET keeps it only where GET has it', async () => {
    const origin = await moving(() => '/other', 303);
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin, { methods: ['POST'] }));
    await done(ask({ url: `${origin.origin}/start`, method: 'POST' }));
    expect(authorizations(origin)).toEqual([`Bearer ${VALUE}`, undefined]);
  });
  test('an address that holds it is not followed with it', async () => {
    const there = await open(({ url }, response) => response.end(url));
    const origin = await moving(() => `${there.origin}/?key=${encodeURIComponent(VALUE)}`);
    fixture.grants = grantsOf(http(origin.origin), http(there.origin), secret(origin.origin));
    const { url, body } = await done(ask({ url: `${origin.origin}/start` }));
    expect(there.asked[0]?.url).toBe('/?key=***');
    expect([url, body.text]).toEqual([`${there.origin}/?key=***`, '/?key=***']);
  });
});

describe('an origin that echoes it', () => {
  const echo = async (
    how: (value: string, asked: Asked) => { body?: string | Buffer; headers?: Record<string, string> },
    args = {},
  ) => {
    const origin = await open((asked, response) => {
      const { body = '', headers = {} } = how(VALUE, asked);
      response.writeHead(200, headers);
      response.end(body);
    });
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    return done(ask({ url: origin.origin, ...args }));
  };
  test.each(formsOf(VALUE))('in body and header, as %s', async (form) => {
    const answer = await echo(() => ({
      body: `<${form}>`,
      headers: { 'x-echo': form, 'x-more': `a ${form} b` },
    }));
    expect(answer.body.text).toContain('***');
    // In base64 the last character may be shared with what follows.
    expect(answer.headers).toContainEqual(['x-more', expect.stringMatching(/^a \*\*\*\S{0,2} b$/)]);
  });
  test('all that it was sent', async () => {
    const answer = await echo((_, { rawHeaders }) => ({ body: JSON.stringify(rawHeaders) }));
    expect(JSON.parse(answer.body.text)).toContain('Bearer ***');
  });
  test('in UTF-16, in bytes that are no text', async () => {
    const answer = await echo((value) => ({
      body: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(value, 'utf16le')]),
    }));
    expect(Buffer.from(answer.body.base64, 'base64').toString('latin1')).toContain('***');
  });
  test('compressed', async () => {
    const { gzipSync } = await import('node:zlib');
    const answer = await echo((value) => ({
      body: gzipSync(value),
      headers: { 'content-encoding': 'gzip' },
    }));
    expect(answer.body).toEqual({ text: '***' });
  });
  test('in the reason of its status, in the name of a header', async () => {
    fixture.secrets.set('KEY', { name: 'KEY', value: 'token-like-secret' });
    const origin = await open((_, response) => {
      response.writeHead(200, 'so token-like-secret', { 'x-token-like-secret': 'x' });
      response.end();
    });
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    const answer = await done(ask({ url: origin.origin }));
    expect(JSON.stringify(answer)).not.toContain('token-like-secret');
    expect(answer.statusText).toBe('so ***');
  });
  test('later, to a request without it', async () => {
    let seen = '';
    const origin = await open(({ headers }, response) => {
      seen = headers.authorization ?? seen;
      response.end(seen);
    });
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    await done(ask({ url: origin.origin }));
    expect((await done(ask({ url: origin.origin, secrets: [] }))).body.text).toBe('Bearer ***');
  });
  test('into the message of an error', async () => {
    const origin = await open((_, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nx: \0${VALUE}\r\n\r\n`);
    });
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    const answer = await ask({ url: origin.origin });
    expect(answer).toMatchObject({ code: 'E_HTTP' });
    expect(JSON.stringify(answer)).not.toContain(VALUE.slice(0, 8));
  });
  test('into the address of a redirect that is refused', async () => {
    const origin = await open((_, response) =>
      response.writeHead(302, { location: `http://evil.example/${encodeURIComponent(VALUE)}` }).end(),
    );
    fixture.grants = grantsOf(http(origin.origin), secret(origin.origin));
    const answer = await ask({ url: origin.origin });
    expect(answer).toMatchObject(DENIED);
    for (const form of formsOf(VALUE)) expect(JSON.stringify(answer)).not.toContain(form);
  });
});

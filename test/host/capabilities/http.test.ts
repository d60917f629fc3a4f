// THREATS.md H10–H12 for `http`, against real origins on loopback: beyond the grant, redirects, rebinding, classes, secrets.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFixture, type Fixture, grantsOf, NOW } from '../broker-fixture.ts';
import { type Origin, openOrigin } from '../http-fixture.ts';

let fixture: Fixture;
const opened: Origin[] = [];
beforeEach(() => {
  fixture = createFixture();
});
afterEach(async () => {
  fixture.close();
  for (const origin of opened.splice(0)) await origin.close();
});
const open: typeof openOrigin = async (answer) => {
  const made = await openOrigin(answer);
  opened.push(made);
  return made;
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
const REQUESTS = [
  { id: 'http', origins: 'granted', methods: METHODS },
  { id: 'secret', names: ['KEY', 'OTHER'] },
] as const;
const ask = (args: object, overrides: object = {}) =>
  fixture.perform(fixture.call({ requests: REQUESTS as never, ...overrides }), 'http', {
    method: 'GET',
    ...args,
  });
const planned = () => ({ plan: fixture.plan('skill', 'work') });

const granted = (origin: string, more: object = {}) => ({
  capability: 'http',
  class: 'observe',
  origin,
  methods: ['GET', 'HEAD'],
  private: true,
  ...more,
});
const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };
/** The value of an effect that was performed. */
async function done(answer: ReturnType<typeof ask>) {
  const given = await answer;
  if (!given.ok) expect.fail(`${given.code}: ${given.message}`);
  return JSON.parse(given.value);
}
const deniedLast = () =>
  expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', capability: 'http' });

test('an answer is whole: code, headers, body as text or, where it is none, as base64', async () => {
  const origin = await open(({ url }, response) => {
    response.writeHead(
      url === '/teapot' ? 418 : 200,
      'Very well',
      [
        ['X-Two', 'a'],
        ['X-Two', 'b'],
      ].flat(),
    );
    response.end(url === '/bytes' ? Buffer.from([0xff, 0xfe, 0]) : 'grüße');
  });
  fixture.grants = grantsOf(granted(origin.origin));
  const text = await done(ask({ url: `${origin.origin}/teapot?q=1#f`, headers: [['X-Own', 'o']] }));
  expect(text).toMatchObject({
    status: 'done',
    code: 200,
    statusText: 'Very well',
    url: `${origin.origin}/teapot?q=1`,
    redirected: false,
    body: { text: 'grüße' },
  });
  expect(text.headers.filter(([name]: [string]) => name === 'X-Two')).toEqual([
    ['X-Two', 'a'],
    ['X-Two', 'b'],
  ]);
  expect((await done(ask({ url: `${origin.origin}/teapot` }))).code).toBe(418);
  expect((await done(ask({ url: `${origin.origin}/bytes` }))).body).toEqual({ base64: '//4A' });
  expect(origin.asked[0]).toMatchObject({ url: '/teapot?q=1', headers: { 'x-own': 'o' } });
  expect(fixture.records().at(0)).toMatchObject({
    type: 'effect.intent',
    action: `GET ${origin.origin}/teapot?q=1`,
    class: 'observe',
  });
});

describe('beyond the grant (H10)', () => {
  let origin: Origin;
  beforeEach(async () => {
    origin = await open((_, response) => response.end('reached'));
    fixture.grants = grantsOf(granted(origin.origin, { pathPrefix: '/v1/' }));
  });
  const refused = async (url: string, args: object = {}, overrides: object = {}) => {
    expect(await ask({ url, ...args }, overrides)).toMatchObject(DENIED);
    deniedLast();
    expect(origin.connections()).toBe(0);
  };
  test.each<[string, (port: number) => string]>([
    ['another port', (port) => `http://127.0.0.1:${port + 1}/v1/`],
    ['another scheme', (port) => `https://127.0.0.1:${port}/v1/`],
    ['another name of it', (port) => `http://localhost:${port}/v1/`],
    ['its address in IPv6', (port) => `http://[::ffff:127.0.0.1]:${port}/v1/`],
    ['a name in it', (port) => `http://ann@127.0.0.1:${port}/v1/`],
    ['no http', () => 'file:///etc/passwd'],
    ['no address', () => 'v1/x'],
    ['another path', (port) => `http://127.0.0.1:${port}/v2/`],
    ['a step up', (port) => `http://127.0.0.1:${port}/v1/%2e%2e/v2`],
    ['a step up behind an encoded slash', (port) => `http://127.0.0.1:${port}/v1/..%2fv2`],
    ['a step up, encoded twice', (port) => `http://127.0.0.1:${port}/v1/%252e%252e/v2`],
  ])('%s', async (_, url) => {
    await refused(url(origin.port));
    expect((await done(ask({ url: `${origin.origin}/v1/x` }))).body.text).toBe('reached');
  });
  test('however its host is written, it is the same origin', async () => {
    for (const host of ['2130706433', '0x7f.1', '0177.0.0.1', '127.1'])
      expect((await done(ask({ url: `http://${host}:${origin.port}/v1/x` }))).url).toBe(
        `${origin.origin}/v1/x`,
      );
  });
  test('another method, and one that only the bundle’s header names', async () => {
    await refused(`${origin.origin}/v1/x`, { method: 'DELETE' });
    await refused(`${origin.origin}/v1/x`, { headers: [['X-HTTP-Method-Override', 'DELETE']] });
  });
  test('another bundle’s grant, an expired one', async () => {
    fixture.grants = grantsOf(granted(origin.origin, { bundle: 'acme/other' }));
    await refused(`${origin.origin}/v1/x`);
    fixture.grants = grantsOf(granted(origin.origin, { expires: '2026-03-01T12:00:00Z' }));
    await refused(`${origin.origin}/v1/x`);
  });
  test('what the manifest does not ask for: origin, method', async () => {
    const url = `${origin.origin}/v1/x`;
    const requests = (more: object) => ({
      requests: [{ id: 'http', origins: 'granted', methods: ['GET'], ...more }],
    });
    await refused(url, {}, requests({ origins: ['https://api.example.com'] }));
    await refused(url, {}, requests({ methods: ['POST'] }));
    await done(ask({ url }, requests({ origins: [`${origin.origin}/`] })));
  });
  test('what the kind may not: http at all, or other methods than to read', async () => {
    fixture.grants = grantsOf(granted(origin.origin, { methods: METHODS }));
    const url = `${origin.origin}/v1/x`;
    await refused(url, {}, { kind: 'parser', fn: 'parser/p' });
    await refused(url, {}, { kind: 'channel', fn: 'channel/c' });
    await refused(url, { method: 'POST' }, { kind: 'observer', fn: 'observer/o' });
    await refused(url, { method: 'POST' }, { kind: 'check', fn: 'check/c' });
    await done(ask({ url }, { kind: 'observer', fn: 'observer/o' }));
    for (const kind of ['sender', 'provider', 'apply', 'skill'])
      await done(ask({ url, method: 'POST' }, { kind, fn: `${kind}/x` }));
  });
  test.each([
    ['Host', 'evil.example'],
    ['Content-Length', '0'],
    ['Transfer-Encoding', 'chunked'],
    ['Connection', 'upgrade'],
    ['Proxy-Authorization', 'x'],
    ['X-Original-URL', '/v2'],
    ['X-A', 'b\r\nHost: evil.example'],
    ['X-A\r\nHost', 'evil.example'],
  ])('the header %j', async (name, value) => {
    await refused(`${origin.origin}/v1/x`, { headers: [[name, value]] });
  });
  test('a body with GET', () => refused(`${origin.origin}/v1/x`, { body: { text: 'x' } }));
});

test.each([
  {},
  { url: 1 },
  { url: 'https://a.example', method: 'get' },
  { url: 'https://a.example', method: 'GET\r\nHost: x' },
  { url: 'https://a.example', headers: { a: 'b' } },
  { url: 'https://a.example', headers: [['a']] },
  { url: 'https://a.example', headers: Array(65).fill(['a', 'b']) },
  { url: 'https://a.example', body: 'x' },
  { url: 'https://a.example', body: { text: 'a', base64: 'YQ==' } },
  { url: 'https://a.example', redirect: 'maybe' },
  { url: 'https://a.example', timeoutMs: 0 },
  { url: 'https://a.example', secrets: ['key'] },
  { url: 'https://a.example', proxy: 'x' },
  { url: 'https://a.example', agent: null },
])('arguments of another shape are E_CAPABILITY_ARGS (%#)', async (args) => {
  expect(await ask(args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
});

test('the refusal gives the command that grants', async () => {
  expect(await ask({ url: 'https://api.example.com/v1/x' })).toMatchObject({
    fix: "signet grant acme/tool http --origin https://api.example.com --method GET --class observe --reason 'asked for by skill/work'",
  });
  expect(await ask({ url: 'https://api.example.com/', method: 'POST' })).toMatchObject({
    fix: expect.stringContaining('--method POST --class mutate'),
  });
});

describe('addresses (H10)', () => {
  let origin: Origin;
  let url: string;
  beforeEach(async () => {
    origin = await open((_, response) => response.end('inside'));
    url = `http://api.example:${origin.port}/`;
  });
  const at = (isPrivate: boolean) => grantsOf(granted(new URL(url).origin, { private: isPrivate }));
  const leads = (...addresses: string[]) => {
    fixture.resolve = async () =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  test.each([
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['0.0.0.0'],
    ['8.8.8.8', '127.0.0.1'],
    ['127.0.0.1', '8.8.8.8'],
  ])('a name that leads to %s %s is refused, without saying where it leads', async (...addresses) => {
    leads(...addresses);
    fixture.grants = at(false);
    const answer = await ask({ url });
    expect(answer).toMatchObject(DENIED);
    for (const address of addresses) expect(JSON.stringify(answer)).not.toContain(address);
    expect(fixture.records().at(-1)).toMatchObject({ status: 'failed', code: 'E_CAPABILITY_DENIED' });
    expect(origin.connections()).toBe(0);
  });
  test('its twin, granted as private', async () => {
    leads('127.0.0.1');
    fixture.grants = at(true);
    expect((await done(ask({ url }))).body).toEqual({ text: 'inside' });
    leads('127.0.0.1', '224.0.0.1');
    expect(await ask({ url })).toMatchObject(DENIED);
  });
  test('an address in the URL is no name, and no less refused', async () => {
    fixture.grants = grantsOf(
      granted(origin.origin, { private: false }),
      granted('http://[::1]', { private: false }),
    );
    expect(await ask({ url: origin.origin })).toMatchObject(DENIED);
    expect(await ask({ url: 'http://[::1]/' })).toMatchObject(DENIED);
    expect(origin.connections()).toBe(0);
  });
  test('a name that is bound anew: what was checked is what is connected to', async () => {
    const addresses = ['127.0.0.1', '10.1.2.3'];
    let asked = 0;
    fixture.resolve = async () => [{ address: addresses[asked++] ?? '10.1.2.3', family: 4 }];
    fixture.grants = at(true);
    expect((await done(ask({ url }))).body).toEqual({ text: 'inside' });
    expect(asked).toBe(1);
  });
  test('a name that leads nowhere, or whose resolver fails: E_HTTP', async () => {
    fixture.grants = at(true);
    expect(await ask({ url })).toMatchObject({ code: 'E_HTTP' });
    fixture.resolve = async () => Promise.reject(new Error('no route to 10.0.0.53'));
    const answer = await ask({ url });
    expect(answer).toMatchObject({ code: 'E_HTTP' });
    expect(JSON.stringify(answer)).not.toContain('10.0.0.53');
  });
});

describe('redirects: each a decision of its own (H10)', () => {
  /** Sends `/to?CODE&LOCATION` on to LOCATION. */
  const sending = () =>
    open(({ url }, response) => {
      const [, code = '', location = ''] = /^\/to\?(\d+)&(.*)$/.exec(url) ?? [];
      if (code === '') return void response.end('end');
      response.writeHead(Number(code), { location: decodeURIComponent(location) });
      response.end('moved');
    });
  const to = (origin: Origin, location: string, code = 302) =>
    `${origin.origin}/to?${code}&${encodeURIComponent(location)}`;
  let a: Origin;
  let b: Origin;
  beforeEach(async () => {
    [a, b] = [await sending(), await sending()];
    fixture.grants = grantsOf(granted(a.origin));
  });

  test('to what is not granted: refused, not sent', async () => {
    for (const location of [
      b.origin,
      `${b.origin.replace('127.0.0.1', '[::1]')}/`,
      'http://169.254.169.254/latest/',
    ])
      expect(await ask({ url: to(a, location) })).toMatchObject(DENIED);
    expect(b.connections()).toBe(0);
    expect(fixture.records().at(-1)).toMatchObject({ status: 'failed', code: 'E_CAPABILITY_DENIED' });
  });
  test('to what is granted: followed, and said', async () => {
    fixture.grants = grantsOf(granted(a.origin), granted(b.origin));
    const answer = await done(
      ask({
        url: to(a, `${b.origin}/x`),
        headers: [
          ['Authorization', 'own'],
          ['X-Own', 'o'],
        ],
      }),
    );
    expect(answer).toMatchObject({
      code: 200,
      url: `${b.origin}/x`,
      redirected: true,
      body: { text: 'end' },
    });
    expect(b.asked[0]?.headers).toMatchObject({ 'x-own': 'o' });
    expect(b.asked[0]?.headers).not.toHaveProperty('authorization');
  });
  test.each(['file:///etc/passwd', 'data:text/plain,x', 'ftp://127.0.0.1/', 'gopher://127.0.0.1/'])(
    'to %s: refused',
    async (location) => expect(await ask({ url: to(a, location) })).toMatchObject(DENIED),
  );
  test('to a name and password: refused', async () => {
    expect(await ask({ url: to(a, a.origin.replace('//', '//ann:pw@')) })).toMatchObject(DENIED);
  });
  test('beyond the path prefix: refused', async () => {
    fixture.grants = grantsOf(granted(a.origin, { pathPrefix: '/to' }));
    expect(await ask({ url: to(a, '/admin') })).toMatchObject(DENIED);
    expect((await done(ask({ url: to(a, '/to/x') }))).body).toEqual({ text: 'end' });
  });
  test('to a private address, where the grant of that origin does not say so: refused', async () => {
    fixture.grants = grantsOf(granted(a.origin), granted(b.origin, { private: false }));
    expect(await ask({ url: to(a, b.origin) })).toMatchObject(DENIED);
    expect(b.connections()).toBe(0);
  });
  test('five are followed, six are E_HTTP, and so is a circle', async () => {
    const chain = (left: number): string => (left === 0 ? '/end' : to(a, chain(left - 1)));
    expect((await done(ask({ url: chain(5) }))).body).toEqual({ text: 'end' });
    expect(await ask({ url: chain(6) })).toMatchObject({ code: 'E_HTTP' });
    const circle = await open((_, response) => response.writeHead(302, { location: '/' }).end());
    fixture.grants = grantsOf(granted(circle.origin));
    expect(await ask({ url: circle.origin })).toMatchObject({ code: 'E_HTTP' });
    expect(circle.asked).toHaveLength(6);
  });
  test('manual hands it back, error refuses it', async () => {
    const manual = await done(ask({ url: to(a, 'http://other.example/'), redirect: 'manual' }));
    expect(manual).toMatchObject({ code: 302, redirected: false, body: { text: 'moved' } });
    expect(manual.headers).toContainEqual(['location', 'http://other.example/']);
    expect(await ask({ url: to(a, '/x'), redirect: 'error' })).toMatchObject({ code: 'E_HTTP' });
  });
  test('a body is sent on with 307, not with 302', async () => {
    fixture.grants = grantsOf(granted(a.origin, { methods: METHODS }));
    const post = (code: number) =>
      done(
        ask({
          method: 'POST',
          url: to(a, '/x', code),
          body: { text: 'body' },
          headers: [['content-type', 'a/b']],
        }),
      );
    await post(307);
    expect(a.asked.at(-1)).toMatchObject({ method: 'POST', url: '/x', body: Buffer.from('body') });
    await post(302);
    expect(a.asked.at(-1)).toMatchObject({ method: 'GET', body: Buffer.alloc(0) });
    expect(a.asked.at(-1)?.headers).not.toHaveProperty('content-type');
  });
  test('from what observes to what mutates: refused', async () => {
    fixture.grants = grantsOf(
      granted(a.origin, { pathPrefix: '/to' }),
      granted(a.origin, { class: 'mutate', methods: ['GET'], pathPrefix: '/reboot' }),
    );
    for (const dryRun of [true, false]) {
      expect(await ask({ url: to(a, '/reboot') }, { dryRun, ...planned() })).toMatchObject(DENIED);
    }
    expect(a.asked.map(({ url }) => url)).not.toContain('/reboot');
    await done(ask({ url: `${a.origin}/reboot` }, planned()));
    expect(a.asked.map(({ url }) => url)).toContain('/reboot');
  });
});

describe('the grant sets the class (H12)', () => {
  test('what mutates is not sent in a dry run, nor without a plan', async () => {
    const origin = await open((_, response) => response.end('changed'));
    fixture.grants = grantsOf(granted(origin.origin, { class: 'mutate', methods: ['GET', 'POST'] }));
    const post = { method: 'POST', url: `${origin.origin}/x`, body: { text: 'a body' } };
    expect(await done(ask(post, { dryRun: true }))).toEqual({
      status: 'would',
      action: expect.stringMatching(/^POST http:\/\/127\.0\.0\.1:\d+\/x with 6 bytes, sha256:[0-9a-f]{64}$/),
    });
    expect(await ask(post)).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    expect(origin.asked).toEqual([]);
    expect(JSON.stringify(fixture.records())).not.toContain('a body');
    expect((await done(ask(post, planned()))).body).toEqual({ text: 'changed' });
    // GET beside it only observes.
    await done(ask({ url: origin.origin }, { dryRun: true }));
    expect(origin.asked).toHaveLength(2);
  });
  test('a POST that the operator calls observing is sent in a dry run', async () => {
    const origin = await open((_, response) => response.end('searched'));
    fixture.grants = grantsOf(granted(origin.origin, { methods: ['POST'] }));
    const search = { method: 'POST', url: origin.origin, body: { base64: 'cQ==' } };
    expect((await done(ask(search, { dryRun: true }))).body).toEqual({ text: 'searched' });
    expect(origin.asked[0]?.body.toString()).toBe('q');
  });
  test('granted twice, the stricter class holds', async () => {
    const origin = await open((_, response) => response.end('x'));
    fixture.grants = grantsOf(
      granted(origin.origin, { class: 'mutate', methods: ['GET', 'POST'] }),
      granted(origin.origin, { class: 'mutate', methods: ['GET'] }),
      granted(origin.origin),
    );
    expect(await ask({ url: origin.origin })).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    await done(ask({ url: origin.origin, method: 'HEAD' }));
  });
  test('granted twice, once as private: a further grant takes nothing away, in either order', async () => {
    const origin = await open((_, response) => response.end('x'));
    const plain = granted(origin.origin, { private: false });
    const own = granted(origin.origin, { pathPrefix: '/v1/' });
    for (const pair of [
      [plain, own],
      [own, plain],
    ]) {
      fixture.grants = grantsOf(...pair);
      await done(ask({ url: `${origin.origin}/v1/a` }));
      expect(await ask({ url: `${origin.origin}/other` })).toMatchObject(DENIED);
    }
  });
  test('a stricter grant that is not private is not lifted by a private one', async () => {
    const origin = await open((_, response) => response.end('x'));
    fixture.grants = grantsOf(
      granted(origin.origin),
      granted(origin.origin, { class: 'mutate', methods: ['GET'], private: false }),
    );
    expect(await ask({ url: origin.origin }, planned())).toMatchObject({ ok: false });
    expect(origin.asked).toHaveLength(0);
  });
});

describe('limits', () => {
  test('the grant’s own limit of an answer: E_LIMIT', async () => {
    const origin = await open((_, response) => response.end('x'.repeat(100)));
    fixture.grants = grantsOf(granted(origin.origin, { maxBytes: 99 }));
    expect(await ask({ url: origin.origin })).toMatchObject({ code: 'E_LIMIT' });
    fixture.grants = grantsOf(granted(origin.origin, { maxBytes: 100 }));
    await done(ask({ url: origin.origin }));
  });
  test.each([
    ['its own time', { timeoutMs: 50 }, {}],
    ['the deadline of the call', {}, { deadlineMs: NOW + 50 }],
    ['the deadline, although it asks for more', { timeoutMs: 60_000 }, { deadlineMs: NOW + 50 }],
    ['a deadline that has passed', {}, { deadlineMs: NOW - 1 }],
  ])('%s ends it: E_HTTP', async (_, args, overrides) => {
    const origin = await open(() => undefined);
    fixture.grants = grantsOf(granted(origin.origin));
    expect(await ask({ url: origin.origin, ...args }, overrides)).toMatchObject({ code: 'E_HTTP' });
  });
  test('the end of the call ends it', async () => {
    const ended = new AbortController();
    const origin = await open(() => ended.abort());
    fixture.grants = grantsOf(granted(origin.origin));
    expect(await ask({ url: origin.origin }, { signal: ended.signal })).toMatchObject({ code: 'E_HTTP' });
  });
  test('text that JSON would make long is base64', async () => {
    const body = Buffer.alloc(1 << 20, 1);
    const origin = await open((_, response) => response.end(body));
    fixture.grants = grantsOf(granted(origin.origin));
    expect((await done(ask({ url: origin.origin }))).body).toEqual({ base64: body.toString('base64') });
  });
});

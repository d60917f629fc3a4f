// THREATS.md H11 for `secret.verify`: yes or no, and nothing that leads to the secret.
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFixture, type Fixture, grantsOf } from '../broker-fixture.ts';

const VALUE = 'webhook-secret-value';
let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture(grantsOf(mac('hmac-sha256', 'hmac-sha512', 'hmac-sha1')));
  fixture.secrets.set('HOOK', { name: 'HOOK', value: VALUE });
});
afterEach(() => {
  expect(JSON.stringify(fixture.records())).not.toContain(VALUE);
  fixture.close();
});

const mac = (...algorithms: string[]) => ({
  capability: 'secret',
  class: 'observe',
  name: 'HOOK',
  use: { mac: { algorithms } },
});
const REQUESTS = [{ id: 'secret', names: ['HOOK'] }] as const;
const verify = (args: object, overrides: object = {}) =>
  fixture.perform(
    fixture.call({ requests: REQUESTS as never, kind: 'channel', fn: 'channel/hook', ...overrides }),
    'secret.verify',
    {
      name: 'HOOK',
      algorithm: 'hmac-sha256',
      message: { text: 'grüße' },
      ...args,
    },
  );
const macOf = (hash: string, message: string | Buffer = 'grüße') =>
  createHmac(hash, VALUE).update(message).digest();
const answer = (valid: boolean) => ({ ok: true, value: JSON.stringify({ valid }) });
const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };

test.each([
  ['hmac-sha256', 'sha256'],
  ['hmac-sha512', 'sha512'],
  ['hmac-sha1', 'sha1'],
])('%s, in hexadecimal of either case and in base64', async (algorithm, hash) => {
  const hex = macOf(hash).toString('hex');
  for (const text of [hex, hex.toUpperCase()])
    expect(await verify({ algorithm, mac: text })).toEqual(answer(true));
  const base64 = macOf(hash).toString('base64');
  expect(await verify({ algorithm, mac: base64, encoding: 'base64' })).toEqual(answer(true));
  const message = { base64: Buffer.from('grüße').toString('base64') };
  expect(await verify({ algorithm, message, mac: hex })).toEqual(answer(true));
});

test('bytes that are no text are a message too', async () => {
  const bytes = Buffer.from([0, 0xff, 0xfe]);
  const message = { base64: bytes.toString('base64') };
  expect(await verify({ message, mac: macOf('sha256', bytes).toString('hex') })).toEqual(answer(true));
});

describe('every other MAC is not valid, and no more is said', () => {
  const good = macOf('sha256');
  const hex = good.toString('hex');
  const base64 = good.toString('base64');
  test.each<[string, string, 'hex' | 'base64']>([
    ['one bit changed', `${hex.slice(0, -1)}${(Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16)}`, 'hex'],
    ['nothing', '', 'hex'],
    ['the first half', hex.slice(0, 32), 'hex'],
    ['something behind it', `${hex}00`, 'hex'],
    ['no hexadecimal behind it', `${hex}zz`, 'hex'],
    ['half a byte behind it', `${hex}0`, 'hex'],
    ['white space in front', ` ${hex}`, 'hex'],
    ['a prefix of the service', `sha256=${hex}`, 'hex'],
    ['the wrong encoding', hex, 'base64'],
    ['the wrong encoding, the other way round', base64, 'hex'],
    ['base64 with junk', `${base64.slice(0, 4)}*${base64.slice(4)}`, 'base64'],
    ['base64 without its padding', base64.replace('=', ''), 'base64'],
    ['another algorithm’s', macOf('sha512').toString('hex'), 'hex'],
    ['of another message', macOf('sha256', 'other').toString('hex'), 'hex'],
    ['a name of Object.prototype', '__proto__', 'hex'],
  ])('%s', async (_, text, encoding) => {
    expect(await verify({ mac: text, encoding })).toEqual(answer(false));
  });
});

describe('not granted', () => {
  const good = { mac: macOf('sha256').toString('hex') };
  // how the grant differs | how the call differs
  test.each<[string, object[], object]>([
    ['at all', [], {}],
    ['with this algorithm', [mac('hmac-sha512')], {}],
    [
      'for this, but to be sent',
      [{ ...mac(), use: { http: { origin: 'https://a.example', methods: ['GET'], header: 'X' } } }],
      {},
    ],
    ['to this bundle', [{ ...mac('hmac-sha256'), bundle: 'acme/other' }], {}],
    ['any longer', [{ ...mac('hmac-sha256'), expires: '2026-03-01T12:00:00Z' }], {}],
    [
      'what the manifest does not ask for',
      [mac('hmac-sha256')],
      { requests: [{ id: 'secret', names: ['OTHER'] }] },
    ],
    ['to a kind that has no secrets', [mac('hmac-sha256')], { kind: 'observer', fn: 'observer/look' }],
  ])('%s', async (_, grants, overrides) => {
    fixture.grants = grantsOf(...(grants as Record<string, unknown>[]));
    expect(await verify(good, overrides)).toMatchObject(DENIED);
  });
  test('its twin is, in a dry run too, and without a plan', async () => {
    fixture.grants = grantsOf(mac('hmac-sha256'));
    for (const dryRun of [true, false]) expect(await verify(good, { dryRun })).toEqual(answer(true));
    expect(fixture.records()[0]).toMatchObject({
      type: 'effect.intent',
      action: 'verify a hmac-sha256 of the secret HOOK',
      class: 'observe',
    });
    for (const kind of ['skill', 'sender', 'apply', 'provider'])
      expect(await verify(good, { kind, fn: `${kind}/x` })).toEqual(answer(true));
  });
  test('the command that grants it', async () => {
    fixture.grants = grantsOf();
    expect(await verify(good)).toMatchObject({
      fix: "signet grant acme/tool secret --name HOOK --mac hmac-sha256 --reason 'asked for by channel/hook'",
    });
  });
});

test('a secret that cannot be opened is E_SECRET, without why', async () => {
  fixture.secrets.clear();
  expect(await verify({ mac: '' })).toMatchObject({
    code: 'E_SECRET',
    message: 'the secret HOOK cannot be used: E_SECRET',
  });
});

test.each([
  {},
  { mac: 1 },
  { mac: 'x', algorithm: 'md5' },
  { mac: 'x', algorithm: 'sha256' },
  { mac: 'x', encoding: 'latin1' },
  { mac: 'x', name: 'hook' },
  { mac: 'x', message: 'text' },
  { mac: 'x', key: 'mine' },
  { mac: 'x'.repeat(1025) },
])('arguments of another shape are E_CAPABILITY_ARGS (%#)', async (args) => {
  expect(await verify(args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
});

test('there is no effect that yields a secret', async () => {
  for (const name of ['secret', 'secret.get', 'secret.read', 'secret.mac', 'secret.sign'])
    expect(
      await fixture.perform(fixture.call({ requests: REQUESTS as never }), name, { name: 'HOOK' }),
    ).toMatchObject(DENIED);
});

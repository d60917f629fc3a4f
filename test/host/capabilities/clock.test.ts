// `clock`: the time of the host, and waiting until some of it has gone by.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFixture, type Fixture, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.close());

test('arguments are refused', async () => {
  expect(await fixture.perform(fixture.call(), 'clock', { zone: 'UTC' })).toMatchObject({
    code: 'E_CAPABILITY_ARGS',
  });
  for (const ms of [-1, 2 ** 31, 'soon', null]) {
    expect(await fixture.perform(fixture.call(), 'clock.wait', { ms })).toMatchObject({
      code: 'E_CAPABILITY_ARGS',
    });
  }
});

test('the time is that of the host', async () => {
  expect(await fixture.perform(fixture.call(), 'clock', {})).toEqual({ ok: true, value: `{"now":${NOW}}` });
});

test('a wait ends when its time is up, or with its call', async () => {
  expect(await fixture.perform(fixture.call(), 'clock.wait', { ms: 1 })).toEqual({ ok: true, value: 'null' });
  const ended = new AbortController();
  const waiting = fixture.perform(fixture.call({ signal: ended.signal }), 'clock.wait', { ms: 2 ** 31 - 1 });
  ended.abort(new Error('the call has ended'));
  expect(await waiting).toEqual({ ok: true, value: 'null' });
});

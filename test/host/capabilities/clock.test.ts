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
});

test('the time is that of the host', async () => {
  expect(await fixture.perform(fixture.call(), 'clock', {})).toEqual({ ok: true, value: `{"now":${NOW}}` });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFixture, type Fixture, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.close());

test.each([
  { level: 'fatal', message: 'x' },
  { level: 'info' },
  { level: 'info', message: 1 },
  { level: 'info', message: 'x'.repeat(64 * 1024 + 1) },
])('%j is E_CAPABILITY_ARGS, and no line', async (args) => {
  expect(await fixture.perform(fixture.call(), 'log', args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
  expect(fixture.lines).toEqual([]);
});

test('a line cannot steer a terminal, fake a second line or go on for ever', async () => {
  await fixture.perform(fixture.call(), 'log', { level: 'info', message: 'a\n[error] b\u001b[2J\u202e' });
  await fixture.perform(fixture.call(), 'log', { level: 'info', message: 'x'.repeat(60_000) });
  expect(fixture.lines[0]?.text).toBe('a\\u{a}[error] b\\u{1b}[2J\\u{202e}');
  expect(fixture.lines[1]?.text).toHaveLength(4097);
});

test('a line says who wrote it, when, and with which data', async () => {
  const answer = await fixture.perform(fixture.call(), 'log', {
    level: 'warn',
    message: 'm',
    data: { n: 1 },
  });
  expect(answer).toEqual({ ok: true, value: 'null' });
  expect(fixture.lines).toEqual([
    { at: NOW, callId: 'call-1', bundle: 'acme/tool', fn: 'skill/work', level: 'warn', text: 'm {"n":1}' },
  ]);
});

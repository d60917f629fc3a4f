import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFixture, type Fixture, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.close());

test.each([{ level: 'fatal', message: 'x' }, { level: 'info' }, { level: 'info', message: 1 }])(
  '%j is E_CAPABILITY_ARGS, and no line',
  async (args) => {
    expect(await fixture.perform(fixture.call(), 'log', args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
    expect(fixture.lines).toEqual([]);
  },
);

test.each([
  ['a long message', { level: 'info', message: 'x'.repeat(64 * 1024) }],
  ['much data', { level: 'info', message: 'x', data: new Array(40_000).fill(0) }],
])('%s is E_LIMIT, unread, and no line; less is one', async (_, args) => {
  const refused = await fixture.perform(fixture.call(), 'log', args);
  expect(refused).toMatchObject({ ok: false, code: 'E_LIMIT' });
  expect(fixture.lines).toEqual([]);
  expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', code: 'E_LIMIT' });
  const less = { ...args, message: args.message.slice(0, 1_000), data: new Array(30_000).fill(0) };
  expect(await fixture.perform(fixture.call(), 'log', less)).toMatchObject({ ok: true });
  expect(fixture.lines).toHaveLength(1);
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

test('lines of a console are lines each, of one shape', async () => {
  const lines = [
    { level: 'info', message: 'a' },
    { level: 'error', message: 'b\nc' },
  ];
  expect(await fixture.perform(fixture.call(), 'log.lines', { lines })).toEqual({ ok: true, value: 'null' });
  expect(fixture.lines.map(({ level, text }) => [level, text])).toEqual([
    ['info', 'a'],
    ['error', 'b\\u{a}c'],
  ]);
  for (const wrong of [{}, { lines: ['a'] }, { lines: [{ level: 'loud', message: 'a' }] }]) {
    expect(await fixture.perform(fixture.call(), 'log.lines', wrong)).toMatchObject({
      code: 'E_CAPABILITY_ARGS',
    });
  }
});

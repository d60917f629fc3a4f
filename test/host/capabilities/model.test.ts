import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFixture, type Fixture, grantsOf, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture(grantsOf({ capability: 'model', class: 'observe', roles: ['planner'] }));
});
afterEach(() => fixture.close());

const messages = [{ role: 'user', content: 'hello' }];
const ask = (args: object = {}, overrides = {}) =>
  fixture.perform(fixture.call(overrides), 'model', { role: 'planner', messages, ...args });
const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };
const grant = (limits: object): void => {
  fixture.grants = grantsOf({ capability: 'model', class: 'observe', roles: ['planner'], ...limits });
};

describe('beyond manifest and grant', () => {
  test('a role that the manifest does not name, although granted', async () => {
    grant({ roles: ['planner', 'boss'] });
    expect(await ask({ role: 'boss' })).toMatchObject(DENIED);
  });
  test('one that is not granted: a line that grants it within limits', async () => {
    expect(await ask({ role: 'critic' })).toMatchObject({
      ...DENIED,
      fix: "signet grant acme/tool model --role critic --max-tokens 10000 --tokens-per-day 100000 --reason 'asked for by skill/work'",
    });
  });
  test('a kind that may not', async () => {
    expect(await ask({}, { kind: 'apply', fn: 'apply/work' })).toMatchObject(DENIED);
  });
  test.each([
    { role: '' },
    { messages: [] },
    { messages: [{ role: 'tool', content: 'x' }] },
    { messages: [{ role: 'user', content: 1 }] },
    { maxTokens: 0 },
    { maxTokens: 1.5 },
    { model: 'big' },
  ])('%j is E_CAPABILITY_ARGS', async (args) => {
    expect(await ask(args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
  });
});

describe('limits', () => {
  test('of a call: what is sent counts; without a limit of its own the answer gets what is left', async () => {
    grant({ maxTokensPerCall: 10 });
    expect(await ask({ maxTokens: 5 })).toMatchObject({ code: 'E_BUDGET' });
    expect(await ask({ messages: [{ role: 'user', content: 'x'.repeat(30) }] })).toMatchObject({
      code: 'E_BUDGET',
    });
    expect(await ask({ maxTokens: 4 })).toMatchObject({ ok: true });
    const answer = await ask();
    expect(JSON.parse((answer as { value: string }).value).usage).toEqual({
      inputTokens: 6,
      outputTokens: 4,
    });
  });
  test('of a day, for all calls together, until the next one', async () => {
    grant({ tokensPerDay: 30 });
    for (const code of [undefined, undefined, 'E_BUDGET'])
      expect((await ask({ maxTokens: 6 }, { callId: `call-${code}` })) as { code?: string }).toMatchObject(
        code === undefined ? { ok: true } : { code },
      );
    expect(fixture.records().at(-1)).toMatchObject({
      type: 'effect.outcome',
      status: 'failed',
      code: 'E_BUDGET',
    });
    fixture.now = NOW + 86_400_000;
    expect(await ask({ maxTokens: 6 })).toMatchObject({ ok: true });
  });
});

test('in a dry run, too, it is asked; the journal says what for and what it used', async () => {
  const answer = await ask({}, { dryRun: true, kind: 'planner', fn: 'planner/work' });
  const { text, model } = JSON.parse((answer as { value: string }).value);
  expect({ text, model }).toEqual({ text: expect.stringMatching(/^mock:/), model: 'mock/digest-1' });
  expect(fixture.records()).toMatchObject([
    { type: 'effect.intent', capability: 'model', class: 'observe', target: 'planner' },
    { type: 'effect.outcome', status: 'done', usage: { inputTokens: 6, outputTokens: 19 } },
  ]);
  expect(JSON.stringify(fixture.records())).not.toContain('hello');
});

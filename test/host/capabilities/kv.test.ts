import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFixture, type Fixture, grantsOf, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture(
    grantsOf(
      { capability: 'kv', class: 'mutate' },
      { bundle: 'acme/other', capability: 'kv', class: 'mutate' },
      { bundle: 'acme/reader', capability: 'kv', class: 'observe' },
    ),
  );
});
afterEach(() => fixture.close());

const planned = () => fixture.call({ plan: fixture.plan('skill', 'work') });
const bundle = (name: string) => ({ ...fixture.call().bundle, name });
const done = { ok: true, value: '{"status":"done"}' };
const value = (text: string | null) => ({ ok: true, value: JSON.stringify({ value: text }) });

test('another bundle’s and another tenant’s values are out of reach (THREATS.md H10)', async () => {
  await fixture.perform(planned(), 'kv.set', { key: 'k', value: 'mine' });
  for (const other of [{ bundle: bundle('acme/other') }, { tenant: 'other' }]) {
    const call = { ...planned(), ...other };
    expect(await fixture.perform(call, 'kv.get', { key: 'k' })).toEqual(value(null));
    expect(await fixture.perform(call, 'kv.list', {})).toEqual({ ok: true, value: '{"keys":[]}' });
    expect(await fixture.perform(call, 'kv.delete', { key: 'k' })).toEqual(done);
  }
  expect(await fixture.perform(fixture.call(), 'kv.get', { key: 'k' })).toEqual(value('mine'));
});

describe('writing is refused', () => {
  test('where the grant only observes, with the command that grants', async () => {
    const call = { ...planned(), bundle: bundle('acme/reader') };
    expect(await fixture.perform(call, 'kv.set', { key: 'k', value: 'v' })).toMatchObject({
      code: 'E_CAPABILITY_DENIED',
      fix: "signet grant acme/reader kv --class mutate --reason 'asked for by skill/work'",
    });
    expect(await fixture.perform(call, 'kv.get', { key: 'k' })).toEqual(value(null));
  });
  test('where the manifest asks to read', async () => {
    const call = { ...planned(), requests: [{ id: 'kv', access: 'read' }] as const };
    expect(await fixture.perform(call, 'kv.delete', { key: 'k' })).toMatchObject({
      code: 'E_CAPABILITY_DENIED',
    });
    expect(await fixture.perform(call, 'kv.get', { key: 'k' })).toEqual(value(null));
  });
  test('where the kind only reads, although the bundle may write', async () => {
    const call = { ...planned(), kind: 'check', fn: 'check/holds' } as const;
    expect(await fixture.perform(call, 'kv.set', { key: 'k', value: 'v' })).toMatchObject({
      code: 'E_CAPABILITY_DENIED',
    });
    expect(await fixture.perform(call, 'kv.get', { key: 'k' })).toEqual(value(null));
  });
  test('without a plan', async () => {
    expect(await fixture.perform(fixture.call(), 'kv.set', { key: 'k', value: 'v' })).toMatchObject({
      code: 'E_PLAN_REQUIRED',
    });
    expect(await fixture.perform(fixture.call(), 'kv.get', { key: 'k' })).toEqual(value(null));
  });
});

test('without any grant, reading is refused with the command that grants', async () => {
  fixture.grants = grantsOf();
  expect(await fixture.perform(fixture.call(), 'kv.get', { key: 'k' })).toMatchObject({
    code: 'E_CAPABILITY_DENIED',
    fix: "signet grant acme/tool kv --class mutate --reason 'asked for by skill/work'",
  });
  const call = fixture.call({ kind: 'fact', fn: 'fact/known' });
  expect(await fixture.perform(call, 'kv.list', {})).toMatchObject({
    fix: "signet grant acme/tool kv --class observe --reason 'asked for by fact/known'",
  });
});

test('in a dry run nothing is written, and what would be is said', async () => {
  const call = { ...planned(), dryRun: true };
  expect(await fixture.perform(call, 'kv.set', { key: 'k', value: 'abc' })).toEqual({
    ok: true,
    value: '{"status":"would","action":"set its value \\"k\\" to 3 bytes"}',
  });
  expect(await fixture.perform(call, 'kv.get', { key: 'k' })).toEqual(value(null));
});

test.each([
  ['kv.get', {}],
  ['kv.get', { key: '' }],
  ['kv.get', { key: 'x'.repeat(513) }],
  ['kv.set', { key: 'k' }],
  ['kv.set', { key: 'k', value: 1 }],
  ['kv.list', { prefix: 1 }],
])('%s %j is E_CAPABILITY_ARGS', async (effect, args) => {
  expect(await fixture.perform(planned(), effect, args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
});

test('values are kept, listed, deleted; the journal holds their digest, never them', async () => {
  await fixture.perform(planned(), 'kv.set', { key: 'a1', value: 'the-value' });
  await fixture.perform(planned(), 'kv.set', { key: 'a2', value: '' });
  await fixture.perform(planned(), 'kv.set', { key: 'b', value: '' });
  expect(await fixture.perform(fixture.call(), 'kv.list', { prefix: 'a' })).toEqual({
    ok: true,
    value: '{"keys":["a1","a2"]}',
  });
  expect(await fixture.perform(planned(), 'kv.delete', { key: 'a1' })).toEqual(done);
  expect(await fixture.perform(fixture.call(), 'kv.get', { key: 'a1' })).toEqual(value(null));
  expect(JSON.stringify(fixture.records())).not.toContain('the-value');
  expect(fixture.now).toBe(NOW);
});

test('a value as large as the store takes is set, however its characters are escaped; more arguments are E_LIMIT', async () => {
  fixture.grants = grantsOf({ capability: 'kv', class: 'mutate' });
  const set = (value: string) =>
    fixture.perform(fixture.call({ plan: fixture.plan('skill', 'work') }), 'kv.set', { key: 'k', value });
  expect(await set('\u0001'.repeat(256 * 1024))).toMatchObject({ ok: true });
  expect(await set('\u0001'.repeat(300 * 1024))).toMatchObject({ ok: false, code: 'E_LIMIT' });
  expect(await fixture.perform(fixture.call(), 'kv.get', { key: 'x'.repeat(5_000) })).toMatchObject({
    code: 'E_LIMIT',
  });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NestedCall } from '../../../host/capabilities/capability.ts';
import { SignetError } from '../../../src/error.ts';
import { createFixture, type Fixture, grantsOf } from '../broker-fixture.ts';

let fixture: Fixture;
let wanted: NestedCall[];
beforeEach(() => {
  wanted = [];
  fixture = createFixture(grantsOf({ capability: 'invoke', class: 'mutate', function: 'skill/other' }));
  fixture.invoke = async (_, call) => {
    wanted.push(call);
    return { said: call.input };
  };
});
afterEach(() => fixture.close());

const invoke = (args: object, overrides = {}) => fixture.perform(fixture.call(overrides), 'invoke', args);
const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };

describe('beyond manifest, grant and depth (THREATS.md H10, H13): refused, nothing called', () => {
  afterEach(() => expect(wanted).toEqual([]));

  test('a function that the manifest does not name, although granted', async () => {
    const requests = [{ id: 'invoke', functions: ['skill/third'] }];
    expect(await invoke({ function: 'skill/other', input: null }, { requests })).toMatchObject(DENIED);
  });
  test('one that is not granted: the line that grants exactly it', async () => {
    const fix =
      "signet grant acme/tool invoke --function skill/work --class mutate --reason 'asked for by skill/work'";
    expect(await invoke({ function: 'skill/work', input: 1 })).toMatchObject({ ...DENIED, fix });
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', target: 'skill/work', fix });
  });
  test('for a kind that only observes, the gentler class is proposed', async () => {
    fixture.grants = grantsOf();
    expect(
      await invoke({ function: 'skill/other', input: 1 }, { kind: 'planner', fn: 'planner/work' }),
    ).toMatchObject({ fix: expect.stringContaining('--class observe') });
  });
  test('a kind that may not', async () => {
    expect(
      await invoke({ function: 'skill/other' }, { kind: 'extractor', fn: 'extractor/work' }),
    ).toMatchObject(DENIED);
  });
  test('the ninth call of a chain is E_DEPTH', async () => {
    expect(await invoke({ function: 'skill/other' }, { depth: 8 })).toMatchObject({ code: 'E_DEPTH' });
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', code: 'E_DEPTH' });
  });
  test.each([
    {},
    { function: 'other' },
    { function: 'skill/other/x' },
    { function: 'nothing/other' },
    { function: 'skill/Other' },
    { function: 'skill/constructor' },
    { function: 'skill/other', tenant: 'x' },
    { function: 'skill/other', dryRun: false },
  ])('%j is E_CAPABILITY_ARGS', async (args) => {
    expect(await invoke(args)).toMatchObject({ code: 'E_CAPABILITY_ARGS' });
  });
});

describe('whether what is called may mutate (THREATS.md H12)', () => {
  const dryRun = async (overrides = {}): Promise<boolean | undefined> => {
    await invoke({ function: 'skill/other' }, overrides);
    return wanted.at(-1)?.dryRun;
  };
  test('never in a dry run of the caller, nor under a grant that observes, nor for a kind that observes', async () => {
    expect(await dryRun({ dryRun: true })).toBe(true);
    expect(await dryRun({ kind: 'planner', fn: 'planner/work' })).toBe(true);
    fixture.grants = grantsOf({ capability: 'invoke', class: 'observe', function: 'skill/other' });
    expect(await dryRun()).toBe(true);
  });
  test('its twin: granted to mutate, and no dry run', async () => {
    expect(await dryRun()).toBe(false);
  });
});

test('what is called gives its output; input and function stand in the journal', async () => {
  expect(await invoke({ function: 'skill/other', input: { n: 1 } }, { depth: 7 })).toEqual({
    ok: true,
    value: '{"output":{"said":{"n":1}}}',
  });
  expect(await invoke({ function: 'skill/other' })).toEqual({ ok: true, value: '{"output":{"said":null}}' });
  expect(wanted).toEqual([
    { kind: 'skill', name: 'other', input: { n: 1 }, dryRun: false },
    { kind: 'skill', name: 'other', input: null, dryRun: false },
  ]);
  expect(fixture.records()[0]).toMatchObject({
    type: 'effect.intent',
    capability: 'invoke',
    class: 'observe',
    target: 'skill/other',
    action: expect.stringMatching(/^call skill\/other with 7 bytes of input, sha256:/),
  });
});

test('an error of what is called reaches the caller with its code', async () => {
  fixture.invoke = async () => {
    throw new SignetError('E_TIMEOUT', 'skill/other used up its time');
  };
  expect(await invoke({ function: 'skill/other' })).toMatchObject({
    code: 'E_TIMEOUT',
    message: 'skill/other used up its time',
  });
  expect(fixture.records().at(-1)).toMatchObject({
    type: 'effect.outcome',
    status: 'failed',
    code: 'E_TIMEOUT',
  });
});

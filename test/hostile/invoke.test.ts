// Bundles that call each other, in a real host (THREATS.md H12, H13, H16): circles, fan-outs, dry runs and plans.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Host } from '../../host/host.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { asSignetError } from '../../src/error.ts';
import { recordsOf, skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';

const CALLER = {
  circle: "return await ctx.invoke('skill/back', input);",
  relay: "return await ctx.invoke('skill/keep', input);",
  relays: "return [await ctx.invoke('skill/keep', 'x'), await ctx.invoke('skill/keep', 'x')];",
  peek: "return await ctx.invoke('skill/kept', null);",
  fan: "return (await Promise.allSettled(Array.from({ length: 900 }, () => ctx.invoke('skill/kept', null)))).map(({ reason }: any) => reason?.code ?? 'ok');",
  wait: "return await ctx.invoke('skill/never', null);",
  fails:
    "try { return await ctx.invoke('skill/throws', null); } catch (error: any) { return { code: error.code, message: error.message }; }",
  unknown: "return await ctx.invoke('skill/none', null);",
};
const CALLEE = {
  back: "return await ctx.invoke('skill/circle', input + 1);",
  keep: "return { dryRun: ctx.dryRun, ...(await ctx.kv.set('k', String(input))) };",
  kept: "return await ctx.kv.get('k');",
  never: 'await new Promise(() => {});',
  throws: "throw new Error('no');",
};
const names = (bodies: object): string[] => Object.keys(bodies).map((name) => `skill/${name}`);

let world: World;
let host: Host;
beforeAll(async () => {
  world = createWorld();
  const invoke = { id: 'invoke', functions: [...names(CALLEE), 'skill/circle', 'skill/none'] };
  await world.bring(skills(CALLER), { name: 'caller', capabilities: [invoke] });
  await world.bring(skills(CALLEE), { name: 'callee', capabilities: [invoke, { id: 'kv' }] });
  const grant = (bundle: string, fn: string) =>
    world.grant({ bundle, capability: 'invoke', class: 'mutate', function: fn, reason: 'test' });
  for (const fn of [...names(CALLEE), 'skill/none']) grant('local/caller', fn);
  grant('local/callee', 'skill/circle');
  world.grant({ bundle: 'local/callee', capability: 'kv', class: 'mutate', reason: 'test' });
});
afterAll(() => world.remove());
afterEach(() => host.close());

const open = async (): Promise<Host> => {
  host = await Host.open({ directory: world.paths.project });
  return host;
};
const failure = (promise: Promise<unknown>) => promise.then(() => undefined, asSignetError);
const journal = async (): Promise<JournalEntry[]> => {
  await host.close();
  return recordsOf(world.paths);
};
const starts = (records: JournalEntry[]) =>
  records.flatMap((record) => (record.type === 'call.start' ? [record] : []));

test('A calls B calls A: ended by the depth, each call with the one that led to it', async () => {
  await open();
  const before = starts(recordsBefore()).length;
  expect(await failure(host.dispatch('skill', 'circle', 0))).toMatchObject({ code: 'E_DEPTH' });
  const calls = starts(await journal()).slice(before);
  expect(calls.map(({ name }) => name)).toEqual(
    Array.from({ length: 9 }, (_, depth) => (depth % 2 === 0 ? 'circle' : 'back')),
  );
  for (const [index, call] of calls.entries()) expect(call.parent).toBe(calls[index - 1]?.callId);
});

test('a fan-out has no more effects than its root; the host answers afterwards', async () => {
  await open();
  const codes = (await host.dispatch('skill', 'fan', null)).output as string[];
  // Half of what the root may ask for is spent by those it called.
  const answered = codes.filter((code) => code === 'ok').length;
  expect(answered).toBeGreaterThan(0);
  expect(answered).toBeLessThanOrEqual(500);
  // Out of effects itself, or by way of one that was.
  for (const code of codes) expect(['ok', 'E_EFFECT_LIMIT', 'E_GUEST']).toContain(code);
  expect((await host.dispatch('skill', 'peek', null)).output).toBeNull();
});

test('what never answers ends with its caller', async () => {
  await open();
  const stop = new AbortController();
  const call = failure(host.dispatch('skill', 'wait', null, { signal: stop.signal }));
  stop.abort();
  expect(await call).toMatchObject({ code: 'E_ABORTED' });
  expect((await host.dispatch('skill', 'peek', null)).output).toBeNull();
  const ends = (await journal()).filter(({ type }) => type === 'call.end');
  expect(ends.at(-1)).toMatchObject({ ok: true });
});

test('errors of what is called keep their code', async () => {
  await open();
  expect((await host.dispatch('skill', 'fails', null)).output).toMatchObject({
    code: 'E_GUEST',
    message: expect.stringContaining('no'),
  });
  expect(await failure(host.dispatch('skill', 'unknown', null))).toMatchObject({ code: 'E_GUEST' });
});

describe('mutation (THREATS.md H12)', () => {
  const kept = async (): Promise<unknown> => (await host.dispatch('skill', 'kept', null)).output;

  test('a dry run stays one: recorded as would, not done', async () => {
    await open();
    const { output } = await host.dispatch('skill', 'relay', 'dry');
    expect(output).toMatchObject({ dryRun: true, status: 'would' });
    expect(await kept()).toBeNull();
  });

  test('with a plan for the caller alone: E_PLAN_REQUIRED, not done, and how to plan it', async () => {
    await open();
    expect(await failure(host.dispatch('skill', 'relay', 'planned', { apply: true }))).toMatchObject({
      code: 'E_PLAN_REQUIRED',
      fix: `Plan it with the call that leads to it: signet call … --apply --with 'skill/keep "planned"'`,
    });
    expect(await kept()).toBeNull();
  });

  test('a step of its own is for exactly its input, once, and for the tenant of the caller', async () => {
    await open();
    const step = (input: string) => [{ kind: 'skill', name: 'keep', input }] as const;
    const options = { apply: true, tenant: 'blue' };
    expect(
      await failure(host.dispatch('skill', 'relay', 'y', { ...options, with: step('x') })),
    ).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    expect(
      await failure(host.dispatch('skill', 'relays', null, { ...options, with: step('x') })),
    ).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    const { output } = await host.dispatch('skill', 'relay', 'y', { ...options, with: step('y') });
    expect(output).toMatchObject({ dryRun: false, status: 'done' });
    expect(await kept()).toBeNull();
    expect((await host.dispatch('skill', 'kept', null, { tenant: 'blue' })).output).toBe('y');
  });

  test('the same call applied many times at once is done each time', async () => {
    await open();
    const options = { apply: true, tenant: 'green' };
    await host.dispatch('skill', 'kept', null, { tenant: 'green' });
    const calls = Array.from({ length: 8 }, () => host.dispatch('skill', 'keep', 'same', options));
    const done = (await Promise.all(calls)).map(({ output }) => (output as { status: string }).status);
    expect(done).toEqual(Array.from({ length: 8 }, () => 'done'));
  });

  test('what is called acts under its own grants: those of its caller give it nothing', async () => {
    await open();
    expect(await failure(host.dispatch('skill', 'back', 0))).toMatchObject({ code: 'E_DEPTH' });
    world.grant({ bundle: 'local/caller', capability: 'kv', class: 'mutate', reason: 'test' });
    expect((await host.dispatch('skill', 'peek', null)).output).toBeNull();
  });
});

/** What the journal holds before the host of this test has written to it: the file is read while nobody writes. */
function recordsBefore(): JournalEntry[] {
  return recordsOf(world.paths);
}

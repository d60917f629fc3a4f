import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openJournalStore } from '../../host/journal-store.ts';
import { KeyValueStore } from '../../host/kv.ts';
import { sha256 } from '../../keys/hash.ts';
import { digestOf } from '../../src/digest.ts';
import { Journal } from '../../src/journal.ts';
import type { JournalRecord } from '../../src/ports.ts';
import { createFixture, type Fixture, grantsOf, NOW, temporaryFolder } from './broker-fixture.ts';

let fixture: Fixture;
let made: string;
beforeEach(() => {
  fixture = createFixture();
  made = join(fixture.folder, 'made');
  fixture.grants = grantsOf({
    capability: 'exec',
    class: 'mutate',
    command: 'make',
    program: '/usr/bin/touch',
    args: [made],
  });
});
afterEach(() => fixture.close());

const DENIED = { ok: false, code: 'E_CAPABILITY_DENIED' };
const make = (overrides = {}) => fixture.perform(fixture.call(overrides), 'exec', { command: 'make' });

describe('refused before anything is done, and journalled', () => {
  test.each(['http', 'fs.delete', 'secret', 'constructor', '__proto__', '', 'x\n'.repeat(500)])(
    'a capability that is not there: %j',
    async (capability) => {
      expect(await fixture.perform(fixture.call(), capability, {})).toMatchObject(DENIED);
      expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.denied', code: 'E_CAPABILITY_DENIED' });
    },
  );
  test.each(['exec', 'fs.read', 'kv.get', 'log', 'clock', 'random'])(
    '%s, where the manifest does not ask for it',
    async (capability) => {
      expect(await fixture.perform(fixture.call({ requests: [] }), capability, {})).toMatchObject(DENIED);
    },
  );
  test.each(['exec', 'fs.read', 'kv.get'])('%s, by a kind that may never', async (capability) => {
    const call = fixture.call({ kind: 'parser', fn: 'parser/lines' });
    expect(await fixture.perform(call, capability, { command: 'make' })).toMatchObject(DENIED);
    expect(await fixture.perform(call, 'clock', {})).toMatchObject({ ok: true });
  });
  test('the refusals of one call: each is written down, those after the sixty-fourth in few words', async () => {
    const call = fixture.call();
    for (let i = 0; i < 70; i++)
      await fixture.perform(call, 'exec', { command: `${i} ${'\u0001'.repeat(3_000)}` });
    const denied = fixture.records().filter((record) => record.type === 'effect.denied');
    expect(denied).toHaveLength(70);
    const lengths = denied.map((record) => JSON.stringify(record).length);
    expect(Math.min(...lengths.slice(0, 64))).toBeGreaterThan(10_000);
    expect(Math.max(...lengths.slice(64))).toBeLessThan(1_000);
    // Another call has its own.
    await fixture.perform(fixture.call(), 'exec', { command: 'made' });
    expect(fixture.records().at(-1)).toMatchObject({ target: 'made', fix: expect.stringContaining('grant') });
  });
  test('arguments that are no plain JSON', async () => {
    for (const args of [
      '',
      '{',
      '{"command":"make","command":"make"}',
      '{"__proto__":{}}',
      `${'['.repeat(100)}`,
    ])
      expect(
        await fixture.broker.perform(fixture.call(), { id: 'e', capability: 'exec', args }),
        args,
      ).toMatchObject({
        code: 'E_CAPABILITY_ARGS',
      });
    const args = JSON.stringify('x'.repeat(9 << 20));
    expect(await fixture.broker.perform(fixture.call(), { id: 'e', capability: 'exec', args })).toMatchObject(
      {
        code: 'E_LIMIT',
      },
    );
  });
  test('an effect after the call has ended (THREATS.md H17)', async () => {
    const ended = new AbortController();
    const call = fixture.call({ signal: ended.signal });
    expect(await fixture.perform(call, 'clock', {})).toMatchObject({ ok: true });
    ended.abort();
    expect(await fixture.perform(call, 'clock', {})).toMatchObject(DENIED);
  });
  test('two effects of a call under one id', async () => {
    const call = fixture.call();
    const request = { id: 'call-1.1', capability: 'clock', args: '{}' };
    expect(await fixture.broker.perform(call, request)).toMatchObject({ ok: true });
    expect(await fixture.broker.perform(call, request)).toMatchObject(DENIED);
    expect(await fixture.broker.perform(fixture.call(), request)).toMatchObject({ ok: true });
  });
  test('grants that cannot be read', async () => {
    Object.defineProperty(fixture, 'grants', {
      get: () => {
        throw new Error('unreadable');
      },
    });
    expect(await make()).toMatchObject({ ok: false, code: 'E_INTERNAL', message: 'Signet itself failed' });
    expect(fixture.faults.map((fault) => fault.message)).toEqual(['unreadable']);
  });
});

describe('no mutation without a plan', () => {
  test('none, one of another function, one under other grants: E_PLAN_REQUIRED, nothing done', async () => {
    const stale = fixture.plan('skill', 'work');
    expect(await make()).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    expect(await make({ plan: fixture.plan('skill', 'other') })).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    expect(await make({ plan: stale, inputHash: digestOf(sha256, '1') })).toMatchObject({
      code: 'E_PLAN_REQUIRED',
    });
    const bundle = { ...fixture.call().bundle, digest: digestOf(sha256, 'another') };
    expect(await make({ plan: stale, bundle })).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    fixture.grants = grantsOf(...fixture.grants.grants, { capability: 'kv', class: 'observe' });
    expect(await make({ plan: stale })).toMatchObject({ code: 'E_PLAN_REQUIRED' });
    expect(existsSync(made)).toBe(false);
    expect(fixture.records().filter(({ type }) => type === 'effect.denied')).toHaveLength(5);
    expect(await make({ plan: fixture.plan('skill', 'work') })).toMatchObject({ ok: true });
    expect(existsSync(made)).toBe(true);
  });
});

describe('intent, effect, outcome', () => {
  test('the intent of a mutation is durable before it is done; the outcome follows', async () => {
    const plan = fixture.plan('skill', 'work');
    const seen: unknown[] = [];
    fixture.append = (record) => seen.push([record.type, existsSync(made)]);
    fixture.commit = async () => void seen.push(['commit', existsSync(made)]);
    expect(await make({ plan })).toMatchObject({ ok: true });
    expect(seen).toEqual([
      ['effect.intent', false],
      ['commit', false],
      ['effect.outcome', true],
    ]);
  });
  test('where it cannot be made durable, nothing is done, and the outcome says so', async () => {
    fixture.commit = async () => {
      throw new Error('the disk is gone');
    };
    expect(await make({ plan: fixture.plan('skill', 'work') })).toMatchObject({
      ok: false,
      code: 'E_JOURNAL',
    });
    expect(existsSync(made)).toBe(false);
    expect(fixture.records().at(-1)).toMatchObject({
      type: 'effect.outcome',
      status: 'failed',
      code: 'E_JOURNAL',
    });
  });
  test('a call that ends while its intent is made durable mutates nothing', async () => {
    const ended = new AbortController();
    fixture.commit = async () => ended.abort();
    expect(await make({ plan: fixture.plan('skill', 'work'), signal: ended.signal })).toMatchObject({
      ok: false,
    });
    expect(existsSync(made)).toBe(false);
    expect(fixture.records().at(-1)).toMatchObject({ type: 'effect.outcome', status: 'failed' });
  });
  test('the intent of an observation is in the file, not only in memory, when it is done', async () => {
    fixture.grants = grantsOf({ capability: 'kv', class: 'observe' });
    const seen: boolean[] = [];
    const get = vi.spyOn(KeyValueStore.prototype, 'get').mockImplementation((_, key) => {
      const text = readFileSync(join(fixture.folder, '.signet/journal/000000000000000.records'), 'latin1');
      seen.push(text.includes(`value \\"${key}\\"`));
      return null;
    });
    const asked = ['a', 'b'].map((key) => fixture.perform(fixture.call(), 'kv.get', { key }));
    expect(await Promise.all(asked)).toMatchObject([{ ok: true }, { ok: true }]);
    expect(seen).toEqual([true, true]);
    get.mockRestore();
  });
  test('an observation whose intent cannot be written: E_JOURNAL, nothing done', async () => {
    fixture.grants = grantsOf({ capability: 'kv', class: 'observe' });
    const get = vi.spyOn(KeyValueStore.prototype, 'get');
    fixture.append = (_, options) => {
      if (options?.written === true) throw new Error('disk full');
      return 0;
    };
    expect(await fixture.perform(fixture.call(), 'kv.get', { key: 'k' })).toMatchObject({
      code: 'E_JOURNAL',
    });
    expect(get).not.toHaveBeenCalled();
    fixture.append = undefined;
    expect(await fixture.perform(fixture.call(), 'kv.get', { key: 'k' })).toMatchObject({ ok: true });
    get.mockRestore();
  });
  test('an intent that cannot be journalled: E_JOURNAL, nothing done', async () => {
    const plan = fixture.plan('skill', 'work');
    fixture.append = () => {
      throw new Error('disk full');
    };
    expect(await make({ plan })).toMatchObject({ ok: false, code: 'E_JOURNAL' });
    expect(existsSync(made)).toBe(false);
    expect(fixture.faults.map((fault) => fault.cause)).toEqual([new Error('disk full')]);
    fixture.append = undefined;
    expect(await make({ plan })).toMatchObject({ ok: true });
  });
  test('an outcome that cannot be journalled: E_JOURNAL, and the effect stays unresolved', async () => {
    const plan = fixture.plan('skill', 'work');
    const records: JournalRecord[] = [];
    fixture.append = (record) => {
      if (record.type === 'effect.outcome') throw new Error('disk full');
      return records.push(record);
    };
    expect(await make({ plan })).toMatchObject({ ok: false, code: 'E_JOURNAL' });
    expect(records.map(({ type }) => type)).toEqual(['effect.intent']);
    expect(existsSync(made)).toBe(true);
  });
  test('a denial that cannot be journalled is E_JOURNAL', async () => {
    fixture.append = () => {
      throw new Error('disk full');
    };
    expect(await make()).toMatchObject({ code: 'E_JOURNAL' });
  });
  test('the records name call, effect, grant and result; ambient effects leave none', async () => {
    fixture.grants = grantsOf({ capability: 'kv', class: 'observe' });
    const call = fixture.call();
    await fixture.broker.perform(call, { id: 'e1', capability: 'clock', args: '{}' });
    const answer = await fixture.broker.perform(call, {
      id: 'e2',
      capability: 'kv.get',
      args: '{"key":"k"}',
    });
    expect(answer).toEqual({ ok: true, value: '{"value":null}' });
    const ids = { at: NOW, callId: 'call-1', effectId: 'e2' };
    expect(fixture.records()).toEqual([
      {
        type: 'effect.intent',
        ...ids,
        capability: 'kv.get',
        action: 'read its value "k"',
        class: 'observe',
        grant: expect.stringMatching(/^g-[0-9a-f]{12}$/),
        dryRun: false,
        target: 'read',
      },
      {
        type: 'effect.outcome',
        ...ids,
        status: 'done',
        code: null,
        resultHash: digestOf(sha256, '{"value":null}'),
      },
    ]);
  });
});

/** A process that performs one mutating effect, says that it is being performed, and never sees its end. */
const CHILD = `
  const [fixtureModule, folder] = process.argv.slice(1);
  const { grantsOf, NOW, DIGEST } = await import(fixtureModule);
  const { Broker } = await import(new URL('../../host/broker.ts', fixtureModule));
  const { openJournalStore } = await import(new URL('../../host/journal-store.ts', fixtureModule));
  const { Budget } = await import(new URL('../../src/budget.ts', fixtureModule));
  const { Journal } = await import(new URL('../../src/journal.ts', fixtureModule));
  const { sha256 } = await import(new URL('../../keys/hash.ts', fixtureModule));
  const journal = new Journal({ store: openJournalStore(folder + '/journal'), sha256 });
  const broker = new Broker({
    clock: { now: () => NOW }, journal, authorize: () => {}, services: {}, fault: console.error,
    grants: () => grantsOf({
      capability: 'exec', class: 'mutate', command: 'act', program: '/bin/sh', shell: true,
      args: ['-c', 'echo $$ > ' + folder + '/acting; exec sleep 600'],
    }),
  });
  const call = {
    callId: 'call-1', bundle: { name: 'acme/tool', version: '1.0.0', digest: DIGEST }, kind: 'skill', fn: 'skill/work',
    tenant: 'default', dryRun: false, inputHash: DIGEST, requests: [{ id: 'exec', commands: 'granted' }], depth: 0,
    budget: new Budget(1), deadlineMs: NOW + 600_000, signal: new AbortController().signal,
  };
  await broker.perform(call, { id: 'call-1.1', capability: 'exec', args: '{"command":"act"}' });`;

test('kill -9 between intent and outcome: the journal lists the effect as unresolved (THREATS.md H20)', async () => {
  const folder = temporaryFolder();
  const module = new URL('./broker-fixture.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, module, folder], {
    stdio: 'inherit',
  });
  const acting = join(folder, 'acting');
  while (!existsSync(acting) || readFileSync(acting, 'utf8') === '') {
    expect(child.exitCode).toBeNull();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  process.kill(Number(readFileSync(acting, 'utf8')), 'SIGKILL');

  const journal = new Journal({ store: openJournalStore(join(folder, 'journal')), sha256 });
  expect(journal.openEffects()).toMatchObject([
    { intent: { callId: 'call-1', effectId: 'call-1.1', class: 'mutate', dryRun: false } },
  ]);
  journal.append({
    type: 'effect.outcome',
    at: NOW,
    callId: 'call-1',
    effectId: 'call-1.1',
    status: 'failed',
    resultHash: null,
    code: 'E_EXEC',
  });
  expect(journal.openEffects()).toEqual([]);
  journal.close();
  rmSync(folder, { recursive: true });
});

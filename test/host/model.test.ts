import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyValueStore } from '../../host/kv.ts';
import { type ModelRequest, type ModelService, Models } from '../../host/model.ts';
import { NOW, temporaryFolder } from './broker-fixture.ts';

const DAY = 86_400_000;
const request: ModelRequest = { role: 'planner', messages: [{ role: 'user', content: 'x' }], maxTokens: 6 };

let folder: string;
let kv: KeyValueStore;
let asked: number;
/** What the model answers; by default 3 of the 10 tokens that are reserved are used. */
let complete: ModelService['complete'];
beforeEach(() => {
  folder = temporaryFolder();
  kv = new KeyValueStore(join(folder, 'state.db'));
  asked = 0;
  complete = async () => answer(1, 2);
});
afterEach(() => {
  kv.close();
  rmSync(folder, { recursive: true });
});

const answer = (inputTokens: number, outputTokens: number) => ({
  text: 'yes',
  usage: { inputTokens, outputTokens },
  model: 'test/1',
});
const models = () =>
  new Models(
    {
      countTokens: () => 4,
      complete: (wanted, signal) => {
        asked++;
        return complete(wanted, signal);
      },
    },
    kv,
  );
const day = (tokensPerDay: number, now = NOW) => ({ grant: 'g-1', tokensPerDay, now });
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
const open = new AbortController().signal;

describe('the budget of a day (THREATS.md "budget race")', () => {
  test('of many at once no more are asked than it has for at most; what is left over is given back', async () => {
    const gate = Promise.withResolvers<void>();
    complete = async () => {
      await gate.promise;
      return answer(1, 2);
    };
    const all = Array.from({ length: 20 }, () => code(models().ask(request, open, day(35))));
    await new Promise(setImmediate);
    expect(asked).toBe(3);
    gate.resolve();
    expect((await Promise.all(all)).sort()).toEqual([
      ...Array(17).fill('E_BUDGET'),
      ...Array(3).fill('done'),
    ]);
    // 9 are used: 26 are left, which is two requests and then some.
    expect(await code(models().ask(request, open, day(18)))).toBe('E_BUDGET');
    expect(await code(models().ask(request, open, day(19)))).toBe('done');
  });

  test('it outlives the host, ends with the day, and does not begin again when the clock is set back', async () => {
    await models().ask(request, open, day(12));
    kv.close();
    kv = new KeyValueStore(join(folder, 'state.db'));
    expect(await code(models().ask(request, open, day(12)))).toBe('E_BUDGET');
    expect(await code(models().ask(request, open, day(12, NOW + DAY)))).toBe('done');
    expect(await code(models().ask(request, open, day(12)))).toBe('E_BUDGET');
    expect(await code(models().ask(request, open, { ...day(12), grant: 'g-2' }))).toBe('done');
  });

  test('a bundle cannot reach it: its key space is none that a bundle has', async () => {
    await models().ask(request, open, day(12));
    expect(kv.get({ bundle: 'acme/tool', tenant: 'model' }, 'g-1')).toBeNull();
  });

  test('an answer that used more than was reserved is counted in full', async () => {
    complete = async () => answer(4, 50);
    await models().ask(request, open, day(60));
    expect(await code(models().ask(request, open, day(63)))).toBe('E_BUDGET');
    expect(await code(models().ask(request, open, day(64)))).toBe('done');
  });
});

describe('what the model does wrong', () => {
  test.each<[string, unknown]>([
    ['no usage', { text: 'yes', model: 'test/1' }],
    ['usage that is no count', { ...answer(1, 2), usage: { inputTokens: -5, outputTokens: 0.5 } }],
    ['no text', { ...answer(1, 2), text: null }],
    ['more than it should say', { ...answer(1, 2), secret: 'x' }],
    ['an endless text', { ...answer(1, 2), text: 'x'.repeat((4 << 20) + 1) }],
    ['nothing', undefined],
  ])('%s is E_MODEL, and what was reserved stays used', async (_, given) => {
    complete = async () => given;
    expect(await code(models().ask(request, open, day(10)))).toBe('E_MODEL');
    complete = async () => answer(1, 2);
    expect(await code(models().ask(request, open, day(19)))).toBe('E_BUDGET');
    expect(await code(models().ask(request, open, day(20)))).toBe('done');
  });

  test('a failure is E_MODEL, without what it said', async () => {
    complete = () => Promise.reject(new Error('token sk-1234 is wrong'));
    await expect(models().ask(request, open)).rejects.toMatchObject({
      code: 'E_MODEL',
      message: 'the model failed',
    });
  });

  test('one that never answers is left when the call ends', async () => {
    complete = () => new Promise(() => {});
    const stop = new AbortController();
    const asking = code(models().ask(request, stop.signal, day(10)));
    stop.abort();
    expect(await asking).toBe('E_ABORTED');
    expect(await code(models().ask(request, stop.signal))).toBe('E_ABORTED');
  });
});

test('without a budget nothing is counted; the answer comes as it is', async () => {
  expect(await models().ask(request, open)).toEqual(answer(1, 2));
  expect(kv.list({ bundle: 'signet', tenant: 'model' }, '')).toEqual([]);
});

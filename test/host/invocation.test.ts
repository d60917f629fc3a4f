// Calls in trouble and out of it (DESIGN.md §4 "Limits", THREATS.md H1-H4, H13): lost calls run again where they changed nothing,
// whoever lost a worker is charged with it and nobody else, every limit names whose it is, and whoever calls off gets one outcome.
// Real workers.
import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Admission } from '../../host/admission.ts';
import type { EffectRequest } from '../../host/broker.ts';
import type { CallContext } from '../../host/capabilities/capability.ts';
import { InFlight } from '../../host/in-flight.ts';
import { LoadedBundle } from '../../host/loaded-bundle.ts';
import { Quarantine } from '../../host/quarantine.ts';
import type { Supervisor } from '../../host/supervisor.ts';
import { sha256 } from '../../keys/hash.ts';
import { HostPolicy } from '../../src/contracts/config.ts';
import { Manifest } from '../../src/contracts/manifest.ts';
import { digestOf } from '../../src/digest.ts';
import type { CallOptions } from '../../src/dispatch.ts';
import type { SignetError } from '../../src/error.ts';
import type { JournalRecord } from '../../src/ports.ts';
import { createFixture, type Fixture, grantsOf } from './broker-fixture.ts';
import { bundleOf, closeAfterEach, supervise } from './guest-fixture.ts';

const BODIES = {
  echo: '(x)=>x',
  // Stays for as long as the test does not answer.
  asks: "async(x,ctx)=>ctx.kv.get('k')",
  keepsThenAsks: "async(x,ctx)=>{await ctx.kv.set('k','v');return ctx.kv.get('k')}",
  needsItDone:
    "async(x,ctx)=>{const {status}=await ctx.kv.set('k','v');if(status!=='done')throw new Error('not done');return 1}",
  spins: '(ms)=>{const until=spin(ms);return until}',
  floods: "async(n,ctx)=>{for(let i=0;i<n;i++)await ctx.kv.get('k');return n}",
  shouts: "(n)=>'x'.repeat(n)",
  hangs: '()=>String(3n**30000000n).length',
  loops: '()=>{for(;;);}',
  unheard: '()=>{Promise.reject({get message(){for(;;);}});return 1}',
  bloats:
    '()=>{const all=[];for(let n=0;;n++){const b=new ArrayBuffer(0,{maxByteLength:2**32});b.resize(64*2**20*(n+1)%2**32);new Uint8Array(b).fill(1);all.push(b)}}',
};
/** Counts instead of looking at a clock, which is virtual: `spin(1)` is a millisecond or a few. */
const HEAD = 'const spin=(ms)=>{let s=0;for(let i=0;i<ms*2e5;i++)s=(s*31+i)|0;return s};';

let fixture: Fixture;
let inFlight: InFlight;
let records: JournalRecord[];
let quarantine: Quarantine;
let supervisor: Supervisor;
/** Effects wait here until the test answers them. */
let asked: { context: CallContext; effect: EffectRequest; answer: (value: unknown) => void }[];
let onAsked: () => void;

closeAfterEach();
beforeEach(() => {
  fixture = createFixture(grantsOf({ bundle: 'acme/tool', capability: 'kv', class: 'mutate' }));
  inFlight = new InFlight();
  records = [];
  asked = [];
  onAsked = () => undefined;
  quarantine = new Quarantine({
    file: join(fixture.folder, 'quarantine.json'),
    clock: { now: () => fixture.now },
    journal: { append: (record) => records.push(record) - 1 },
    told: () => undefined,
  });
  supervisor = supervise({
    onWorkerLost: ({ culprit, cause, reason }) => {
      if (culprit !== undefined && cause !== 'closed' && cause !== 'killed')
        quarantine.charge({ name: culprit, version: '1.2.3', digest: culprit }, cause, reason.slice(0, 99));
    },
  });
  fixture.broker.perform = (context, effect) => {
    const { promise, resolve } = Promise.withResolvers<{ ok: true; value: string }>();
    if (effect.capability === 'kv.set') context.budget.mutates();
    asked.push({
      context,
      effect,
      answer: (value) => resolve({ ok: true, value: JSON.stringify(value) }),
    });
    onAsked();
    return promise;
  };
});
afterEach(async () => {
  for (const { answer } of asked) answer({ value: 1 });
  await inFlight.settled();
  fixture.close();
});

/** A bundle `acme/<name>`; all of them share one worker. */
function load(name: string, host: object = {}, signet: object = {}): LoadedBundle {
  const provides = Object.keys(BODIES).map((fn) => ({
    kind: 'skill',
    name: fn.toLowerCase(),
    description: 'a test',
    input: {},
    output: {},
  }));
  const manifest = Manifest.parse({
    $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
    name,
    version: '1.2.3',
    description: 'a test',
    license: 'Apache-2.0',
    extensions: {
      'dev.signet': { namespace: 'acme', host: '^1.0.0', provides, capabilities: [{ id: 'kv' }], ...signet },
    },
  });
  const lower = Object.fromEntries(Object.entries(BODIES).map(([fn, body]) => [fn.toLowerCase(), body]));
  const policy = HostPolicy.parse(host);
  let calls = 0;
  return new LoadedBundle(manifest, digestOf(sha256, name), bundleOf(lower, `${HEAD}/*${name}*/`), {
    supervisor,
    broker: fixture.broker,
    journal: { append: (record) => records.push(record) - 1 },
    clock: { now: () => fixture.now },
    nextCallId: () => `${name}-${++calls}`,
    inFlight,
    quarantine,
    admission: new Admission(policy.queue),
    policy: () => policy,
    placeOf: () => undefined,
  });
}

const OPTIONS: CallOptions = { tenant: 'a', dryRun: true, principal: { kind: 'human', id: 'ann' } };

async function call(
  bundle: LoadedBundle,
  fn: string,
  value: unknown = null,
  options: Partial<CallOptions> = {},
): Promise<unknown> {
  const provider = bundle.providers.find(({ name }) => name === fn.toLowerCase());
  if (provider === undefined) throw new Error(`no ${fn}`);
  const input = { text: JSON.stringify(value), value };
  const given = { ...OPTIONS, ...options };
  const { output } = await provider.invoke(input, given, (text) => JSON.parse(text) as unknown);
  return output;
}
const failureOf = (promise: Promise<unknown>): Promise<SignetError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: SignetError) => error,
  );
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    ({ code }: SignetError) => code,
  );
/** Settles once so many effects have been asked for. */
function askedFor(count: number): Promise<void> {
  return new Promise((done) => {
    onAsked = () => {
      if (asked.length >= count) done();
    };
    onAsked();
  });
}
const ofType = (type: string) => records.filter((record) => record.type === type);
const HANGS = { limits: { wallMs: 200 } };

describe('a worker that a neighbour loses', () => {
  test('a call that had changed nothing is run again, and its caller notices nothing', async () => {
    const [good, bad] = [load('good'), load('bad', HANGS)];
    const waiting = call(good, 'asks');
    await askedFor(1);
    expect(await outcome(call(bad, 'hangs'))).toBe('E_TIMEOUT');
    await askedFor(2);
    expect(asked.map(({ effect }) => effect.id)).toEqual(['good-1.1', 'good-1_2.1']);
    // What the first attempt asked for is called off, and its answer reaches nobody.
    expect(asked.map(({ context }) => context.signal.aborted)).toEqual([true, false]);
    asked[0]?.answer({ value: 'old' });
    asked[1]?.answer({ value: 'new' });
    expect(await waiting).toBe('new');
    expect(records.filter(({ callId }) => callId === 'good-1')).toMatchObject([
      { type: 'call.start' },
      { type: 'call.retry', code: 'E_WORKER_LOST' },
      { type: 'call.end', ok: true, effects: 2 },
    ]);
  });

  test('a call that had begun to change something is not, and its caller is told', async () => {
    const [good, bad] = [load('good'), load('bad', HANGS)];
    const waiting = failureOf(call(good, 'keepsThenAsks'));
    await askedFor(1);
    asked[0]?.answer({ status: 'done' });
    await askedFor(2);
    await outcome(call(bad, 'hangs'));
    expect(await waiting).toMatchObject({
      code: 'E_WORKER_LOST',
      message: expect.stringContaining('1 effect that may have changed something had begun'),
      fix: expect.stringContaining('good-1'),
    });
    expect(asked).toHaveLength(2);
    expect(ofType('call.retry')).toEqual([]);
  });

  test('a call that waited behind the one that hung is run for the first time', async () => {
    const [good, bad] = [load('good'), load('bad', HANGS)];
    expect(await call(good, 'echo', 0)).toBe(0);
    await call(bad, 'echo');
    const outcomes = await Promise.all([outcome(call(bad, 'hangs')), outcome(call(good, 'echo', 1))]);
    expect(outcomes).toEqual(['E_TIMEOUT', 1]);
  });

  test.each([
    // Each ends the worker: isolated-vm's own limits do not stop it.
    ['hangs', ['E_TIMEOUT']],
    ['unheard', ['E_TIMEOUT', 1]],
    ['bloats', ['E_MEMORY', 'E_TIMEOUT', 'E_CPU', 'E_WORKER_LOST', 'E_GUEST']],
  ])(
    'by %s: three times, and it is quarantined; the neighbour is whole and charged with nothing',
    async (fn, codes) => {
      const [good, bad] = [load('good'), load('bad', { limits: { wallMs: fn === 'bloats' ? 6_000 : 200 } })];
      for (let loss = 1; loss <= 3 && !quarantine.has(bad.ref.digest); loss++) {
        onAsked = () => undefined;
        const waiting = call(good, 'asks');
        await askedFor(asked.length + 1);
        expect(codes).toContain(await outcome(call(bad, fn)));
        // Where the worker goes, the neighbour's call asks again.
        onAsked = () => {
          for (const { answer } of asked) answer({ value: loss });
        };
        onAsked();
        expect(await waiting).toBe(loss);
      }
      if (fn !== 'bloats') expect(quarantine.has(bad.ref.digest)).toBe(true);
      expect(quarantine.list.map(({ digest }) => digest)).not.toContain(good.ref.digest);
      expect(await call(good, 'echo', 'well')).toBe('well');
    },
  );
});

describe('quarantined', () => {
  test('refused at once, written down, and free again once lifted', async () => {
    const bundle = load('bad');
    expect(await call(bundle, 'echo', 1)).toBe(1);
    quarantine.charge(bundle.ref, 'protocol', 'it lied');
    const refused = await failureOf(call(bundle, 'echo', 1));
    expect(refused).toMatchObject({ code: 'E_QUARANTINED', fix: 'signet unquarantine acme/bad' });
    expect(records.slice(-2)).toMatchObject([
      { type: 'call.start', callId: 'bad-2' },
      { type: 'call.end', callId: 'bad-2', ok: false, code: 'E_QUARANTINED' },
    ]);
    quarantine.lift('acme/bad', { kind: 'human', id: 'ann' });
    expect(await call(bundle, 'echo', 1)).toBe(1);
  });
});

describe('several calls in one batch, of which one ends the isolate', () => {
  test('the others are run again by themselves and end well; the one is found', async () => {
    const bundle = load('mixed', { limits: { cpuMs: 150 } });
    await call(bundle, 'echo');
    const outcomes = await Promise.all([
      outcome(call(bundle, 'echo', 1)),
      outcome(call(bundle, 'loops')),
      outcome(call(bundle, 'echo', 2)),
    ]);
    expect(outcomes).toEqual([1, 'E_CPU', 2]);
    expect(ofType('call.retry').length).toBeGreaterThanOrEqual(1);
    expect(quarantine.list).toEqual([]);
  });
});

test('a bundle that cannot bear a dry run fails as it says, with the way to call it for real', async () => {
  const bundle = load('needs');
  const dry = failureOf(call(bundle, 'needsItDone'));
  await askedFor(1);
  asked[0]?.answer({ status: 'would', action: 'set k' });
  expect(await dry).toMatchObject({ code: 'E_GUEST', fix: expect.stringContaining('--apply') });
  const real = failureOf(call(bundle, 'needsItDone', null, { dryRun: false }));
  await askedFor(2);
  asked[1]?.answer({ status: 'would', action: 'set k' });
  expect((await real).fix).not.toContain('--apply');
});

describe('every limit names itself, whose it is, and how it is raised', () => {
  // what is called with what | policy.yaml host | manifest limits | code | limit | whose
  test.each<[string, unknown, object, object, string, string, string]>([
    ['loops', null, { limits: { wallMs: 400 } }, {}, 'E_TIMEOUT', 'wallMs', 'host.limits'],
    ['loops', null, {}, { wallMs: 400 }, 'E_TIMEOUT', 'wallMs', 'the manifest'],
    ['spins', 3_000, { bundles: { 'acme/tool': { cpuMs: 30 } } }, {}, 'E_CPU', 'cpuMs', 'host.bundles'],
    ['floods', 9, {}, { effects: 3 }, 'E_EFFECT_LIMIT', 'effects', 'the manifest'],
    ['shouts', 99, { limits: { outputBytes: 50 } }, {}, 'E_OUTPUT', 'outputBytes', 'host.limits'],
    ['echo', '99 x', { limits: { inputBytes: 50 } }, {}, 'E_INPUT', 'inputBytes', 'host.limits'],
    ['echo', '4194305 x', {}, {}, 'E_INPUT', 'inputBytes', 'the kind skill'],
    ['floods', 9, { limits: { effectsPerMinute: 3 } }, {}, 'E_RATE', 'effectsPerMinute', 'host.limits'],
  ])('%s %j, operator %j, manifest %j: %s', async (fn, value, host, limits, code, name, whose) => {
    fixture.broker.perform = async () => ({ ok: true, value: '{"value":1}' });
    const bundle = load('tool', host, { limits });
    const text = typeof value === 'string' ? 'x'.repeat(Number.parseInt(value, 10)) : value;
    const error = await failureOf(call(bundle, fn, text));
    expect(error.code).toBe(code);
    if (code === 'E_RATE') expect(error.message).toContain('used up the effects of this minute');
    else expect(error).toMatchObject({ item: name, expected: expect.stringContaining(whose) });
    expect(error.fix).not.toBe('');
    // The bundle goes on.
    expect(await call(bundle, 'echo', 1)).toBe(1);
  });

  test('calls and processor time a minute, by the host’s clock', async () => {
    const bundle = load('tool', { limits: { callsPerMinute: 2, cpuMsPerMinute: 40 } });
    expect(await call(bundle, 'echo', 1)).toBe(1);
    await call(bundle, 'spins', 400);
    expect(await failureOf(call(bundle, 'echo', 2))).toMatchObject({
      code: 'E_RATE',
      item: 'cpuMsPerMinute',
    });
    fixture.now += 600_000;
    expect(await call(bundle, 'echo', 3)).toBe(3);
    await call(bundle, 'echo', 4);
    expect(await failureOf(call(bundle, 'echo', 5))).toMatchObject({
      code: 'E_RATE',
      item: 'callsPerMinute',
    });
  });

  test('calls at once: the next waits, and its deadline counts the waiting', async () => {
    const bundle = load('tool', { limits: { concurrent: 1 } });
    await call(bundle, 'echo');
    const first = call(bundle, 'asks');
    await askedFor(1);
    const { context } = asked[0]!;
    const caller = {
      callId: 'caller',
      depth: 0,
      budget: context.budget,
      deadlineMs: fixture.now + 100,
      signal: context.signal,
    };
    expect(await outcome(call(bundle, 'echo', 2, { caller }))).toBe('E_TIMEOUT');
    const third = call(bundle, 'echo', 3);
    asked[0]?.answer({ value: 1 });
    expect(await Promise.all([first, third])).toEqual([1, 3]);
  });

  test('what the host does not take on is E_BUSY, and not written down', async () => {
    const bundle = load('tool', { queue: { running: 1, waiting: 0 } });
    await call(bundle, 'echo');
    const running = call(bundle, 'asks');
    await askedFor(1);
    const before = records.length;
    expect(await failureOf(call(bundle, 'echo'))).toMatchObject({
      code: 'E_BUSY',
      expected: 'at most 0 calls',
    });
    expect(records).toHaveLength(before);
    asked[0]?.answer({ value: 1 });
    expect(await running).toBe(1);
  });
});

describe('called off', () => {
  // Each aborts at one point of a call's life.
  test.each<[string, (bundle: LoadedBundle, controller: AbortController) => Promise<unknown>]>([
    [
      'before it starts',
      (bundle, controller) => {
        controller.abort();
        return call(bundle, 'echo', 1, { signal: controller.signal });
      },
    ],
    [
      'while its isolate is being made',
      (bundle, controller) => {
        const calling = call(bundle, 'echo', 1, { signal: controller.signal });
        controller.abort();
        return calling;
      },
    ],
    [
      'while it waits for its turn',
      async (bundle, controller) => {
        const running = call(bundle, 'asks');
        await askedFor(1);
        const calling = outcome(call(bundle, 'echo', 1, { signal: controller.signal }));
        controller.abort();
        expect(await calling).toBe('E_ABORTED');
        asked[0]?.answer({ value: 'done' });
        expect(await running).toBe('done');
        throw Object.assign(new Error('called off'), { code: 'E_ABORTED' });
      },
    ],
    [
      'while it runs',
      async (bundle, controller) => {
        await call(bundle, 'echo');
        const calling = call(bundle, 'spins', 100, { signal: controller.signal });
        setImmediate(() => controller.abort());
        return calling;
      },
    ],
    [
      'during an effect, which is aborted with it',
      async (bundle, controller) => {
        const calling = call(bundle, 'asks', null, { signal: controller.signal });
        await askedFor(1);
        expect(asked[0]?.context.signal.aborted).toBe(false);
        controller.abort();
        await outcome(calling);
        expect(asked[0]?.context.signal.aborted).toBe(true);
        return calling;
      },
    ],
  ])('%s: E_ABORTED, once, and nothing is left', async (_, run) => {
    const bundle = load('tool', { limits: { concurrent: 1 } });
    const controller = new AbortController();
    expect(await outcome(run(bundle, controller))).toBe('E_ABORTED');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(await call(bundle, 'echo', 1)).toBe(1);
    const ends = ofType('call.end').map(({ callId }) => callId);
    expect(new Set(ends).size).toBe(ends.length);
  });

  test('after its end: nothing happens', async () => {
    const bundle = load('tool');
    const controller = new AbortController();
    expect(await call(bundle, 'echo', 1, { signal: controller.signal })).toBe(1);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    controller.abort();
    expect(ofType('call.end')).toMatchObject([{ ok: true }]);
  });
});

test('a flood of one bundle: the single call of its neighbour is answered after a bounded number of its calls', async () => {
  const [flood, single] = [load('flood'), load('single')];
  await Promise.all([call(flood, 'echo'), call(single, 'echo')]);
  let before = 0;
  const flooding = Array.from({ length: 3_000 }, () =>
    call(flood, 'echo', 1).then(() => {
      before++;
    }),
  );
  await call(single, 'echo', 2);
  // Two batches that were sent already and one that was being made, of 64 each.
  expect(before).toBeLessThanOrEqual(3 * 64);
  await Promise.all(flooding);
});

// One bundle in the host: what its manifest makes of its calls, what is written down of them, and what is left when it is closed
// (THREATS.md H16, H17, H19, H20, 27). Real workers; the broker of the host over a real journal.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Admission } from '../../host/admission.ts';
import type { CallContext } from '../../host/capabilities/capability.ts';
import { InFlight } from '../../host/in-flight.ts';
import { LoadedBundle } from '../../host/loaded-bundle.ts';
import { Quarantine } from '../../host/quarantine.ts';
import { sha256 } from '../../keys/hash.ts';
import { Budget } from '../../src/budget.ts';
import { HostPolicy } from '../../src/contracts/config.ts';
import { Manifest } from '../../src/contracts/manifest.ts';
import { digestOf, digestOfJson } from '../../src/digest.ts';
import type { CallOptions } from '../../src/dispatch.ts';
import { SignetError } from '../../src/error.ts';
import type { JournalRecord } from '../../src/ports.ts';
import { createFixture, type Fixture, grantsOf } from './broker-fixture.ts';
import { bundleOf, closeAfterEach, supervise } from './guest-fixture.ts';

const DIGEST = digestOf(sha256, 'bundle');
const BODIES = {
  echo: '(x)=>x',
  counts: '()=>++count',
  never: '()=>new Promise(()=>{})',
  loop: '()=>{for(;;);}',
  throws: "()=>{throw new Error('no')}",
  keeps: "async(x,ctx)=>ctx.kv.set('k',String(x))",
  hides: "async(x,ctx)=>{try{await ctx.exec({command:'x'})}catch{throw new Error('innocent')}}",
  slow: "(x,ctx)=>{ctx.kv.get('k');return 1}",
};

let fixture: Fixture;
let inFlight: InFlight;
let records: JournalRecord[];
let quarantine: Quarantine;
closeAfterEach();
beforeEach(() => {
  fixture = createFixture(grantsOf({ bundle: 'acme/tool', capability: 'kv', class: 'mutate' }));
  inFlight = new InFlight();
  records = [];
});
afterEach(async () => {
  await inFlight.settled();
  fixture.close();
});

/** What bounds the calls of a bundle. */
function control(host: object = {}) {
  const policy = HostPolicy.parse(host);
  quarantine = new Quarantine({
    file: join(fixture.folder, 'quarantine.json'),
    clock: { now: () => fixture.now },
    journal: { append: (record) => records.push(record) - 1 },
    told: () => undefined,
  });
  return { quarantine, admission: new Admission(policy.queue), policy: () => policy };
}

function load(signet: object = {}, supervisor = supervise()): LoadedBundle {
  const provides = Object.keys(BODIES).map((name) => ({
    kind: 'skill',
    name,
    description: 'a test',
    input: {},
    output: {},
  }));
  const capabilities = [{ id: 'kv' }, { id: 'exec', commands: 'granted' }];
  const manifest = Manifest.parse({
    $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
    name: 'tool',
    version: '1.2.3',
    description: 'a test',
    license: 'Apache-2.0',
    extensions: { 'dev.signet': { namespace: 'acme', host: '^1.0.0', provides, capabilities, ...signet } },
  });
  let calls = 0;
  return new LoadedBundle(manifest, DIGEST, bundleOf(BODIES, 'let count=0;'), {
    supervisor,
    broker: fixture.broker,
    journal: { append: (record) => records.push(record) - 1 },
    clock: { now: () => fixture.now },
    nextCallId: () => `call-${++calls}`,
    inFlight,
    placeOf: () => undefined,
    ...control(),
  });
}

const OPTIONS: CallOptions = { tenant: 'a', dryRun: true, principal: { kind: 'human', id: 'ann' } };

async function call(
  bundle: LoadedBundle,
  name: string,
  value: unknown = null,
  options: Partial<CallOptions> = {},
  accept: (output: string) => unknown = (text) => JSON.parse(text) as unknown,
) {
  const provider = bundle.providers.find((one) => one.name === name);
  if (provider === undefined) throw new Error(`no ${name}`);
  const { output } = await provider.invoke(
    { text: JSON.stringify(value), value },
    { ...OPTIONS, ...options },
    accept,
  );
  return output;
}
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: { code: string }) => error.code,
  );

test('its providers carry its name, version and digest', () => {
  const bundle = load();
  expect(bundle.ref).toEqual({ name: 'acme/tool', version: '1.2.3', digest: DIGEST });
  expect(bundle.providers.map(({ name }) => name)).toEqual(Object.keys(BODIES));
  expect(bundle.providers.every((provider) => provider.bundle === bundle.ref)).toBe(true);
});

describe('each call is written down', () => {
  test('start and end, by digest', async () => {
    const bundle = load();
    expect(await call(bundle, 'echo', { b: 1, a: 2 })).toEqual({ b: 1, a: 2 });
    expect(records).toMatchObject([
      {
        type: 'call.start',
        callId: 'call-1',
        kind: 'skill',
        name: 'echo',
        bundle: DIGEST,
        version: '1.2.3',
        tenant: 'a',
        dryRun: true,
        inputHash: digestOfJson(sha256, { a: 2, b: 1 }),
        planHash: null,
      },
      {
        type: 'call.end',
        callId: 'call-1',
        ok: true,
        code: null,
        outputHash: digestOf(sha256, '{"b":1,"a":2}'),
      },
    ]);
  });

  test.each([
    ['throws', 'E_GUEST'],
    ['loop', 'E_TIMEOUT'],
    ['never', 'E_TIMEOUT'],
  ])('%s ends with %s', async (name, code) => {
    const bundle = load({ limits: { wallMs: 300 } });
    expect(await codeOf(call(bundle, name))).toBe(code);
    expect(records.map(({ type }) => type)).toEqual(['call.start', 'call.end']);
    expect(records[1]).toMatchObject({ ok: false, code, outputHash: null });
    expect(await call(bundle, 'echo', 1)).toBe(1);
  });

  test('how many effects it asked for', async () => {
    await call(load(), 'keeps', 'v');
    expect(records.at(-1)).toMatchObject({ type: 'call.end', effects: 1 });
    const would = fixture.records().find(({ type }) => type === 'effect.outcome');
    expect(would).toMatchObject({ callId: 'call-1', status: 'would' });
  });
});

test('an effect that was refused is what the operator reads, whatever the bundle made of it', async () => {
  await expect(call(load(), 'hides')).rejects.toMatchObject({
    code: 'E_CAPABILITY_DENIED',
    fix: expect.stringContaining('signet grant acme/tool exec'),
    cause: expect.objectContaining({ code: 'E_GUEST' }),
  });
});

test('an input is counted in bytes, and refused before anything runs', async () => {
  const bundle = load();
  const most = (4 << 20) - 2;
  expect(await codeOf(call(bundle, 'counts', 'x'.repeat(most)))).toBe(undefined);
  records = [];
  expect(await codeOf(call(bundle, 'counts', 'x'.repeat(most + 1)))).toBe('E_INPUT');
  expect(await codeOf(call(bundle, 'counts', 'ü'.repeat(most / 2 + 1)))).toBe('E_INPUT');
  expect(records).toEqual([]);
  expect(await call(bundle, 'counts')).toBe(2);
});

test('a manifest tightens the limits of its kind and never widens them', async () => {
  const wide = load({ limits: { wallMs: 600_000, heapMb: 1024 } });
  const started = Promise.withResolvers<number>();
  const perform = fixture.broker.perform.bind(fixture.broker);
  fixture.broker.perform = (context, effect) => {
    started.resolve(context.deadlineMs);
    return perform(context, effect);
  };
  await call(wide, 'keeps');
  expect((await started.promise) - fixture.now).toBe(10_000);
});

test('tenants share no state; calls of one tenant do', async () => {
  const bundle = load();
  const count = (tenant: string) => call(bundle, 'counts', null, { tenant });
  expect([await count('a'), await count('a'), await count('b'), await count('a')]).toEqual([1, 2, 1, 3]);
});

test('of an output that is refused the journal never says that all was well', async () => {
  const bundle = load();
  const refuse = () => {
    throw new SignetError('E_OUTPUT', 'no');
  };
  expect(await codeOf(call(bundle, 'echo', 1, {}, refuse))).toBe('E_OUTPUT');
  expect(records.at(-1)).toMatchObject({ type: 'call.end', ok: false, code: 'E_OUTPUT', outputHash: null });
  expect(await call(bundle, 'echo', 1)).toBe(1);
  expect(records.at(-1)).toMatchObject({
    type: 'call.end',
    ok: true,
    code: null,
    outputHash: digestOf(sha256, '1'),
  });
});

describe('closed', () => {
  test('calls in flight and later ones fail with E_ABORTED, and nothing runs again', async () => {
    const supervisor = supervise();
    const bundle = load({}, supervisor);
    expect(await call(bundle, 'counts')).toBe(1);
    const waiting = codeOf(call(bundle, 'never'));
    bundle.close();
    expect(await waiting).toBe('E_ABORTED');
    records = [];
    expect(await codeOf(call(bundle, 'counts'))).toBe('E_ABORTED');
    expect(await codeOf(call(bundle, 'counts', null, { tenant: 'b' }))).toBe('E_ABORTED');
    expect(records).toEqual([]);
    bundle.close();
  });

  test('while its isolate is being made', async () => {
    const bundle = load();
    const first = codeOf(call(bundle, 'echo'));
    bundle.close();
    expect(await first).toBe('E_ABORTED');
  });

  test('its successor of the same digest works, also where it met the isolate that was just being closed', async () => {
    const supervisor = supervise();
    const bundle = load({}, supervisor);
    const first = codeOf(call(bundle, 'echo'));
    bundle.close();
    const successor = load({}, supervisor);
    const met = codeOf(call(successor, 'echo', 1));
    expect(await first).toBe('E_ABORTED');
    expect([undefined, 'E_ABORTED']).toContain(await met);
    expect(await call(successor, 'echo', 2)).toBe(2);
    expect(await call(successor, 'counts')).toBe(1);
  });
});

describe('retired', () => {
  /** A call that is under way until `answer` is called, with the bundle that it is of. */
  async function underWay(supervisor = supervise()) {
    const bundle = load({}, supervisor);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    fixture.broker.perform = async () => {
      asked.resolve();
      await answer.promise;
      return { ok: true, value: '{"status":"done"}' };
    };
    const call1 = call(bundle, 'keeps', 'v');
    await asked.promise;
    return { bundle, supervisor, answer: answer.resolve, outcome: call1 };
  }

  test('the call in flight ends as if nothing were; a new one is refused; then its isolate is gone', async () => {
    const { bundle, supervisor, answer, outcome } = await underWay();
    let retired = false;
    const retiring = bundle.retire().then(() => {
      retired = true;
    });
    expect(await codeOf(call(bundle, 'echo'))).toBe('E_ABORTED');
    expect(retired).toBe(false);
    answer();
    expect(await outcome).toEqual({ status: 'done' });
    await retiring;
    await bundle.retire();
    // Opened anew, not found: what the bundle counted is forgotten.
    expect(await call(load({}, supervisor), 'counts')).toBe(1);
  });

  test('with nothing in flight it is gone at once', async () => {
    const supervisor = supervise();
    const bundle = load({}, supervisor);
    expect(await call(bundle, 'counts')).toBe(1);
    await bundle.retire();
    expect(await call(load({}, supervisor), 'counts')).toBe(1);
  });

  test('an isolate that a successor of the same digest is using is left to it', async () => {
    const supervisor = supervise();
    const bundle = load({}, supervisor);
    expect(await call(bundle, 'counts')).toBe(1);
    const { bundle: successor, answer, outcome } = await underWay(supervisor);
    await bundle.retire();
    answer();
    expect(await outcome).toEqual({ status: 'done' });
    expect(await call(successor, 'counts')).toBe(2);
  });

  test('closed while it retires: the call in flight is aborted', async () => {
    const { bundle, answer, outcome } = await underWay();
    const retiring = bundle.retire();
    bundle.close();
    expect(await codeOf(outcome)).toBe('E_ABORTED');
    await retiring;
    answer();
  });
});

test('a call that another leads to has its deadline, its depth and its budget', async () => {
  const bundle = load();
  const seen: CallContext[] = [];
  const perform = fixture.broker.perform.bind(fixture.broker);
  fixture.broker.perform = (context, effect) => {
    seen.push(context);
    return perform(context, effect);
  };
  await call(bundle, 'echo');
  const budget = new Budget(7);
  const caller = {
    callId: 'caller',
    depth: 2,
    deadlineMs: fixture.now + 5_000,
    budget,
    signal: new AbortController().signal,
  };
  await call(bundle, 'keeps', 'v', { caller });
  expect(seen[0]).toMatchObject({ depth: 3, deadlineMs: fixture.now + 5_000 });
  expect([seen[0]?.budget.effectsLeft, budget.effectsLeft]).toEqual([6, 6]);
  await call(bundle, 'keeps', 'v');
  expect(seen[1]).toMatchObject({ depth: 0, deadlineMs: fixture.now + 10_000 });
  expect(budget.effectsLeft).toBe(6);
});

test('an effect that outlives its call is waited for, and finds its call ended', async () => {
  const bundle = load();
  const asked = Promise.withResolvers<AbortSignal>();
  const answer = Promise.withResolvers<void>();
  fixture.broker.perform = async (context) => {
    asked.resolve(context.signal);
    await answer.promise;
    return { ok: true, value: 'null' };
  };
  expect(await call(bundle, 'slow')).toBe(1);
  const signal = await asked.promise;
  expect(signal.aborted).toBe(true);
  let settled = false;
  const settling = inFlight.settled().then(() => {
    settled = true;
  });
  await new Promise((done) => setImmediate(done));
  expect(settled).toBe(false);
  answer.resolve();
  await settling;
});

test('a bundle that cannot be loaded fails its call, not the next one of another', async () => {
  const supervisor = supervise();
  const good = load({}, supervisor);
  const bad = new LoadedBundle({ ...good.manifest, version: '9.9.9' }, digestOf(sha256, 'bad'), 'throw 1', {
    supervisor,
    broker: fixture.broker,
    journal: { append: (record) => records.push(record) - 1 },
    clock: { now: () => fixture.now },
    nextCallId: () => 'bad-1',
    inFlight,
    placeOf: () => undefined,
    ...control(),
  });
  expect(await codeOf(call(bad, 'echo'))).toBe('E_GUEST');
  expect(records.at(-1)).toMatchObject({ type: 'call.end', callId: 'bad-1', code: 'E_GUEST' });
  expect(await call(good, 'echo', 1)).toBe(1);
});

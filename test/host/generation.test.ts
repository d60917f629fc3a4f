// Generations: the record of their batches replays byte for byte (THREATS.md H18), and a worker that lies about calls and
// effects is lost (H9).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Call, type Effect, type EffectAnswer } from '../../host/call.ts';
import type { EffectQueueLimits } from '../../host/effect-queue.ts';
import { Generation } from '../../host/generation.ts';
import { FAILURE, FRAME } from '../../host/wire.ts';
import type { WorkerProcess } from '../../host/worker-process.ts';
import {
  bundleOf,
  callOptions,
  closeAfterEach,
  listen,
  openGuest,
  outcomeOf,
  supervise,
} from './guest-fixture.ts';
import {
  closeWorkersAfterEach,
  evilScript,
  type Recorded,
  replay,
  startRealWorker,
  startWorker,
} from './worker-fixture.ts';

closeAfterEach();
closeWorkersAfterEach();

/** Interprets a tree of steps, with effects in sequence, in parallel, raced, and everything that could differ from run to run. */
const INTERPRETER = bundleOf(
  {
    run: `async(program,ctx)=>{
      const walk=async(step)=>{
        switch(step[0]){
          case 'effect':try{return [await ctx.clock.now(),++order]}catch(error){return [error.code,++order]}
          case 'all':return Promise.all(step[1].map(walk));
          case 'race':return Promise.race([...step[1].map(walk),0]);
          case 'any':return Promise.any(step[1].map(walk)).catch(error=>error.constructor.name);
          case 'seq':{const out=[];for(const part of step[1])out.push(await walk(part));return out}
          case 'chance':return [Math.random(),crypto.randomUUID(),++order];
          case 'timer':return new Promise(resolve=>setTimeout(()=>resolve([Date.now(),performance.now(),++order]),step[1]));
          case 'stopped':clearTimeout(setTimeout(()=>order++,step[1]));return setTimeout(()=>order++,step[1]);
          case 'line':console.log('line',++order,{step});return ++order;
          case 'date':return [Date.now(),new Date().toISOString(),Date(),new Intl.DateTimeFormat('de',{dateStyle:'full',timeStyle:'long'}).format()];
          case 'locale':return [(1234.5).toLocaleString(),new Date().toLocaleString(),['z','a','ä'].sort(new Intl.Collator().compare)];
          case 'throw':throw new Error('thrown '+(++order));
          case 'leave':walk(step[1]);return 'left';
        }};
      return walk(program)}`,
  },
  'let order=0;',
);

type Step = readonly [string, ...unknown[]];
const { program } = fc.letrec<{ program: Step }>((tie) => ({
  program: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<Step>(['effect'], ['chance'], ['date'], ['locale'], ['throw'], ['effect']),
    fc.tuple(fc.constantFrom('all', 'race', 'any', 'seq'), fc.array(tie('program'), { maxLength: 4 })),
    fc.tuple(fc.constant('leave'), tie('program')),
    fc.tuple(fc.constantFrom('timer', 'stopped', 'line'), fc.nat(5)),
  ),
}));

describe('determinism', () => {
  it('drains the same, byte for byte, when the recorded batches are pushed into a fresh isolate', async () => {
    const { worker } = await startRealWorker();
    let isolate = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(program, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat(6)),
        async (list, delays) => {
          const batches: Recorded[] = [];
          const supervisor = supervise({
            tape: listen((_, pushed, drained) => batches.push({ pushed, drained })),
          });
          const guest = await openGuest(supervisor, INTERPRETER);
          const perform = async (): Promise<EffectAnswer> => {
            const turns = delays.next().value as number;
            for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
            return turns === 6
              ? { ok: false, code: 'E_CAPABILITY_DENIED', message: 'no' }
              : { ok: true, value: JSON.stringify({ now: Math.random() }) };
          };
          const options = () => callOptions({ perform, effects: 2_000 });
          await Promise.all(
            list.map((step) => outcomeOf(guest.call('skill/run', JSON.stringify(step), options()))),
          );
          await supervisor.close();
          expect(batches.length).toBeGreaterThan(1);
          expect(await replay(worker, ++isolate, INTERPRETER, batches)).toEqual(
            batches.map(({ drained }) => drained),
          );
        },
      ),
      { numRuns: 12 },
    );
  });

  it('differs where the seed does, or the key', async () => {
    const { worker } = await startRealWorker();
    const batch = (seed: number, key = 'k'): Recorded[] => [
      { pushed: `[1000,${seed},"${key}"]`, drained: '' },
      { pushed: '[1000,0,[1,"a","skill/run",["chance"],false]]', drained: '' },
    ];
    const [one, two, three, again] = [
      await replay(worker, 1, INTERPRETER, batch(7)),
      await replay(worker, 2, INTERPRETER, batch(8)),
      await replay(worker, 3, INTERPRETER, batch(7, 'l')),
      await replay(worker, 4, INTERPRETER, batch(7)),
    ];
    expect(one).toEqual(again);
    expect(new Set([one, two, three].map(String)).size).toBe(3);
  });

  it('never lets the clock of a generation go back', async () => {
    const times = [5_000, 4_000, 6_000, 1];
    const guest = await openGuest(
      supervise({ now: () => times.shift() ?? 0 }),
      bundleOf({ now: '()=>[start,Date.now()]' }, 'const start=Date.now();'),
    );
    const now = () => guest.call('skill/now', '{}', callOptions());
    expect([await now(), await now(), await now()]).toEqual(['[5000,5000]', '[5000,6000]', '[5000,6000]']);
  });
});

describe('batches', () => {
  it('coalesces what arrives while one is in flight', async () => {
    const pushes: string[] = [];
    const supervisor = supervise({ tape: listen((_, pushed) => pushes.push(pushed)) });
    const guest = await openGuest(supervisor, bundleOf({ echo: '(x)=>x' }));
    const inputs = Array.from({ length: 50 }, (_, index) => String(index));
    expect(await Promise.all(inputs.map((input) => guest.call('skill/echo', input, callOptions())))).toEqual(
      inputs,
    );
    // Its birth and one batch.
    expect(pushes).toHaveLength(2);
  });

  it('splits what is too long for one', async () => {
    const pushes: number[] = [];
    const supervisor = supervise({ tape: listen((_, pushed) => pushes.push(pushed.length)) });
    const guest = await openGuest(supervisor, bundleOf({ size: '(x)=>x.length' }), { heapMb: 256 });
    const input = JSON.stringify('x'.repeat(7_000_000));
    const size = () => guest.call('skill/size', input, callOptions());
    expect(await Promise.all([size(), size(), size()])).toEqual(['7000000', '7000000', '7000000']);
    expect(pushes).toHaveLength(3);
  });

  it('numbers effects within their call, whatever runs beside it', async () => {
    const effects: Effect[] = [];
    const guest = await openGuest(
      supervise(),
      bundleOf({
        two: "async(x,ctx)=>{await Promise.all([ctx.kv.get(x),ctx.kv.set(x,{a:1})]);await ctx.exec({program:'/bin/true',args:[]})}",
      }),
    );
    const perform = async (effect: Effect): Promise<EffectAnswer> => {
      effects.push(effect);
      return { ok: true, value: '{"value":null}' };
    };
    await Promise.all(
      ['a', 'b'].map((callId) => guest.call('skill/two', `"${callId}"`, callOptions({ callId, perform }))),
    );
    expect(effects.filter(({ id }) => id.startsWith('a.'))).toEqual([
      { id: 'a.1', capability: 'kv.get', args: '{"key":"a"}' },
      { id: 'a.2', capability: 'kv.set', args: '{"key":"a","value":{"a":1}}' },
      { id: 'a.3', capability: 'exec', args: '{"program":"/bin/true","args":[]}' },
    ]);
    expect(effects.filter(({ id }) => id.startsWith('b.')).map(({ id }) => id)).toEqual([
      'b.1',
      'b.2',
      'b.3',
    ]);
  });

  it('fails the call whose effect the host cannot perform, and keeps the isolate', async () => {
    const guest = await openGuest(supervise(), bundleOf({ ask: '(_,ctx)=>ctx.clock.now()' }));
    const perform = () => {
      throw new Error('the host is broken');
    };
    expect(await outcomeOf(guest.call('skill/ask', '{}', callOptions({ perform })))).toBe('E_INTERNAL');
    expect(await guest.call('skill/ask', '{}', callOptions())).toBe('1234');
  });
});

describe('a flood of effects', () => {
  const FLOOD = bundleOf({
    flood: `async(n,ctx)=>(await Promise.allSettled(Array.from({length:n},()=>ctx.kv.get('k')))).length`,
  });

  it('is performed a few at once, and all of it in the end', async () => {
    const guest = await openGuest(supervise(), FLOOD);
    let [running, most, done] = [0, 0, 0];
    const perform = async (): Promise<EffectAnswer> => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      done++;
      return { ok: true, value: '{"value":null}' };
    };
    const options = callOptions({ perform, effects: 400 });
    expect(await guest.call('skill/flood', '400', options)).toBe('400');
    expect({ done, most }).toEqual({ done: 400, most: 16 });
  });

  it('ends with its call, also where each effect keeps the host busy', async () => {
    const guest = await openGuest(supervise(), FLOOD);
    let done = 0;
    const perform = async (): Promise<EffectAnswer> => {
      done++;
      for (const end = performance.now() + 20; performance.now() < end; );
      return { ok: true, value: '{"value":null}' };
    };
    const options = callOptions({ perform, effects: 400, wallMs: 400 });
    expect(await outcomeOf(guest.call('skill/flood', '400', options))).toBe('E_TIMEOUT');
    await new Promise(setImmediate);
    expect(done).toBeLessThan(400);
    expect(await guest.call('skill/flood', '1', callOptions({ perform }))).toBe('1');
  });

  it('whose arguments are too long together is E_EFFECT_LIMIT', async () => {
    const flood = (count: number): string => {
      const records = Array.from(
        { length: count },
        (_, index) => `4 mine.${index + 1} exec 10\n"${'x'.repeat(8)}"`,
      );
      return `frame(${FRAME.drained},isolate,${JSON.stringify(records.join(''))})`;
    };
    const born = `frame(${FRAME.drained},isolate,'')`;
    const last = `frame(${FRAME.drained},isolate,'2 mine - 1\\n1')`;
    const outcomes: string[] = [];
    for (const count of [4, 3]) {
      const { worker } = startWorker(evilScript([born, flood(count), last]));
      const generation = generationOf(worker, { running: 1, argsUnits: 20 });
      outcomes.push(await callOn(generation));
    }
    expect(outcomes).toEqual(['E_EFFECT_LIMIT', 'ok 1']);
  });
});

/** A generation on a worker that speaks for itself. */
function generationOf(worker: WorkerProcess, effects: Partial<EffectQueueLimits> = {}): Generation {
  return new Generation(worker, {
    isolateId: 1,
    owner: 'sha256:owner',
    heapMb: 8,
    code: '',
    codeCache: new Uint8Array(),
    loadMs: 5_000,
    seed: [1, '00'.repeat(32)],
    now: () => 1,
    tape: undefined,
    onIdle: () => undefined,
    onEnd: () => undefined,
    effects,
  });
}

/** What a call of the id `mine` comes to. */
function callOn(generation: Generation): Promise<string> {
  return outcomeOf(
    new Promise<string>((resolve, reject) => {
      generation.start(new Call('skill/x', '{}', callOptions({ callId: 'mine' }), { resolve, reject }));
    }),
  );
}

describe('a worker that lies is lost:', () => {
  const record = (text: string): string => `frame(${FRAME.drained},isolate,${JSON.stringify(text)})`;
  const born = `frame(${FRAME.drained},isolate,'')`;

  /** What a call comes to whose worker answers as the script says. */
  async function callAnswered(answers: readonly string[]): Promise<{ outcome: string; causes: string[] }> {
    const { worker, losses } = startWorker(evilScript(answers));
    const outcome = await callOn(generationOf(worker));
    return { outcome, causes: losses.map(({ cause }) => cause) };
  }

  it.each([
    ['a malformed record', record('nonsense')],
    ['a result for a call that is not there', record('2 other - 1\n1')],
    ['an effect of a call that is not there', record('4 other.1 clock 2\n{}')],
    ['an effect number left out', record('4 mine.2 clock 2\n{}')],
    ['an effect number twice', record('4 mine.1 clock 2\n{}4 mine.1 clock 2\n{}')],
    ['an effect under a plain id', record('4 mine clock 2\n{}')],
    ['a result under an effect id', record('2 mine.1 - 1\n1')],
    ['a result of an unknown name', record('2 mine guest 1\n1')],
    ['an error of an unknown name', record('3 mine E_TIMEOUT 2\n{}')],
    ['an error that is no JSON', record('3 mine guest 3\nnop')],
    ['an error that is no object', record('3 mine guest 2\n[]')],
    ['an unknown failure', `frame(${FRAME.failed},isolate,'\\x09')`],
    ['an empty failure', `frame(${FRAME.failed},isolate,'')`],
  ])('%s', async (_, answer) => {
    expect(await callAnswered([born, answer])).toEqual({ outcome: 'E_WORKER_LOST', causes: ['protocol'] });
  });

  it('an isolate that speaks at its birth', async () => {
    expect(await callAnswered([record('2 mine - 1\n1')])).toEqual({
      outcome: 'E_WORKER_LOST',
      causes: ['protocol'],
    });
  });

  it('a second result', async () => {
    const { outcome, causes } = await callAnswered([born, record('2 mine - 1\n12 mine - 1\n2')]);
    expect({ outcome, causes }).toEqual({ outcome: 'ok 1', causes: ['protocol'] });
  });

  it('while an honest answer is taken', async () => {
    expect(await callAnswered([born, record('2 mine - 1\n1')])).toEqual({ outcome: 'ok 1', causes: [] });
    const failed = (failure: number): string => `frame(${FRAME.failed},isolate,[${failure}])`;
    // Long before its deadline: what else has a limit of time is its processor time.
    expect((await callAnswered([born, failed(FAILURE.timeout)])).outcome).toBe('E_CPU');
    expect((await callAnswered([born, failed(FAILURE.memory)])).outcome).toBe('E_MEMORY');
    expect((await callAnswered([born, failed(FAILURE.gone)])).outcome).toBe('E_WORKER_LOST');
  });
});

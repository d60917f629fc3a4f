// Timers on the virtual clock: in order, for open calls only, one wait at a time (THREATS.md H17, H18).
import { expect, it } from 'vitest';
import type { Effect, EffectAnswer } from '../../../host/call.ts';
import {
  bundleOf,
  callOptions,
  closeAfterEach,
  inside,
  openGuest,
  outcomeOf,
  supervise,
} from '../guest-fixture.ts';
import { closeWorkersAfterEach, replay, startRealWorker } from '../worker-fixture.ts';

closeAfterEach();
closeWorkersAfterEach();

/** A clock that jumps as far as it is asked to, and what it was asked. */
function jumpingClock() {
  let now = 1_000;
  const waits: number[] = [];
  const perform = async ({ capability, args }: Effect): Promise<EffectAnswer> => {
    if (capability !== 'clock.wait') return { ok: false, code: 'E_CAPABILITY_DENIED', message: 'no' };
    const { ms } = JSON.parse(args) as { ms: number };
    waits.push(ms);
    const until = now + ms;
    await new Promise(setImmediate);
    now = Math.max(now, until);
    return { ok: true, value: 'null' };
  };
  return { waits, perform, options: { now: () => now } };
}

async function run(code: string) {
  const { waits, perform, options } = jumpingClock();
  const guest = await openGuest(supervise(options), bundleOf({ run: code }));
  return { value: JSON.parse(await guest.call('skill/run', '{}', callOptions({ perform }))), waits };
}

it('fires in the order of being due, ties in that of being made, with its arguments', async () => {
  const { value, waits } = await run(`()=>new Promise(done=>{const got=[];
    setTimeout(()=>done(got),50);
    setTimeout(x=>got.push(x,Date.now()),30,'c');
    setTimeout((x,y)=>got.push(x+y,performance.now()),10,'a','1');
    setTimeout(()=>got.push('b'),10);setTimeout(()=>got.push('later'),60)})`);
  expect(value).toEqual(['a1', 10, 'b', 'c', 1_030]);
  expect(waits).toEqual([10, 20, 20]);
});

it('repeats until cleared, and asks for one wait at a time', async () => {
  const { value, waits } = await run(`()=>new Promise(done=>{const got=[];
    const id=setInterval(()=>{got.push(Date.now());if(got.length===3){clearInterval(id);setTimeout(()=>done(got),100)}},20)})`);
  expect(value).toEqual([1_020, 1_040, 1_060]);
  expect(waits).toEqual([20, 20, 20, 100]);
});

it('runs microtasks between two timers that are due at once', async () => {
  const { value } = await run(`()=>new Promise(done=>{const got=[];
    setTimeout(()=>{got.push(1);Promise.resolve().then(()=>got.push(2))},5);setTimeout(()=>{got.push(3);done(got)},5)})`);
  expect(value).toEqual([1, 2, 3]);
});

it('takes any delay, and only functions', async () => {
  const { value, waits } = await run(`async()=>{const ids=[];
    for(const delay of [undefined,null,-5,0,0.5,NaN,'3',2.7,2**31,{valueOf:()=>4}])
      await new Promise(done=>ids.push(typeof setTimeout(done,delay)));
    let error;try{setTimeout('code')}catch(e){error=e.constructor.name}
    clearTimeout();clearTimeout('x');clearTimeout(1e9);
    return [new Set(ids).size,error]}`);
  expect(value).toEqual([1, 'TypeError']);
  expect(waits).toEqual([1, 1, 1, 1, 1, 1, 3, 2, 1, 4]);
});

it('leaves a call whose timers are cleared free to end, and one that ended without its timers', async () => {
  const { perform, options } = jumpingClock();
  const guest = await openGuest(
    supervise(options),
    bundleOf(
      {
        cleared: '()=>{clearTimeout(setTimeout(()=>hits++,1));return "ended"}',
        left: '()=>{setTimeout(()=>hits++,1);return "ended"}',
        hits: 'async()=>{await new Promise(done=>setTimeout(done,1000));return hits}',
      },
      'let hits=0;setTimeout(()=>hits++,1);',
    ),
  );
  expect(await guest.call('skill/cleared', '{}', callOptions({ perform }))).toBe('"ended"');
  expect(await guest.call('skill/left', '{}', callOptions({ perform }))).toBe('"ended"');
  expect(await guest.call('skill/hits', '{}', callOptions({ perform }))).toBe('0');
});

it('fails the call of what a timer throws, or of a wait that is refused', async () => {
  const thrown = inside("()=>new Promise(()=>setTimeout(()=>{throw new Error('late')},1))", '', {
    perform: jumpingClock().perform,
  });
  await expect(thrown).rejects.toMatchObject({ code: 'E_GUEST', message: expect.stringContaining('late') });
  const refused = inside('()=>new Promise(done=>setTimeout(done,1))', '', {
    perform: async () => ({ ok: false, code: 'E_CAPABILITY_DENIED', message: 'clock is not asked for' }),
  });
  await expect(refused).rejects.toMatchObject({
    code: 'E_GUEST',
    message: expect.stringContaining('clock is not asked for'),
  });
});

it('refuses more timers than a call may have, and none of another call is cleared', async () => {
  const { perform } = jumpingClock();
  const guest = await openGuest(
    supervise(),
    bundleOf(
      {
        many: '()=>{try{for(let i=0;;i++)setTimeout(()=>1,1e6)}catch(e){return e.message}}',
        slow: '()=>new Promise(done=>{mine=setTimeout(()=>done("fired"),5)})',
        thief: '()=>{clearTimeout(mine);clearInterval(mine);return 1}',
      },
      'let mine;',
    ),
  );
  expect(await guest.call('skill/many', '{}', callOptions({ perform }))).toBe(
    '"too many timers are pending"',
  );
  const calls = ['slow', 'thief'].map((name) => guest.call(`skill/${name}`, '{}', callOptions({ perform })));
  expect(await Promise.all(calls)).toEqual(['"fired"', '1']);
});

it('ends by the time limit of its call where it never stops', async () => {
  const { perform, options } = jumpingClock();
  const guest = await openGuest(
    supervise(options),
    bundleOf({ loop: '()=>new Promise(()=>setTimeout(()=>{for(;;);},1))', echo: '(x)=>x' }),
  );
  const looping = guest.call('skill/loop', '{}', callOptions({ perform, wallMs: 300 }));
  expect(await outcomeOf(looping)).toBe('E_TIMEOUT');
  expect(await guest.call('skill/echo', '7', callOptions())).toBe('7');
});

it('acts for the call whose message runs, between messages of one batch', async () => {
  const { worker } = await startRealWorker();
  const code = bundleOf(
    {
      wait: 'async(x,ctx)=>{await ctx.clock.now();console.log(x);fetch("https://e.org/"+x);await ctx.clock.now();return x}',
    },
    'console.log("outside");fetch("https://e.org/").catch(()=>1);',
  );
  const batches = [
    '[1,2,"00"]',
    '[1,0,[1,"a","skill/wait","A",false],[1,"b","skill/wait","B",false]]',
    '[2,0,[5,"b.1",{"now":2}],[5,"a.1",{"now":2}],[7,"a"]]',
  ].map((pushed) => ({ pushed, drained: '' }));
  const [born, first, second] = await replay(worker, 1, code, batches);
  expect([born, first]).toEqual(['', '4 a.1 clock 2\n{}4 b.1 clock 2\n{}']);
  const effects = [...(second ?? '').matchAll(/4 (\w\.\d) ([\w.]+) \d+\n/g)].map(
    ([, id, name]) => `${id} ${name}`,
  );
  expect(effects).toEqual(['b.2 http', 'b.3 clock', 'a.2 http', 'a.3 clock', 'b.4 log.lines']);
  expect(second).toContain('"message":"B"');
});

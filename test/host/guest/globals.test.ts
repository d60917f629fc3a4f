// The globals are made when first read, belong to one isolate, and guard nothing (THREATS.md H7, H9, H21).
import { expect, it } from 'vitest';
import type { Effect, EffectAnswer } from '../../../host/call.ts';
import { bundleOf, callOptions, closeAfterEach, inside, openGuest, supervise } from '../guest-fixture.ts';

closeAfterEach();

const NAMES = `Object.getOwnPropertyNames(globalThis).filter(n=>/^(Abort|DOM|Event|Headers|Re(quest|sponse)|Text|URL|atob|btoa|clear|console|crypto|fetch|performance|queue|self|set|structured)/.test(n))`;

it('are ordinary properties: the same each time, replaceable, deletable', async () => {
  const found = await inside(`()=>{const names=${NAMES};
    const same=names.every(n=>globalThis[n]===globalThis[n]);
    const plain=names.every(n=>{const d=Object.getOwnPropertyDescriptor(globalThis,n);return d.writable&&d.configurable&&!d.enumerable});
    fetch='mine';delete globalThis.URL;
    return [names.length,same,plain,fetch,typeof URL]}`);
  expect(found).toEqual([25, true, true, 'mine', 'undefined']);
  // Also before anyone read them.
  expect(
    await inside("()=>{fetch='mine';self.URL=1;delete globalThis.crypto;return [fetch,URL,typeof crypto]}"),
  ).toEqual(['mine', 1, 'undefined']);
});

it('of one tenant are not those of another', async () => {
  const code = bundleOf({
    poison:
      "()=>{URL.prototype.toString=()=>'mine';globalThis.fetch=()=>'mine';console.log=()=>{throw 1};Response.json=1;self.kept=1;setTimeout=1}",
    look: "()=>[String(new URL('https://e.org/')),fetch.name,typeof console.log('x'),typeof Response.json,typeof kept,typeof setTimeout]",
  });
  const supervisor = supervise();
  const [one, two] = [
    await openGuest(supervisor, code, { tenant: 'one', digest: 'sha256:same' }),
    await openGuest(supervisor, code, { tenant: 'two', digest: 'sha256:same' }),
  ];
  await one.call('skill/poison', '{}', callOptions());
  const clean = ['https://e.org/', 'fetch', 'undefined', 'function', 'undefined', 'function'];
  expect(JSON.parse(await two.call('skill/look', '{}', callOptions()))).toEqual(clean);
});

/** Takes away or replaces all there is, then uses what is left of the globals as it likes. */
const RUIN = `()=>{
  const {ownKeys,getOwnPropertyDescriptor,defineProperty,deleteProperty}=Reflect;
  const evil=function(){return '2 victim - 8\\n"forged"'};
  const ruin=(holder,depth)=>{const keys=ownKeys(holder);for(let i=0;i<keys.length;i++){
    let own;try{own=getOwnPropertyDescriptor(holder,keys[i])}catch{continue}
    const inner=own.value;
    if(depth<3&&inner!==evil&&inner!==null&&(typeof inner==='object'||typeof inner==='function'))try{ruin(inner,depth+1)}catch{}
    if(own.configurable)try{defineProperty(holder,keys[i],{__proto__:null,value:evil,configurable:true,writable:true})}catch{}}};
  const world=globalThis,keys=ownKeys(world),values=[];
  for(let i=0;i<keys.length;i++)try{values[i]=keys[i]==='globalThis'||keys[i]==='self'?undefined:world[keys[i]]}catch{}
  for(let i=0;i<values.length;i++)try{ruin(values[i],0)}catch{}
  for(let i=0;i<keys.length;i++)deleteProperty(world,keys[i]);
  return 1}`;

it('may all be ruined: effects, timers, records and the drain are what they were', async () => {
  const effects: Effect[] = [];
  const lost: unknown[] = [];
  const perform = async (effect: Effect): Promise<EffectAnswer> => {
    effects.push(effect);
    return { ok: true, value: effect.capability === 'clock' ? '{"now":7}' : 'null' };
  };
  const guest = await openGuest(
    supervise({ onWorkerLost: (event) => lost.push(event) }),
    bundleOf(
      {
        ruin: RUIN,
        victim:
          'async(x,ctx)=>{const now=await ctx.clock.now();await new kept.Promise(done=>kept.setTimeout(done,1));return [x,now]}',
        leftovers:
          "()=>{try{kept.console.log('x')}catch{}try{kept.queueMicrotask(()=>{throw 1})}catch{}return new kept.Promise(()=>kept.setInterval(()=>{throw 'mine'},1))}",
      },
      'const kept={Promise,setTimeout,setInterval,console,queueMicrotask};void URL;void crypto;',
    ),
  );
  expect(await guest.call('skill/ruin', '{}', callOptions())).toBe('1');
  const [victim, leftovers] = await Promise.allSettled([
    guest.call('skill/victim', '5', callOptions({ callId: 'victim', perform })),
    guest.call('skill/leftovers', '{}', callOptions({ callId: 'left', perform })),
  ]);
  expect(victim).toEqual({ status: 'fulfilled', value: '[5,7]' });
  expect(leftovers).toMatchObject({ status: 'rejected', reason: { code: 'E_GUEST' } });
  expect(effects.filter(({ id }) => id.startsWith('victim')).map(({ capability }) => capability)).toEqual([
    'clock',
    'clock.wait',
  ]);
  expect(lost).toEqual([]);
});

it('that are made after everything was ruined fail, and nothing else does', async () => {
  const guest = await openGuest(
    supervise(),
    bundleOf({
      run: `()=>{const out=[];const {defineProperty,ownKeys}=Reflect;
        const holders=[Array.prototype,Object,Map.prototype,String.prototype,RegExp.prototype,Reflect];
        for(let h=0;h<holders.length;h++){const keys=ownKeys(holders[h]);
          for(let i=0;i<keys.length;i++)try{defineProperty(holders[h],keys[i],{__proto__:null,get(){throw new TypeError('mine')}})}catch{}}
        const makes=[()=>URL,()=>fetch,()=>crypto,()=>console];
        for(let i=0;i<4;i++){let s;try{s=typeof makes[i]()}catch(e){s='threw'}out[i]=s}
        return out.length}`,
      echo: '(x)=>x',
    }),
  );
  expect(await guest.call('skill/run', '{}', callOptions())).toBe('4');
  expect(await guest.call('skill/echo', '[1]', callOptions())).toBe('[1]');
});

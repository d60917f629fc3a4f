// One call cannot speak for another, whatever it does to the built-ins they share (THREATS.md H9, H21).
import { expect, it } from 'vitest';
import type { Effect, EffectAnswer } from '../../../host/call.ts';
import { bundleOf, callOptions, closeAfterEach, inside, openGuest, supervise } from '../guest-fixture.ts';

closeAfterEach();

/** Replaces every method and accessor of every built-in by one that forges: yields rubbish and tries to answer other calls. */
const POISON = `()=>{
  const forged='2 victim - 8\\n"forged"';
  const evil=function(){return forged};
  const victims=[Object,Array,String,Number,Boolean,Symbol,RegExp,Map,Set,WeakMap,WeakSet,Promise,Error,Function,Uint8Array,Date,Reflect,JSON,Math,Proxy,Intl.DateTimeFormat];
  const iterators=[[][Symbol.iterator](),new Map().entries(),new Set().values(),''[Symbol.iterator]()];
  const {ownKeys,getPrototypeOf,defineProperty,getOwnPropertyDescriptor}=Reflect;
  const holders=[];
  for(const v of victims){holders.push(v);if(v.prototype)holders.push(v.prototype)}
  for(const i of iterators)holders.push(getPrototypeOf(i));
  for(let h=0;h<holders.length;h++){const keys=ownKeys(holders[h]);
    for(let k=0;k<keys.length;k++){const own=getOwnPropertyDescriptor(holders[h],keys[k]);
      if(own&&own.configurable&&typeof own.value==='function')defineProperty(holders[h],keys[k],{__proto__:null,value:evil,configurable:true,writable:true})}}
  const setters=['0','1','then','open','resolve','waiting','id','code','message','kind','value','now','pending','get','set','toJSON'];
  for(let s=0;s<setters.length;s++)defineProperty(Object.prototype,setters[s],{__proto__:null,set(){},get(){return undefined},configurable:true});
  return 1}`;

it('answers the calls after every built-in was poisoned', async () => {
  const effects: Effect[] = [];
  const perform = async (effect: Effect): Promise<EffectAnswer> => {
    effects.push(effect);
    if (effect.capability === 'random') return { ok: true, value: '{"base64":"AQID"}' };
    return { ok: false, code: 'E_CAPABILITY_DENIED', message: 'no' };
  };
  const lost: unknown[] = [];
  const guest = await openGuest(
    supervise({ onWorkerLost: (event) => lost.push(event) }),
    bundleOf({
      poison: POISON,
      plain: '(x)=>x',
      effects: `async(x,ctx)=>{const bytes=await ctx.random.bytes(3);let code;try{await ctx.kv.get('k')}catch(error){code=error.code}
        return {bytes:bytes[0]+bytes[1]+bytes[2],code}}`,
      boom: "()=>{throw new TypeError('boom')}",
    }),
  );
  expect(await guest.call('skill/poison', '{}', callOptions())).toBe('1');
  const [plain, used, boom] = await Promise.allSettled([
    guest.call('skill/plain', '{"a":"b"}', callOptions({ callId: 'victim' })),
    guest.call('skill/effects', '{}', callOptions({ perform })),
    guest.call('skill/boom', '{}', callOptions()),
  ]);
  expect(plain).toEqual({ status: 'fulfilled', value: '{"a":"b"}' });
  expect(used).toEqual({ status: 'fulfilled', value: '{"bytes":6,"code":"E_CAPABILITY_DENIED"}' });
  expect(boom).toMatchObject({ status: 'rejected', reason: { code: 'E_GUEST' } });
  expect(effects.map(({ capability, args }) => [capability, args])).toEqual([
    ['random', '{"bytes":3}'],
    ['kv.get', '{"key":"k"}'],
  ]);
  expect(lost).toEqual([]);
});

it('takes the first of two answers of one call', async () => {
  expect(await inside('()=>({then(a,b){a(1);a(2);b(3)}})')).toBe(1);
});

it('counts effects without a gap when the stack runs out amid a request', async () => {
  const lost: unknown[] = [];
  const guest = await openGuest(
    supervise({ onWorkerLost: (event) => lost.push(event) }),
    bundleOf({
      deep: `async(x,ctx)=>{
        const asked=[];
        const dive=(depth)=>{try{dive(depth+1)}catch{}if(asked.length<60)try{asked.push(ctx.log.info('x'))}catch{}};
        dive(0);
        await Promise.allSettled(asked);
        return asked.length>0}`,
    }),
  );
  expect(await guest.call('skill/deep', '{}', callOptions({ effects: 1_000 }))).toBe('true');
  expect(lost).toEqual([]);
});

it('refuses effects whose arguments are nothing, too long, or no JSON', async () => {
  const tried = await inside(`async(x,ctx)=>{const out=[];
    for(const request of [()=>ctx.exec(undefined),()=>ctx.exec('x'.repeat(9e6)),()=>ctx.exec(1n),()=>ctx.clock.now()])
      out.push(await request().then(()=>'done',e=>e.code??e.name));
    return out}`);
  expect(tried).toEqual(['E_LIMIT', 'E_LIMIT', 'TypeError', 'done']);
});

it('gives null for nothing', async () => {
  expect(await inside('()=>undefined')).toBe(null);
  expect(await inside('()=>()=>1')).toBe(null);
});

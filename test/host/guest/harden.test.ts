// A guest reaches for Node, for code from strings, for anything of the worker (THREATS.md H4, H7): there is nothing.
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { closeAfterEach, inside } from '../guest-fixture.ts';

closeAfterEach();

/** Everything reachable from the global object, the arguments of a call, syntax and errors: prototypes, values, accessors. */
const WALK = `
const seen=new Set(),queue=[];
const add=(value)=>{if(value!==null&&(typeof value==='object'||typeof value==='function')&&!seen.has(value)){seen.add(value);queue.push(value)}};
const walk=(...roots)=>{
  roots.forEach(add);
  for(const name of Object.getOwnPropertyNames(globalThis))add(globalThis[name]);
  [new URL('https://e.org/?a=1').searchParams.entries(),new Headers({a:'1'}),new Headers().entries(),new Request('https://e.org/'),
   new Response('x'),new Response('x').body.getReader(),new TextDecoder(),new TextEncoder(),new AbortController(),AbortSignal.abort(),
   new Event('x'),new DOMException('x'),crypto.subtle,fetch('x').catch(()=>1),(()=>{try{new URL('x')}catch(e){return e}})(),
   structuredClone(new Map([[1,2]]))].forEach(add);
  [()=>1,async()=>1,function*(){},async function*(){},(function*(){})(),(async function*(){})(),[][Symbol.iterator](),new Map().entries(),
   new Set().values(),''[Symbol.iterator](),'a'.matchAll(/a/g),new Proxy({},{}),Symbol.prototype,1n.constructor,(()=>{try{null.x}catch(e){return e}})(),
   (()=>{try{(()=>{const f=()=>f();f()})()}catch(e){return e}})(),Promise.resolve(),new Error('x',{cause:1}),new (class{#p=1;static q(){}})(),
   (function(){return arguments})(1),Intl.DateTimeFormat().format].forEach(add);
  while(queue.length){const holder=queue.pop();add(Object.getPrototypeOf(holder));
    for(const key of Reflect.ownKeys(holder)){const own=Reflect.getOwnPropertyDescriptor(holder,key);add(own.value);add(own.get);add(own.set)}}
  return seen};`;

/** What a bare context has, but for V8's own console. */
const inJavaScript = new Set(runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]);
inJavaScript.delete('console');
const WEB =
  'AbortController AbortSignal DOMException Event EventTarget Headers Request Response TextDecoder TextEncoder URL ' +
  'URLSearchParams atob btoa clearInterval clearTimeout console crypto fetch performance queueMicrotask self setInterval ' +
  'setTimeout structuredClone';

it('finds only JavaScript itself and the named globals of the web on the global object', async () => {
  const names = (await inside('()=>Object.getOwnPropertyNames(globalThis)')) as string[];
  const foreign = names.filter((name) => !(name in globalThis));
  expect(foreign).toEqual(['self']);
  const web = names.filter((name) => !inJavaScript.has(name));
  expect(web.sort()).toEqual(WEB.split(' '));
  const gone = [
    ...['process', 'require', 'module', 'global', 'Buffer', 'ivm', 'setImmediate'],
    ...['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'eval', 'Temporal'],
    ...['__signet_port', '__signet_define', '__signet_failed', 'gc', 'ShadowRealm', 'navigator'],
  ];
  expect(names.filter((name) => gone.includes(name))).toEqual([]);
  expect(names).toContain('Promise');
});

it('reaches no constructor that makes code from strings, from any function there is', async () => {
  const found = await inside(
    `(input,ctx)=>{const made=[];let functions=0;
      for(const value of walk(globalThis,input,ctx)){
        if(typeof value!=='function')continue;
        functions++;
        for(const maker of [value.constructor,value.__proto__?.constructor,value.prototype?.constructor?.constructor]){
          if(typeof maker!=='function'||typeof maker.prototype!=='function')continue;
          for(const make of [()=>maker('return 1'),()=>new maker('return 1'),()=>Reflect.construct(maker,['return 1'],Object)]){
            try{if(typeof make()==='function')made.push(String(value.name))}catch{}}}}
      return {made,many:functions>500}}`,
    WALK,
  );
  expect(found).toEqual({ made: [], many: true });
});

it('reaches nothing of the worker: no Reference, no Isolate, no object that is not the realm’s own', async () => {
  const found = await inside(
    `(input,ctx)=>{const names=/^(Isolate|Context|Reference|ExternalCopy|Callback|Script|Module|NativeModule|InspectorSession|Dereference|Copy|Socket|Buffer|Timeout)$/;
      const strange=[];
      for(const value of walk(globalThis,input,ctx)){
        const name=Reflect.getOwnPropertyDescriptor(value,'name')?.value;
        if(typeof value==='function'&&names.test(name))strange.push(name);
        let root=value;for(let next;(next=Object.getPrototypeOf(root))!==null;)root=next;
        if(root!==Object.prototype&&root!==value)strange.push(String(name));
      }
      return strange}`,
    WALK,
  );
  expect(found).toEqual([]);
});

describe('known ways out', () => {
  it.each([
    ['Function', "()=>{try{return typeof Function('return 1')}catch(e){return e.constructor===TypeError}}"],
    [
      'new Function',
      "()=>{try{return typeof new Function('return 1')}catch(e){return e.constructor===TypeError}}",
    ],
    [
      'a subclass of Function',
      "()=>{try{return typeof new (class extends Function{})('return 1')}catch(e){return e instanceof TypeError}}",
    ],
    [
      'AsyncFunction',
      "()=>{try{return typeof (async()=>1).constructor('1')}catch(e){return e instanceof TypeError}}",
    ],
    [
      'GeneratorFunction',
      "()=>{try{return typeof (function*(){}).constructor('1')}catch(e){return e instanceof TypeError}}",
    ],
    [
      'the parent of GeneratorFunction',
      "()=>typeof Object.getPrototypeOf((function*(){}).constructor)('1')!=='function'",
    ],
    [
      'setting a constructor back',
      "()=>{try{(()=>1).__proto__.constructor=1;Object.defineProperty(Function.prototype,'constructor',{value:1});return 'set'}catch{return Function.prototype.constructor!==1}}",
    ],
    [
      'import()',
      "async()=>{try{await import('node:fs');return 'imported'}catch(e){return e.constructor.constructor===Function}}",
    ],
    [
      'a formatter of stacks',
      "()=>{let frames;try{Error.prepareStackTrace=(_,f)=>{frames=f}}catch{}try{Object.defineProperty(Error,'prepareStackTrace',{value:(_,f)=>{frames=f}})}catch{}void new Error('x').stack;return frames===undefined}",
    ],
    [
      'structured stacks of captureStackTrace',
      "()=>{const o={};Error.captureStackTrace(o);return typeof o.stack==='string'}",
    ],
    [
      'the caller of a sloppy function',
      'function run(){return run.caller===null&&run.arguments.callee.caller===null}',
    ],
    ['this of a sloppy function', '()=>(function(){return this})()===globalThis'],
    [
      'eval through its name',
      "()=>{try{return typeof eval('1')}catch(e){return e instanceof ReferenceError}}",
    ],
  ])('%s', async (_, run) => {
    expect(await inside(run)).toBe(true);
  });
});

it('cannot change what then means for the prelude', async () => {
  const tried = `()=>{const out=[];
    for(const change of [()=>{Promise.prototype.then=()=>'mine'},()=>{Object.defineProperty(Promise.prototype,'then',{value:1})},
      ()=>{Object.defineProperty(Promise.prototype,'constructor',{get(){return 1}})},()=>{Object.defineProperty(Promise,Symbol.species,{value:1})}])
      try{change();out.push('changed')}catch{out.push('locked')}
    return out}`;
  // The bundle is sloppy: an assignment that does nothing does not throw.
  expect(await inside(tried)).toEqual(['changed', 'locked', 'locked', 'locked']);
  expect(await inside("()=>{Promise.prototype.then=()=>'mine';return Promise.resolve(7)}")).toBe(7);
});

it('leaves what honest libraries use', async () => {
  const used = `()=>[(()=>1) instanceof Function,Function.prototype.call.call(()=>2),[3].map(Number)[0],new Date(4).getTime(),
    typeof Intl,typeof WeakMap,typeof Proxy,JSON.stringify({a:1}),encodeURIComponent('ä'),new Error('x').stack.includes('bundle.js')]`;
  expect(await inside(used)).toEqual([
    true,
    2,
    3,
    4,
    'object',
    'function',
    'function',
    '{"a":1}',
    '%C3%A4',
    true,
  ]);
});

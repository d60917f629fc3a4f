// The web's globals in a real isolate, each through its own name (DESIGN.md §4 "Guest").
import { expect, it } from 'vitest';
import { closeAfterEach, inside } from '../../guest-fixture.ts';

closeAfterEach();

it.each([
  ['URL', "()=>new URL('../b?x=1#y','https://Ex.org:443/a/c').href", 'https://ex.org/b?x=1#y'],
  ['URLSearchParams', "()=>new URLSearchParams({a:'ä b'}).toString()", 'a=%C3%A4+b'],
  [
    'searchParams',
    "()=>{const u=new URL('https://e.org/');u.searchParams.set('q','1');return u.href}",
    'https://e.org/?q=1',
  ],
  ['TextEncoder', "()=>[...new TextEncoder().encode('ä€😀')]", [...Buffer.from('ä€😀')]],
  ['TextDecoder', '()=>new TextDecoder().decode(new Uint8Array([0xef,0xbb,0xbf,0xc3,0xa4]))', 'ä'],
  ['atob and btoa', "()=>[btoa('ä'),atob('5A==')]", ['5A==', 'ä']],
  [
    'structuredClone',
    '()=>{const a={m:new Map([[1,2]])};a.self=a;const b=structuredClone(a);return [b.self===b,b!==a,b.m.get(1)]}',
    [true, true, 2],
  ],
  [
    'AbortController',
    '()=>{const c=new AbortController();c.abort();return [c.signal.aborted,c.signal.reason.name]}',
    [true, 'AbortError'],
  ],
  [
    'EventTarget',
    "()=>{const t=new EventTarget(),got=[];t.addEventListener('x',e=>got.push(e.type));t.dispatchEvent(new Event('x'));return got}",
    ['x'],
  ],
  [
    'DOMException',
    "()=>{const e=new DOMException('m','AbortError');return [e.name,e.code,e.message,e instanceof Error]}",
    ['AbortError', 20, 'm', true],
  ],
  [
    'queueMicrotask',
    'async()=>{const got=[];queueMicrotask(()=>got.push(2));got.push(1);await null;await null;return got}',
    [1, 2],
  ],
  [
    'crypto.getRandomValues',
    '()=>{const a=crypto.getRandomValues(new Uint8Array(32));return [a.length,a.some(x=>x>0)]}',
    [32, true],
  ],
  [
    'crypto.randomUUID',
    '()=>/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())',
    true,
  ],
  [
    'crypto.subtle.digest',
    "async()=>[...new Uint8Array(await crypto.subtle.digest('SHA-1',new TextEncoder().encode('abc')))].slice(0,3)",
    [0xa9, 0x99, 0x3e],
  ],
  [
    'Headers',
    "()=>[...new Headers({b:'1',A:'2'})]",
    [
      ['a', '2'],
      ['b', '1'],
    ],
  ],
  ['Response', 'async()=>(await Response.json({a:1}).json()).a', 1],
  ['performance', '()=>[typeof performance.now(),performance.now()>=0]', ['number', true]],
  ['console', "()=>{console.log('a %s',1);return typeof console.error}", 'function'],
  ['clearTimeout', '()=>typeof clearTimeout(setTimeout(()=>1,1))', 'undefined'],
])('%s', async (_, run, expected) => {
  expect(await inside(run)).toEqual(expected);
});

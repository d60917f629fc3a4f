// The floor of `dispatch-inline`: the least that a call into an isolate of this process can be. JSON text pushed, microtasks, text
// drained; no verification, no schema, no grants, no journal, no limits.
import { createRequire } from 'node:module';

const GUEST = `(()=>{const{parse,stringify}=JSON;let out='';const handlers={echo:(x)=>x};
globalThis.push=(s)=>{for(const[id,name,value]of parse(s))Promise.resolve(handlers[name](value)).then((v)=>{const t=stringify(v);out+=id+' '+t.length+'\\n'+t})};
globalThis.drain=()=>{const o=out;out='';return o}})();undefined`;

/** A function that has a value echoed by an isolate. */
export function startPump(): (value: unknown) => unknown {
  const ivm = createRequire(import.meta.url)('isolated-vm') as typeof import('isolated-vm');
  const context = new ivm.Isolate({ memoryLimit: 64 }).createContextSync();
  context.evalSync(GUEST);
  const push = context.global.getSync('push', { reference: true });
  const drain = context.global.getSync('drain', { reference: true });
  let last = 0;
  return (value) => {
    push.applySync(undefined, [`[[${++last},"echo",${JSON.stringify(value)}]]`]);
    const drained = drain.applySync(undefined, []) as string;
    return JSON.parse(drained.slice(drained.indexOf('\n') + 1));
  };
}

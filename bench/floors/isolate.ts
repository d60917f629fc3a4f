// The floor of `cold-start`: a new isolate and context, and one script compiled from its code cache and run, in process.
import { createRequire } from 'node:module';
import type { ExternalCopy } from 'isolated-vm';

/** What isolated-vm's own types leave out. */
interface Cached {
  readonly cachedData?: ExternalCopy<ArrayBuffer>;
  readonly cachedDataRejected?: boolean;
}

const ivm = createRequire(import.meta.url)('isolated-vm') as typeof import('isolated-vm');

/** A function that makes a fresh isolate, runs the source with its cache, asks it once, and disposes of it. */
export function cachedIsolate(source: string): () => void {
  const script = `const table={};const register=(n,f)=>{table[n]=f};\n${source}\n;globalThis.ask=(s)=>s;undefined`;
  const maker = new ivm.Isolate({ memoryLimit: 64 });
  const { cachedData } = maker.compileScriptSync(script, { produceCachedData: true }) as Cached;
  if (cachedData === undefined) throw new Error('no code cache was made');
  return () => {
    const isolate = new ivm.Isolate({ memoryLimit: 64 });
    const context = isolate.createContextSync();
    const compiled = isolate.compileScriptSync(script, { cachedData });
    if ((compiled as Cached).cachedDataRejected === true) throw new Error('the code cache was refused');
    compiled.runSync(context);
    context.global.getSync('ask', { reference: true }).applySync(undefined, ['{}']);
    isolate.dispose();
  };
}

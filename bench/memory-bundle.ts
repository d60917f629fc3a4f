// `memory-bundle`: what a loaded bundle of 100 KB adds to its worker, beside what an isolate that has run the same code adds to a
// process by itself.
import { createRequire } from 'node:module';
import { residentBytes } from '../host/memory.ts';
import { innermost } from '../host/process-tree.ts';
import { Supervisor } from '../host/supervisor.ts';
import { sourceOf } from './measure.ts';
import type { Row } from './run.ts';

const BUNDLES = 100;
const AIM_MB = 1.7;
const MEGABYTE = 1024 * 1024;
const SOURCE = `const table={};const register=(n,f)=>{table[n]=f};\n${sourceOf(100_000)}\nglobalThis.kept=table;`;

export async function memoryBundle(): Promise<Row[]> {
  const floor = ofIsolates();
  const signet = await ofBundles();
  return [
    {
      id: 'memory-bundle',
      what: `resident memory of the worker for each loaded bundle of 100 KB, of ${BUNDLES}`,
      unit: 'MB',
      signet,
      floor,
      ratio: signet / floor,
      aim: `<= ${AIM_MB} MB`,
      met: signet <= AIM_MB,
    },
  ];
}

async function ofBundles(): Promise<number> {
  const supervisor = new Supervisor({ memoryMb: 4_096, spareAfterMs: Number.POSITIVE_INFINITY });
  const code = `${SOURCE}__signet_define([{kind:'skill',name:'echo',run:(x)=>x}]);undefined`;
  const open = (index: number) =>
    supervisor.open({
      digest: `bundle-${index}`,
      name: 'local/bench',
      version: '1.0.0',
      record: 'off',
      tenant: 't',
      domain: 'd',
      code,
      heapMb: 32,
    });
  try {
    await supervisor.prepare(code);
    await open(0);
    const held = () => residentBytes(innermost(supervisor.pids[0] as number) as number) as number;
    const before = held();
    for (let index = 1; index <= BUNDLES; index++) await open(index);
    return (held() - before) / BUNDLES / MEGABYTE;
  } finally {
    await supervisor.close();
  }
}

function ofIsolates(): number {
  const ivm = createRequire(import.meta.url)('isolated-vm') as typeof import('isolated-vm');
  const script = `${SOURCE};undefined`;
  const make = () => {
    const isolate = new ivm.Isolate({ memoryLimit: 32 });
    isolate.compileScriptSync(script).runSync(isolate.createContextSync());
    return isolate;
  };
  const first = make();
  const before = process.memoryUsage.rss();
  const isolates = Array.from({ length: BUNDLES }, make);
  const held = (process.memoryUsage.rss() - before) / BUNDLES / MEGABYTE;
  for (const isolate of [first, ...isolates]) isolate.dispose();
  return held;
}

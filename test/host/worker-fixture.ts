// Workers that are not honest: scripts started in the place of the real one, which speak on fd 3 as they like.
import { afterEach } from 'vitest';
import { bundledScripts } from '../../host/bundled.ts';
import { bytesFrame, FieldReader, FRAME, formatFields, numberedFrame } from '../../host/wire.ts';
import type { Loss, Request } from '../../host/worker-channel.ts';
import { type WorkerLimits, WorkerProcess } from '../../host/worker-process.ts';

const started = new Set<WorkerProcess>();

/** A worker of any script; its losses are collected. */
export function startWorker(
  script: string,
  limits: Partial<WorkerLimits> = {},
  command: readonly string[] = [],
): { worker: WorkerProcess; losses: Loss[] } {
  const losses: Loss[] = [];
  const all = { memoryBytes: () => 1 << 30, graceMs: 300, ...limits };
  const worker = new WorkerProcess({ script, command }, all, { onLost: (loss) => losses.push(loss) });
  started.add(worker);
  return { worker, losses };
}

/** The real worker, with its prelude. */
export async function startRealWorker(): Promise<{ worker: WorkerProcess; losses: Loss[] }> {
  const { worker: script, prelude } = await bundledScripts();
  const running = startWorker(script);
  running.worker.notify(bytesFrame(FRAME.prelude, 0, formatFields([prelude, new Uint8Array()])));
  return running;
}

export function closeWorkersAfterEach(): void {
  afterEach(async () => {
    await Promise.all([...started].map((worker) => worker.close()));
    started.clear();
  });
}

/**
 * A script that is up at once and answers every request in order: the nth element is an expression for the frames that answer
 * the nth, with `isolate` in scope and `frame(type, isolate, payload)` to make one.
 */
export function evilScript(answers: readonly string[]): string {
  return `const fs=require('node:fs');
const frame=(type,isolate,payload,used=0)=>{const body=Buffer.concat([Buffer.from([used,0,0,0]),Buffer.from(payload)]);const f=Buffer.alloc(9+body.length);
f.writeUInt32LE(5+body.length,0);f[4]=type;f.writeUInt32LE(isolate,5);body.copy(f,9);return f};
const answers=[${answers.map((answer) => `(isolate)=>${answer}`).join(',')}];
fs.writeSync(3,frame(${FRAME.ready},0,''));
let held=Buffer.alloc(0);const chunk=Buffer.alloc(65536);
for(;;){const n=fs.readSync(3,chunk,0,65536,null);if(n===0)process.exit(0);held=Buffer.concat([held,chunk.subarray(0,n)]);
while(held.length>=4&&held.length>=4+held.readUInt32LE(0)){const isolate=held.readUInt32LE(5);held=held.subarray(4+held.readUInt32LE(0));
const answer=answers.shift();if(answer)fs.writeSync(3,answer(isolate))}}`;
}

/** What a request came to: the answer's type and text, or why it was lost. */
export function ask(worker: WorkerProcess, frame: Buffer, options: Partial<Request> = {}): Promise<string> {
  return new Promise((resolve) => {
    worker.request(frame, {
      isolate: frame.readUInt32LE(5),
      expects: [FRAME.drained, FRAME.failed, FRAME.compiled],
      limitMs: 10_000,
      answered: (type, payload) => {
        const failed = type === FRAME.failed;
        resolve(failed ? `failed ${payload[0]} ${payload.toString('utf8', 1)}` : payload.toString('utf8'));
      },
      lost: ({ cause }, head) => resolve(`lost by ${cause}${head ? ', head' : ''}`),
      ...options,
    });
  });
}

export interface Recorded {
  readonly pushed: string;
  readonly drained: string;
}

/** What a fresh isolate drains when the recorded texts are pushed again. The first is the birth. */
export async function replay(
  worker: WorkerProcess,
  isolate: number,
  code: string,
  batches: readonly Recorded[],
): Promise<string[]> {
  const fields = formatFields([32, 10_000, batches[0]?.pushed ?? '', code, new Uint8Array()]);
  const drained = [await ask(worker, bytesFrame(FRAME.create, isolate, fields))];
  for (const { pushed } of batches.slice(1)) {
    drained.push(await ask(worker, numberedFrame(FRAME.push, isolate, 10_000, pushed)));
  }
  return drained;
}

/** Both code caches of a `compiled` payload. */
export function readCompiled(payload: Buffer): { prelude: Buffer; code: Buffer } {
  const fields = new FieldReader(Buffer.from(payload));
  return { prelude: fields.bytes(), code: fields.bytes() };
}

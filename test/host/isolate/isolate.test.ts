// The gate of isolated-vm, through the worker that runs it: loading, code caches, what is never taken for what it is not.
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bundledScripts } from '../../../host/bundled.ts';
import { addonPath } from '../../../host/isolate/isolate.ts';
import { bytesFrame, FAILURE, FRAME, formatFields, numberedFrame } from '../../../host/wire.ts';
import { HONEST } from '../guest-fixture.ts';
import { ask, closeWorkersAfterEach, readCompiled, startRealWorker, startWorker } from '../worker-fixture.ts';

closeWorkersAfterEach();

it('finds the native module of this engine', () => {
  expect(existsSync(addonPath())).toBe(true);
  expect(addonPath()).toMatch(/\.node$/);
});

const CREATE = (code: string, cache: Uint8Array = new Uint8Array(), isolate = 1): Buffer =>
  bytesFrame(FRAME.create, isolate, formatFields([32, 2_000, '[1,1]', code, cache]));
const CALL = (isolate = 1): Buffer =>
  numberedFrame(FRAME.push, isolate, 2_000, '[1,0,[1,"a","skill/echo",[1],false]]');

async function compile(code: string): Promise<{ prelude: Buffer; code: Buffer }> {
  const { worker } = await startRealWorker();
  const { prelude } = await bundledScripts();
  return new Promise((resolve, reject) => {
    worker.request(bytesFrame(FRAME.compile, 0, formatFields([prelude, code])), {
      isolate: 0,
      expects: [FRAME.compiled],
      limitMs: 10_000,
      answered: (_, payload) => resolve(readCompiled(payload)),
      lost: (loss) => reject(new Error(loss.reason)),
    });
  });
}

it('runs from code caches as it runs without', async () => {
  const caches = await compile(HONEST);
  expect(Math.min(caches.prelude.length, caches.code.length)).toBeGreaterThan(100);
  const { worker: script, prelude } = await bundledScripts();
  const { worker } = startWorker(script);
  worker.notify(bytesFrame(FRAME.prelude, 0, formatFields([prelude, caches.prelude])));
  expect(await ask(worker, CREATE(HONEST, caches.code))).toBe('');
  expect(await ask(worker, CALL())).toBe('2 a - 3\n[1]');
});

it('passes over a cache that V8 does not accept', async () => {
  const { worker } = await startRealWorker();
  expect(await ask(worker, CREATE(HONEST, Buffer.alloc(1_000, 7)))).toBe('');
  expect(await ask(worker, CALL())).toBe('2 a - 3\n[1]');
});

it('makes no cache of what is no script by itself', async () => {
  const { worker } = await startRealWorker();
  const { prelude } = await bundledScripts();
  const frame = bytesFrame(FRAME.compile, 0, formatFields([prelude, '}catch{};try{']));
  expect(await ask(worker, frame)).toMatch(new RegExp(`^failed ${FAILURE.guest} .*SyntaxError`));
});

it('takes whatever a promise is rejected with for what it is: nothing of the host', async () => {
  const { worker, losses } = await startRealWorker();
  const values = ['null', 'undefined', '5', '10n', 'Symbol()', '()=>1', '{message:1}', "new Error('x')"];
  const rejects = `(x)=>{${values.map((value) => `Promise.reject(${value})`).join(';')};return x}`;
  const code = `__signet_define([{kind:'skill',name:'echo',run:${rejects}}]);undefined`;
  expect(await ask(worker, CREATE(code))).toBe('');
  expect(await ask(worker, CALL())).toBe('2 a - 3\n[1]');
  for (const [index, value] of values.entries()) {
    expect(await ask(worker, CREATE(`Promise.reject(${value});${HONEST}`, undefined, index + 2))).toBe('');
    expect(await ask(worker, CALL(index + 2))).toBe('2 a - 3\n[1]');
  }
  expect(losses).toEqual([]);
});

it('says that an isolate is gone: never made, forgotten, failed', async () => {
  const { worker } = await startRealWorker();
  const gone = `failed ${FAILURE.gone} `;
  expect(await ask(worker, CALL())).toBe(gone);
  await ask(worker, CREATE(HONEST));
  worker.notify(bytesFrame(FRAME.dispose, 1));
  expect(await ask(worker, CALL())).toBe(gone);
  expect(await ask(worker, CREATE('for(;;);', undefined, 2))).toBe(`failed ${FAILURE.timeout} `);
  expect(await ask(worker, CALL(2))).toBe(gone);
});

it('keeps the lines of a bundle where they are in its stacks', async () => {
  const { worker } = await startRealWorker();
  const code = "throw new Error('here')";
  expect(await ask(worker, CREATE(code))).toContain('bundle.js:1:7');
});

// The pump's protocol, against the prelude itself in a real isolate.
import { expect, it } from 'vitest';
import { bundleOf } from '../guest-fixture.ts';
import { closeWorkersAfterEach, replay, startRealWorker } from '../worker-fixture.ts';

closeWorkersAfterEach();

const CODE = bundleOf({
  echo: '(x)=>x',
  dry: '(_,ctx)=>ctx.dryRun',
  ask: '(_,ctx)=>ctx.clock.now()',
  now: '()=>Date.now()',
});

async function pump(...pushed: string[]): Promise<string[]> {
  const { worker } = await startRealWorker();
  const batches = ['[1,2]', ...pushed].map((text) => ({ pushed: text, drained: '' }));
  return (await replay(worker, 1, CODE, batches)).slice(1);
}

it('answers calls, effects and their ends', async () => {
  expect(
    await pump(
      '[10,0,[1,"a","skill/echo",{"x":1},false],[1,"b","skill/dry",null,true]]',
      '[20,0,[1,"c","skill/ask",null,false],[1,"d","skill/now",null,false]]',
      '[30,0,[5,"c.1",{"now":5}]]',
    ),
  ).toEqual(['2 a - 7\n{"x":1}2 b - 4\ntrue', '4 c.1 clock 2\n{}2 d - 2\n20', '2 c - 1\n5']);
});

it('freezes an ended call: its answer is not taken, its refusal neither', async () => {
  const start = '[1,0,[1,"a","skill/ask",null,false]]';
  expect(await pump(start, '[1,0,[7,"a"]]', '[1,0,[5,"a.1",{"now":5}]]')).toEqual([
    '4 a.1 clock 2\n{}',
    '',
    '',
  ]);
  expect(await pump(start, '[1,0,[7,"a"],[6,"a.1",{"code":"E","message":"m"}]]')).toEqual([
    '4 a.1 clock 2\n{}',
    '',
  ]);
});

it('takes an answer once, and none that nobody waits for', async () => {
  expect(
    await pump(
      '[1,0,[1,"a","skill/ask",null,false]]',
      '[1,0,[5,"a.2",1],[5,"a",1],[5,"b.1",1],[7,"b"],[5,"a.1",{"now":1}],[5,"a.1",{"now":2}]]',
    ),
  ).toEqual(['4 a.1 clock 2\n{}', '2 a - 1\n1']);
});

it('has no function that was not provided, whatever objects inherit', async () => {
  const [drained] = await pump('[1,0,[1,"a","__proto__",null,false],[1,"b","toString",null,false]]');
  expect(drained).toMatch(/^3 a missing .*\n.*3 b missing /s);
});

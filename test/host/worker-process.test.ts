// A worker is never trusted (THREATS.md H2, H3, H9): what it says out of turn, too late or too big ends it.
import { describe, expect, it } from 'vitest';
import { bytesFrame, FRAME } from '../../host/wire.ts';
import { workerKit } from '../../host/worker-kit.ts';
import { JournalEntry } from '../../src/contracts/journal.ts';
import { isRunning } from './guest-fixture.ts';
import { ask, closeWorkersAfterEach, evilScript, startWorker } from './worker-fixture.ts';

closeWorkersAfterEach();

const { sandbox } = await workerKit('auto');
const WRAPPED: [string, readonly string[]][] = [
  ['behind nothing', []],
  [`behind ${sandbox.name}`, sandbox.command],
];

const request = (isolate = 1): Buffer => bytesFrame(FRAME.push, isolate, Buffer.from('x'));

it('gives the answers in the order of the requests', async () => {
  const { worker, losses } = startWorker(
    evilScript([`frame(${FRAME.drained},isolate,'one')`, `frame(${FRAME.failed},isolate,'\\x02two')`]),
  );
  expect(await Promise.all([ask(worker, request()), ask(worker, request(2))])).toEqual([
    'one',
    'failed 2 two',
  ]);
  expect(losses).toEqual([]);
});

it('is not blamed for an answer that lay unread while this process was held up', async () => {
  const { worker, losses } = startWorker(evilScript(Array(2).fill(`frame(${FRAME.drained},isolate,'one')`)), {
    graceMs: 20,
  });
  expect(await ask(worker, request())).toBe('one');
  const asked = ask(worker, request(), { limitMs: 20 });
  await new Promise(process.nextTick);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  expect(await asked).toBe('one');
  expect(losses).toEqual([]);
});

describe('is lost by', () => {
  it.each([
    ['an unknown frame', `frame(200,isolate,'')`],
    ['a frame of the other direction', `frame(${FRAME.push},isolate,'')`],
    ['an answer that the request does not have', `frame(${FRAME.ready},isolate,'')`],
    ['an answer for another isolate', `frame(${FRAME.drained},isolate+1,'')`],
    ['a frame that is too long', 'Buffer.from([255,255,255,255,1])'],
    ['a frame shorter than its header', 'Buffer.from([1,0,0,0,1])'],
  ])('%s', async (_, answer) => {
    const { worker, losses } = startWorker(evilScript([answer]));
    const outcomes = await Promise.all([ask(worker, request()), ask(worker, request(2))]);
    expect(outcomes).toEqual(['lost by protocol, head', 'lost by protocol']);
    expect(losses.map(({ cause }) => cause)).toEqual(['protocol']);
    expect(await ask(worker, request())).toBe('lost by protocol');
    await worker.exited;
    expect(isRunning(worker.pid as number)).toBe(false);
  });

  it('a second answer to one request', async () => {
    const answer = `frame(${FRAME.drained},isolate,'')`;
    const { worker, losses } = startWorker(evilScript([`Buffer.concat([${answer},${answer}])`]));
    expect(await ask(worker, request())).toBe('');
    await worker.exited;
    expect(losses.map(({ cause }) => cause)).toEqual(['protocol']);
  });

  it('the beginning of a frame that nobody asked for, byte by byte', async () => {
    const ready = bytesFrame(FRAME.ready, 0, Buffer.alloc(4)).toString('latin1');
    const { worker, losses } = startWorker(`const fs=require('node:fs');
fs.writeSync(3,Buffer.from(${JSON.stringify(ready)}+'\\0\\0\\0\\x02','latin1'));for(;;)fs.writeSync(3,Buffer.of(1))`);
    await worker.exited;
    expect(losses.map(({ cause }) => cause)).toEqual(['protocol']);
  });

  it('an answer that its reader refuses', async () => {
    const { worker } = startWorker(evilScript([`frame(${FRAME.drained},isolate,'')`]));
    const refuse = (): never => {
      throw new Error('malformed');
    };
    expect(await ask(worker, request(), { answered: refuse })).toBe('lost by protocol, head');
  });

  it('no answer in time', async () => {
    const { worker } = startWorker(evilScript(['(()=>{for(;;);})()']), { graceMs: 50 });
    const outcomes = await Promise.all([ask(worker, request(), { limitMs: 50 }), ask(worker, request(2))]);
    expect(outcomes).toEqual(['lost by hang, head', 'lost by hang']);
  });

  it('its end', async () => {
    const { worker, losses } = startWorker(
      evilScript(["(()=>{console.error('bye \\u202e');process.exit(3)})()"]),
    );
    expect(await ask(worker, request())).toBe('lost by exit, head');
    expect(losses[0]?.reason).toMatch(/^it ended by exit 3/);
  });

  it('its end, in words that the journal takes, whatever it said', async () => {
    const { worker, losses } = startWorker(
      evilScript([
        "(()=>{console.error('\\u{e0001}'.repeat(400)+'\\ud800😀'.repeat(60));process.exit(3)})()",
      ]),
    );
    expect(await ask(worker, request())).toBe('lost by exit, head');
    const reason = losses[0]?.reason ?? '';
    expect(reason).toContain('saying: \\u{e0001}');
    const record = { type: 'worker.lost', at: 1, domain: 'd', reason };
    expect(JournalEntry.safeParse(record).success).toBe(true);
    expect(reason.isWellFormed()).toBe(true);
  });

  it('a script that does not start', async () => {
    const { worker } = startWorker('this is no script');
    expect(await ask(worker, request())).toBe('lost by exit');
  });

  it.runIf(process.platform === 'linux').each(WRAPPED)('memory above its ceiling, %s', async (_, command) => {
    const script = evilScript(['(()=>{const a=[];for(;;)a.push(Buffer.alloc(1<<20,1))})()']);
    const { worker } = startWorker(script, { memoryBytes: () => 200 << 20 }, command);
    expect(await ask(worker, request())).toBe('lost by memory, head');
  });

  it.each(WRAPPED)('someone who kills its engine, %s', async (_, command) => {
    const { worker, losses } = startWorker(evilScript([`frame(${FRAME.drained},isolate,'')`]), {}, command);
    expect(await ask(worker, request())).toBe('');
    const asked = ask(worker, request());
    process.kill(worker.enginePid as number, 'SIGKILL');
    expect(await asked).toBe('lost by killed, head');
    expect(losses[0]?.reason).toBe('it ended by SIGKILL');
    await worker.exited;
    expect(isRunning(worker.pid as number)).toBe(false);
  });

  it('being closed', async () => {
    const { worker } = startWorker(evilScript([]));
    const asked = ask(worker, request());
    await worker.close();
    expect(await asked).toMatch(/^lost by closed/);
    expect(isRunning(worker.pid as number)).toBe(false);
  });
});

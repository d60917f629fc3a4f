// A guest outlives its isolates: what a lost one never saw runs in the next (DESIGN.md §4).
import { expect, it } from 'vitest';
import type { EffectAnswer } from '../../host/call.ts';
import {
  bundleOf,
  callOptions,
  closeAfterEach,
  listen,
  openGuest,
  outcomeOf,
  supervise,
} from './guest-fixture.ts';

closeAfterEach();

const CODE = bundleOf(
  { loop: '()=>{for(;;);}', count: '()=>++n', wait: '(_,ctx)=>ctx.clock.now()' },
  'let n=0;',
);

it('runs the calls that came while a lost isolate was busy in the next one', async () => {
  const isolates = new Set<number>();
  const guest = await openGuest(supervise({ tape: listen((isolate) => isolates.add(isolate)) }), CODE);
  expect(await guest.call('skill/count', '{}', callOptions())).toBe('1');
  const looping = outcomeOf(guest.call('skill/loop', '{}', callOptions({ wallMs: 300 })));
  // Sent by then: the next call waits for a batch of its own.
  await new Promise(setImmediate);
  const counting = guest.call('skill/count', '{}', callOptions());
  expect(await looping).toBe('E_TIMEOUT');
  expect(await counting).toBe('1');
  expect(isolates.size).toBe(2);
});

it('fails the calls that a lost isolate had begun for another', async () => {
  const guest = await openGuest(supervise(), CODE);
  let asked = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const perform = () => {
    asked();
    return new Promise<never>(() => undefined);
  };
  const waiting = outcomeOf(guest.call('skill/wait', '{}', callOptions({ perform })));
  await reached;
  expect(await outcomeOf(guest.call('skill/loop', '{}', callOptions({ wallMs: 100 })))).toBe('E_TIMEOUT');
  expect(await waiting).toBe('E_WORKER_LOST');
  expect(guest.alive).toBe(true);
});

it('reports every time that its bundle cannot be loaded again', async () => {
  // Loads once only: the virtual clock is the sole thing that differs.
  let now = 1;
  const picky = supervise({ now: () => now });
  const guest = await openGuest(
    picky,
    bundleOf({ loop: '()=>{for(;;);}' }, "if(Date.now()>1)throw new Error('late');"),
  );
  now = 2;
  expect(await outcomeOf(guest.call('skill/loop', '{}', callOptions({ wallMs: 100 })))).toBe('E_TIMEOUT');
  const options = () => callOptions({ wallMs: 5_000 });
  expect(await outcomeOf(guest.call('skill/loop', '{}', options()))).toBe('E_GUEST');
  expect(await outcomeOf(guest.call('skill/loop', '{}', options()))).toBe('E_GUEST');
});

it('begins another generation after its calls, and ends the old one with the last of them', async () => {
  const ids: number[] = [];
  const supervisor = supervise({ generationCalls: 2, tape: listen((isolate) => ids.push(isolate)) });
  const guest = await openGuest(supervisor, CODE);
  const count = () => guest.call('skill/count', '{}', callOptions());
  expect([await count(), await count(), await count()]).toEqual(['1', '2', '1']);
  // One that waits holds its own generation, not the next ones.
  const answers: ((answer: EffectAnswer) => void)[] = [];
  const perform = () => new Promise<EffectAnswer>((resolve) => answers.push(resolve));
  const waits = callOptions({ perform });
  const waiting = guest.call('skill/wait', '{}', waits);
  while (answers.length === 0) await new Promise(setImmediate);
  expect([await count(), await count(), await count()]).toEqual(['1', '2', '1']);
  expect(await outcomeOf(guest.call('skill/count', '{}', callOptions({ callId: waits.callId })))).toBe(
    'E_USAGE',
  );
  answers[0]?.({ ok: true, value: '{"now":7}' });
  expect(await waiting).toBe('7');
  expect(new Set(ids).size).toBe(4);
});

it('fails what a generation that had its calls still waits for, when it is closed', async () => {
  const guest = await openGuest(supervise({ generationCalls: 1 }), CODE);
  const asked = Promise.withResolvers<void>();
  const perform = () => {
    asked.resolve();
    return new Promise<never>(() => undefined);
  };
  const waiting = outcomeOf(guest.call('skill/wait', '{}', callOptions({ perform })));
  await asked.promise;
  expect(await guest.call('skill/count', '{}', callOptions())).toBe('1');
  guest.close();
  expect(await waiting).toBe('E_ABORTED');
});

it('hibernates where it is idle: its state is gone, then its worker; the next call begins anew', async () => {
  const lost: string[] = [];
  const supervisor = supervise({
    generationIdleMs: 0,
    workerIdleMs: 0,
    onWorkerLost: ({ reason }) => lost.push(reason),
  });
  const guest = await openGuest(supervisor, CODE);
  const atRest = async () => {
    while (supervisor.pids.length > 0) await new Promise(setImmediate);
  };
  await atRest();
  expect(await guest.call('skill/count', '{}', callOptions())).toBe('1');
  await atRest();
  expect(await guest.call('skill/count', '{}', callOptions())).toBe('1');
  expect([guest.alive, lost]).toEqual([true, []]);
});

it('never hibernates while a call waits', async () => {
  const supervisor = supervise({ generationIdleMs: 0, workerIdleMs: 0 });
  const guest = await openGuest(supervisor, CODE);
  const other = await openGuest(supervisor, CODE);
  const answer = Promise.withResolvers<EffectAnswer>();
  const waiting = guest.call('skill/wait', '{}', callOptions({ perform: () => answer.promise }));
  for (let turn = 0; turn < 50; turn++) await other.call('skill/count', '{}', callOptions());
  answer.resolve({ ok: true, value: '{"now":7}' });
  expect(await waiting).toBe('7');
});

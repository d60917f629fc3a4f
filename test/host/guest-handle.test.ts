// A guest outlives its isolates: what a lost one never saw runs in the next (DESIGN.md §4).
import { expect, it } from 'vitest';
import { bundleOf, callOptions, closeAfterEach, openGuest, outcomeOf, supervise } from './guest-fixture.ts';

closeAfterEach();

const CODE = bundleOf(
  { loop: '()=>{for(;;);}', count: '()=>++n', wait: '(_,ctx)=>ctx.clock.now()' },
  'let n=0;',
);

it('runs the calls that came while a lost isolate was busy in the next one', async () => {
  const isolates = new Set<number>();
  const guest = await openGuest(supervise({ onBatch: (isolate) => isolates.add(isolate) }), CODE);
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

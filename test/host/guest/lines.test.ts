// Console lines: one effect a batch, in time for the end of their call, bounded, and no matter to the call.
import { expect, it } from 'vitest';
import type { Effect } from '../../../host/call.ts';
import { bundleOf, callOptions, closeAfterEach, openGuest, supervise } from '../guest-fixture.ts';

closeAfterEach();

function collect() {
  const effects: { level: string; message: string }[][] = [];
  const perform = async ({ capability, args }: Effect) => {
    if (capability === 'log.lines') effects.push((JSON.parse(args) as { lines: (typeof effects)[0] }).lines);
    return { ok: true as const, value: '{"now":1}' };
  };
  return { effects, perform };
}

it('are one effect a batch, also those of a call that ends with them', async () => {
  const { effects, perform } = collect();
  const guest = await openGuest(
    supervise(),
    bundleOf(
      {
        run: '()=>{for(let i=0;i<300;i++)console.log("line",i);return 1}',
        fail: '()=>{console.error("before");throw new Error("x")}',
        twice: 'async(_,ctx)=>{console.log("a");console.warn("b");await ctx.clock.now();console.debug("c")}',
      },
      'console.log("module")',
    ),
  );
  await guest.call('skill/run', '{}', callOptions({ perform, effects: 1 }));
  expect(effects).toEqual([Array.from({ length: 300 }, (_, i) => ({ level: 'info', message: `line ${i}` }))]);
  effects.length = 0;
  await expect(guest.call('skill/fail', '{}', callOptions({ perform }))).rejects.toMatchObject({
    code: 'E_GUEST',
  });
  await guest.call('skill/twice', '{}', callOptions({ perform }));
  expect(effects.map((lines) => lines.map(({ level, message }) => `${level} ${message}`))).toEqual([
    ['error before'],
    ['info a', 'warn b'],
    ['debug c'],
  ]);
});

it('end where a call wrote its share', async () => {
  const { effects, perform } = collect();
  const guest = await openGuest(
    supervise(),
    bundleOf({ run: '()=>{for(let i=0;i<1e5;i++)console.log("x".repeat(1000));return 1}' }),
  );
  await guest.call('skill/run', '{}', callOptions({ perform }));
  const lines = effects.flat();
  expect(lines.length).toBeLessThan(300);
  expect(effects.length).toBeLessThan(12);
  expect(lines.at(-1)?.message).toBe('too much is written to the console: the rest is dropped');
});

it('may be refused: no call fails of it', async () => {
  const asked: string[] = [];
  const perform = async ({ capability }: Effect) => {
    asked.push(capability);
    return { ok: false as const, code: 'E_CAPABILITY_DENIED', message: 'log is not asked for' };
  };
  const run =
    'async(_,ctx)=>{console.log(1);await ctx.clock.now().catch(()=>1);console.log(2);return "done"}';
  const guest = await openGuest(supervise(), bundleOf({ run }));
  expect(await guest.call('skill/run', '{}', callOptions({ perform }))).toBe('"done"');
  expect(asked).toEqual(['clock', 'log.lines', 'log.lines']);
});

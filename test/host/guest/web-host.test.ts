// What the web's globals get of the prelude, over real calls of it.
import { expect, it } from 'vitest';
import type { Effect } from '../../../host/call.ts';
import { bundleOf, callOptions, closeAfterEach, openGuest, outcomeOf, supervise } from '../guest-fixture.ts';

closeAfterEach();

it('writes lines at once, also those of a call that ends with them; beyond its share none', async () => {
  const lines: unknown[] = [];
  const perform = async ({ capability, args }: Effect) => {
    if (capability === 'log') lines.push((JSON.parse(args) as { message: string }).message);
    return { ok: true as const, value: 'null' };
  };
  const guest = await openGuest(
    supervise(),
    bundleOf(
      {
        few: '()=>{for(let i=0;i<40;i++)console.log("line",i)}',
        many: '()=>{for(let i=0;i<1000;i++)console.log(i)}',
      },
      'console.log("module")',
    ),
  );
  await guest.call('skill/few', '{}', callOptions({ perform }));
  expect(lines).toEqual(Array.from({ length: 40 }, (_, index) => `line ${index}`));
  lines.length = 0;
  await guest.call('skill/many', '{}', callOptions({ perform, effects: 1_000 }));
  expect(lines).toHaveLength(201);
  expect(lines.at(-1)).toBe('more than 200 lines: the rest is dropped');
});

it('asks no more after a line was refused, and no call fails of it', async () => {
  let asked = 0;
  const perform = async () => {
    asked++;
    return { ok: false as const, code: 'E_CAPABILITY_DENIED', message: 'log is not asked for' };
  };
  const guest = await openGuest(
    supervise(),
    bundleOf({
      run: 'async(_,ctx)=>{console.log(1);await ctx.clock.now().catch(()=>1);console.log(2);return "done"}',
    }),
  );
  for (let call = 0; call < 2; call++) {
    expect(await guest.call('skill/run', '{}', callOptions({ perform }))).toBe('"done"');
  }
  expect(asked).toBe(3);
});

it.each([
  ['a microtask', 'queueMicrotask(()=>{throw new Error("mine")})'],
  [
    'a listener',
    'const t=new EventTarget();t.addEventListener("x",()=>{throw new Error("mine")});t.dispatchEvent(new Event("x"))',
  ],
])('fails the call of what %s throws', async (_, code) => {
  const guest = await openGuest(
    supervise(),
    bundleOf({ run: `()=>{${code};return new Promise(()=>1)}`, echo: '(x)=>x' }),
  );
  await expect(guest.call('skill/run', '{}', callOptions())).rejects.toMatchObject({
    code: 'E_GUEST',
    message: expect.stringContaining('mine'),
  });
  expect(await outcomeOf(guest.call('skill/echo', '1', callOptions()))).toBe('ok 1');
});

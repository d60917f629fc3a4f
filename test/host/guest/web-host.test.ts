// What the web's globals get of the prelude, over real calls of it.
import { expect, it } from 'vitest';
import { bundleOf, callOptions, closeAfterEach, openGuest, outcomeOf, supervise } from '../guest-fixture.ts';

closeAfterEach();

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

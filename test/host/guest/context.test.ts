// `ctx`: each of its functions as one effect, and its answer (DESIGN.md §4 "Capabilities").
import { expect, it } from 'vitest';
import type { Effect } from '../../../host/call.ts';
import { createContext } from '../../../host/guest/context.ts';
import { bundleOf, callOptions, closeAfterEach, openGuest, supervise } from '../guest-fixture.ts';

closeAfterEach();

it.each([
  ["ctx.log.info('m')", 'log', { level: 'info', message: 'm' }, null, null],
  ["ctx.log.debug('m',{a:1})", 'log', { level: 'debug', message: 'm', data: { a: 1 } }, null, null],
  ['ctx.log.warn(1)', 'log', { level: 'warn', message: '1' }, null, null],
  ['ctx.log.error({})', 'log', { level: 'error', message: 'an object' }, null, null],
  ['ctx.clock.now()', 'clock', {}, { now: 7 }, 7],
  ['ctx.random.bytes(2)', 'random', { bytes: 2 }, { base64: '/+8=' }, { 0: 255, 1: 239 }],
  ["ctx.fs.readText('a')", 'fs.read', { path: 'a' }, { text: 'b' }, 'b'],
  ["ctx.fs.readBytes('a')", 'fs.read', { path: 'a', encoding: 'base64' }, { base64: 'AQ==' }, { 0: 1 }],
  ["ctx.fs.list('a')", 'fs.list', { path: 'a' }, { entries: [] }, []],
  ["ctx.fs.writeText('a','b')", 'fs.write', { path: 'a', text: 'b' }, { status: 'done' }, { status: 'done' }],
  [
    "ctx.fs.writeBytes('a',new Uint8Array([251,255]),'create')",
    'fs.write',
    { path: 'a', base64: '+/8=', mode: 'create' },
    { status: 'would', action: 'w' },
    { status: 'would', action: 'w' },
  ],
  ["ctx.http({url:'u'})", 'http', { url: 'u' }, { status: 'done' }, { status: 'done' }],
  ["ctx.secret.verify({name:'n'})", 'secret.verify', { name: 'n' }, { valid: true }, { valid: true }],
  ["ctx.invoke('skill/x',{a:1})", 'invoke', { function: 'skill/x', input: { a: 1 } }, { output: [2] }, [2]],
  ["ctx.model({role:'r'})", 'model', { role: 'r' }, { text: 't' }, { text: 't' }],
  [
    "ctx.exec({command:'x'})",
    'exec',
    { command: 'x' },
    { status: 'done', exitCode: 0 },
    { status: 'done', exitCode: 0 },
  ],
  ["ctx.kv.get('k')", 'kv.get', { key: 'k' }, { value: [1] }, [1]],
  ["ctx.kv.set('k',null)", 'kv.set', { key: 'k', value: null }, { status: 'done' }, { status: 'done' }],
  ["ctx.kv.delete('k')", 'kv.delete', { key: 'k' }, { status: 'done' }, { status: 'done' }],
  ["ctx.kv.list('p')", 'kv.list', { prefix: 'p' }, { keys: ['p1'] }, ['p1']],
  ['ctx.kv.list()', 'kv.list', {}, { keys: [] }, []],
])('%s', async (expression, capability, args, answer, result) => {
  const effects: Effect[] = [];
  const guest = await openGuest(supervise(), bundleOf({ run: `(_,ctx)=>${expression}` }));
  const perform = async (effect: Effect) => {
    effects.push(effect);
    return { ok: true as const, value: JSON.stringify(answer) };
  };
  const output = await guest.call('skill/run', '{}', callOptions({ perform }));
  expect(JSON.parse(output)).toEqual(result);
  expect(effects.map((effect) => [effect.capability, JSON.parse(effect.args)])).toEqual([[capability, args]]);
});

it('rejects a refused effect with its code and sentence', async () => {
  const guest = await openGuest(
    supervise(),
    bundleOf({
      run: "async(_,ctx)=>{try{await ctx.fs.readText('a')}catch(e){return [e instanceof Error,e.code,e.message]}}",
    }),
  );
  expect(JSON.parse(await guest.call('skill/run', '{}', callOptions()))).toEqual([
    true,
    'E_CAPABILITY_DENIED',
    'fs.read is not granted',
  ]);
});

it('is frozen, and says whether the run is dry', () => {
  const ctx = createContext(() => Promise.resolve(null), true) as { dryRun: boolean; kv: object };
  expect(ctx.dryRun).toBe(true);
  expect(Object.isFrozen(ctx) && Object.isFrozen(ctx.kv)).toBe(true);
});

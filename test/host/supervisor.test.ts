// Isolates and workers under attack (THREATS.md H1-H3, H6, H9, H16, H17, H21); the attacks of the whole table are tried in whole
// hosts by test/hostile/host.test.ts. Outcomes are asserted by code, never by time.
import { describe, expect, it } from 'vitest';
import type { Guest, Supervisor } from '../../host/supervisor.ts';
import { MEMORY } from '../hostile/attacks.ts';
import {
  bundleOf,
  callOptions,
  closeAfterEach,
  HONEST,
  isRunning,
  openGuest,
  outcomeOf,
  supervise,
} from './guest-fixture.ts';

closeAfterEach();

describe('hostile bundles', () => {
  it('loses, with the worker that hangs, the calls of the same domain only', async () => {
    const lost: string[] = [];
    const supervisor = supervise({ onWorkerLost: ({ domain }) => lost.push(domain) });
    const hang = await openGuest(supervisor, bundleOf({ hang: '()=>String(3n**30000000n).length' }));
    const same = await openGuest(supervisor, HONEST);
    const other = await openGuest(supervisor, HONEST, { domain: 'other' });
    const [pid] = supervisor.pids as [number, number];
    const outcomes = await Promise.all([
      outcomeOf(hang.call('skill/hang', '{}', callOptions({ wallMs: 100 }))),
      outcomeOf(same.call('skill/echo', '1', callOptions())),
      outcomeOf(other.call('skill/echo', '1', callOptions())),
    ]);
    expect(outcomes).toEqual(['E_TIMEOUT', 'E_WORKER_LOST', 'ok 1']);
    expect(lost).toEqual(['domain']);
    expect(await same.call('skill/echo', '2', callOptions())).toBe('2');
    expect(isRunning(pid)).toBe(false);
  });

  it('answers its own domain while a call of it loops within the limit of its isolate', async () => {
    const lost: string[] = [];
    const supervisor = supervise({ onWorkerLost: ({ reason }) => lost.push(reason) });
    const loop = await openGuest(supervisor, bundleOf({ loop: '()=>{for(;;);}' }));
    const same = await openGuest(supervisor, HONEST);
    const looping = outcomeOf(loop.call('skill/loop', '{}', callOptions({ wallMs: 200 })));
    expect(await same.call('skill/echo', '1', callOptions())).toBe('1');
    expect(await looping).toBe('E_TIMEOUT');
    expect(lost).toEqual([]);
  });

  it('kills a worker above its memory ceiling', async () => {
    const reasons: string[] = [];
    const supervisor = supervise({ memoryMb: 1, onWorkerLost: ({ reason }) => reasons.push(reason) });
    const opened = outcomeOf(openGuest(supervisor, bundleOf({ echo: '(x)=>x' }, 'for(;;);'), { heapMb: 8 }));
    // Wherever it is when the watch looks: starting, or at the bundle.
    expect(['E_MEMORY', 'E_WORKER_LOST']).toContain(await opened);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain('bytes of memory');
  });
});

describe('bundles that cannot be loaded', () => {
  it.each([
    ['no script', 'this is no script', 'E_GUEST'],
    ['code that leaves its block', '}catch{};for(;;);try{', 'E_GUEST'],
    ['code that throws', "throw new Error('at start')", 'E_GUEST'],
    ['code that throws an error which loops', '(()=>{throw {get message(){for(;;);}}})()', 'E_TIMEOUT'],
    ['code that loops', 'for(;;);', 'E_TIMEOUT'],
    ['code that defines nothing', '1', 'E_GUEST'],
    ['code that defines twice', '__signet_define([]);__signet_define([])', 'E_GUEST'],
    ['code that defines no array', '__signet_define({})', 'E_GUEST'],
    ['code that defines no function', "__signet_define([{kind:'skill',name:'a'}])", 'E_GUEST'],
    [
      'code that defines a name twice',
      "const run=()=>1;__signet_define([{kind:'skill',name:'a',run},{kind:'skill',name:'a',run}])",
      'E_GUEST',
    ],
    ['a memory bomb', 'const a=[];for(;;)a.push([1,2,3])', 'E_MEMORY'],
  ])('%s', async (_, code, expected) => {
    const supervisor = supervise({ loadMs: expected === 'E_TIMEOUT' ? 200 : 5_000 });
    const known = expected === 'E_MEMORY' ? MEMORY : [expected];
    expect(known).toContain(await outcomeOf(openGuest(supervisor, code)));
    const twin = await openGuest(supervisor, HONEST);
    expect(await twin.call('skill/echo', '1', callOptions())).toBe('1');
  });

  it('quotes what a bundle said, bounded and escaped, and never as a code', async () => {
    const guest = await openGuest(
      supervise(),
      bundleOf({
        boom: "()=>{const e=new Error('\\u001b[31mred\\u202e'+'x'.repeat(9999));e.code='E_TIMEOUT';throw e}",
      }),
    );
    const error = await guest.call('skill/boom', '{}', callOptions()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'E_GUEST' });
    const { message } = error as Error;
    expect(message).toMatch(/^the bundle threw: E_TIMEOUT: \\u\{1b\}\[31mred\\u\{202e\}xxx/);
    expect(message.length).toBeLessThan(700);
  });
});

describe('tenants and calls', () => {
  const COUNTER = bundleOf(
    {
      count: '()=>++n',
      pollute:
        "()=>{Object.prototype.stolen='yes';globalThis.left='yes';Array.prototype.map=()=>['mine'];return 1}",
      look: '()=>[typeof ({}).stolen,typeof globalThis.left,[1].map(x=>x)[0]]',
    },
    'let n=0;',
  );

  it('shares no state between tenants, nor between bundles (H16, H21)', async () => {
    const supervisor = supervise();
    const digest = 'sha256:same';
    const a = await openGuest(supervisor, COUNTER, { digest, tenant: 'a' });
    const b = await openGuest(supervisor, COUNTER, { digest, tenant: 'b' });
    const again = await openGuest(supervisor, COUNTER, { digest, tenant: 'a' });
    expect(again).toBe(a);
    expect(await a.call('skill/count', '{}', callOptions())).toBe('1');
    expect(await a.call('skill/count', '{}', callOptions())).toBe('2');
    expect(await b.call('skill/count', '{}', callOptions())).toBe('1');
    await a.call('skill/pollute', '{}', callOptions());
    expect(await a.call('skill/look', '{}', callOptions())).toBe('["string","string","mine"]');
    expect(await b.call('skill/look', '{}', callOptions())).toBe('["undefined","undefined",1]');
  });

  it('keeps trust domains in processes of their own', async () => {
    const supervisor = supervise();
    await openGuest(supervisor, HONEST, { domain: 'one' });
    await openGuest(supervisor, HONEST, { domain: 'one' });
    expect(supervisor.workers).toBe(1);
    await openGuest(supervisor, HONEST, { domain: 'two' });
    expect(supervisor.pids).toHaveLength(2);
  });

  it('freezes what a call leaves running (H17)', async () => {
    const seen: string[] = [];
    const perform = async ({ id, capability }: { id: string; capability: string }) => {
      seen.push(`${id} ${capability}`);
      return { ok: true as const, value: '{"now":1}' };
    };
    const guest = await openGuest(
      supervise(),
      bundleOf(
        {
          leave: `(_,ctx)=>{
            ctx.clock.now().then(()=>{log.push('settled');return ctx.kv.set('a',1)}).then(()=>log.push('acted'));
            later=()=>{log.push('tried');ctx.kv.set('b',1).then(()=>log.push('acted'),()=>log.push('refused'))};
            return 1}`,
          probe: '()=>{later?.();return log}',
          report: '()=>log',
        },
        'const log=[];let later;',
      ),
    );
    await guest.call('skill/leave', '{}', callOptions({ callId: 'left', perform }));
    expect(await guest.call('skill/probe', '{}', callOptions({ perform }))).toBe('["tried"]');
    expect(await guest.call('skill/report', '{}', callOptions({ perform }))).toBe('["tried"]');
    // Asked for while the call was running; its answer came too late.
    expect(seen).toEqual(['left.1 clock']);
  });

  it('ends an aborted call, before and while it runs', async () => {
    const guest = await openGuest(
      supervise(),
      bundleOf({ wait: '(_,ctx)=>ctx.clock.now()', echo: '(x)=>x' }),
    );
    const before = callOptions({ signal: AbortSignal.abort() });
    expect(await outcomeOf(guest.call('skill/echo', '1', before))).toBe('E_ABORTED');
    const controller = new AbortController();
    const perform = () => {
      controller.abort();
      return new Promise<never>(() => undefined);
    };
    const during = callOptions({ signal: controller.signal, perform });
    expect(await outcomeOf(guest.call('skill/wait', '{}', during))).toBe('E_ABORTED');
    const twin = callOptions({ signal: new AbortController().signal });
    expect(await guest.call('skill/wait', '{}', twin)).toBe('1234');
  });

  it('ends a call whose effect never answers, and keeps the isolate', async () => {
    const guest = await openGuest(
      supervise(),
      bundleOf({ wait: '(_,ctx)=>ctx.clock.now()', count: '()=>++n' }, 'let n=0;'),
    );
    await guest.call('skill/count', '{}', callOptions());
    const perform = () => new Promise<never>(() => undefined);
    const options = callOptions({ wallMs: 50, perform });
    expect(await outcomeOf(guest.call('skill/wait', '{}', options))).toBe('E_TIMEOUT');
    expect(await guest.call('skill/count', '{}', callOptions())).toBe('2');
  });

  it('refuses malformed calls, and an unknown function', async () => {
    const guest = await openGuest(supervise(), HONEST);
    expect(await outcomeOf(guest.call('skill/echo', '1', callOptions({ callId: 'a.b' })))).toBe('E_USAGE');
    expect(await outcomeOf(guest.call('skill/echo', '1', callOptions({ wallMs: 0 })))).toBe('E_USAGE');
    expect(await outcomeOf(guest.call('skill/none', '1', callOptions()))).toBe('E_FUNCTION_UNKNOWN');
    expect(await outcomeOf(guest.call('skill/constructor', '1', callOptions()))).toBe('E_FUNCTION_UNKNOWN');
    const long = `"${'x'.repeat(16 * 1024 * 1024)}"`;
    expect(await outcomeOf(guest.call('skill/echo', long, callOptions()))).toBe('E_LIMIT');
    const twice = callOptions();
    const both = await Promise.all([
      outcomeOf(guest.call('skill/echo', '1', twice)),
      outcomeOf(guest.call('skill/echo', '1', twice)),
    ]);
    expect(both).toEqual(['ok 1', 'E_USAGE']);
  });
});

describe('closing', () => {
  const WAIT = bundleOf({ wait: '(_,ctx)=>ctx.clock.now()' });
  const never = () => new Promise<never>(() => undefined);

  async function waiting(supervisor: Supervisor): Promise<{ guest: Guest; outcome: Promise<string> }> {
    const guest = await openGuest(supervisor, WAIT);
    return { guest, outcome: outcomeOf(guest.call('skill/wait', '{}', callOptions({ perform: never }))) };
  }

  it('leaves no process, and fails what was in flight', async () => {
    const supervisor = supervise();
    const { guest, outcome } = await waiting(supervisor);
    const pids = supervisor.pids;
    await supervisor.close();
    expect(await outcome).toBe('E_ABORTED');
    expect(pids).toHaveLength(1);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(guest.alive).toBe(false);
    expect(await outcomeOf(guest.call('skill/wait', '{}', callOptions()))).toBe('E_ABORTED');
    expect(await outcomeOf(openGuest(supervisor, WAIT))).toBe('E_ABORTED');
  });

  it('closes one guest and leaves the other', async () => {
    const supervisor = supervise();
    const other = await openGuest(supervisor, HONEST);
    const { guest, outcome } = await waiting(supervisor);
    guest.close();
    expect(await outcome).toBe('E_ABORTED');
    expect(await other.call('skill/echo', '1', callOptions())).toBe('1');
  });
});

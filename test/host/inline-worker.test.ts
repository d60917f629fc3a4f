// Inline mode (DESIGN.md §4): only what the embedder named runs in its process, with the same outcomes as in a worker.
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { InlineWorker, inlineDigests } from '../../host/inline-worker.ts';
import { bytesFrame, FRAME } from '../../host/wire.ts';
import { bundleOf, callOptions, closeAfterEach, openGuest, outcomeOf, supervise } from './guest-fixture.ts';
import { refusal } from './refusal.ts';

closeAfterEach();

const CODE = bundleOf(
  {
    echo: '(x)=>x',
    ask: '(_,ctx)=>ctx.clock.now()',
    loop: '()=>{for(;;);}',
    bomb: '()=>{const a=[];for(;;)a.push({x:[1,2,3]})}',
    boom: "()=>{throw new Error('boom')}",
    wait: '()=>new Promise(()=>{})',
    count: '()=>++n',
    node: '()=>[typeof process,typeof require,typeof globalThis.__signet_port,(()=>{}).constructor.name]',
  },
  'let n=0;',
);
const digest = `sha256:${'1'.repeat(64)}`;
const inline = [digest];
const open = (supervisor = supervise({ inline })) => openGuest(supervisor, CODE, { digest });

it('starts no process for a bundle that was named, and one for any other', async () => {
  const supervisor = supervise({ inline });
  const guest = await open(supervisor);
  expect(await guest.call('skill/echo', '{"a":[1,"ü"]}', callOptions())).toBe('{"a":[1,"ü"]}');
  expect(await guest.call('skill/ask', '{}', callOptions())).toBe('1234');
  expect(supervisor.pids).toEqual([]);
  const other = await openGuest(supervisor, CODE, { digest: 'sha256:other' });
  expect(await other.call('skill/echo', '1', callOptions())).toBe('1');
  expect(supervisor.pids).toHaveLength(1);
});

it('keeps its state between calls, and its tenants apart', async () => {
  const supervisor = supervise({ inline });
  const [a, b] = await Promise.all(
    ['a', 'b'].map((tenant) => openGuest(supervisor, CODE, { digest, tenant })),
  );
  expect(await a?.call('skill/count', '{}', callOptions())).toBe('1');
  expect(await a?.call('skill/count', '{}', callOptions())).toBe('2');
  expect(await b?.call('skill/count', '{}', callOptions())).toBe('1');
});

// name | codes
it.each([
  ['loop', ['E_TIMEOUT']],
  ['wait', ['E_TIMEOUT']],
  ['boom', ['E_GUEST']],
  ['missing', ['E_FUNCTION_UNKNOWN']],
  ['bomb', ['E_MEMORY', 'E_TIMEOUT']],
])('%s comes to the code that it has in a worker, and the next call is fine', async (name, codes) => {
  const guest = await open();
  const wallMs = name === 'bomb' ? 8_000 : 300;
  expect(codes).toContain(await outcomeOf(guest.call(`skill/${name}`, '{}', callOptions({ wallMs }))));
  expect(await guest.call('skill/echo', '"after"', callOptions())).toBe('"after"');
});

it('shows a bundle nothing of the process that it is in (H7)', async () => {
  const guest = await open();
  expect(await guest.call('skill/node', '{}', callOptions())).toBe(
    '["undefined","undefined","undefined","Function"]',
  );
});

it('answers in the order of the requests, in a later turn; the window is shared', async () => {
  const guest = await open();
  const inputs = Array.from({ length: 50 }, (_, index) => String(index));
  expect(await Promise.all(inputs.map((input) => guest.call('skill/echo', input, callOptions())))).toEqual(
    inputs,
  );
});

it('fails what is in flight when it is closed', async () => {
  const supervisor = supervise({ inline });
  const guest = await open(supervisor);
  const waiting = outcomeOf(guest.call('skill/wait', '{}', callOptions()));
  await new Promise(setImmediate);
  await supervisor.close();
  expect(await waiting).toBe('E_ABORTED');
  expect(await outcomeOf(guest.call('skill/echo', '1', callOptions()))).toBe('E_ABORTED');
});

it('ends the isolate whose answer its reader refuses, and goes on', async () => {
  const worker = new InlineWorker('', new Uint8Array());
  const lost = await new Promise<string>((resolve) => {
    worker.request(bytesFrame(FRAME.push, 7, Buffer.alloc(4)), {
      isolate: 7,
      expects: [FRAME.drained, FRAME.failed],
      limitMs: 1_000,
      answered: () => {
        throw new Error('malformed');
      },
      lost: ({ cause, culprit }) => resolve(`${cause} ${culprit}`),
    });
  });
  expect(lost).toBe('protocol 7');
  worker.close();
});

it('needs a process that was started for it, and digests', () => {
  const of = (flags: string[], given = inline) => refusal(() => inlineDigests(given, flags));
  expect(of(['--no-node-snapshot'])).toBe(undefined);
  expect(of(['--max-old-space-size=100'])).toBe('E_INLINE');
  expect(of([], [])).toBe(undefined);
  expect(of(['--no-node-snapshot'], ['local/tools'])).toBe('E_USAGE');
  const source = new URL('../../host/supervisor.ts', import.meta.url).href;
  const script = `const {Supervisor}=await import(${JSON.stringify(source)});
    new Supervisor({inline:[]});
    try{new Supervisor({inline:${JSON.stringify(inline)}});console.log('ok')}catch(error){console.log(error.code)}`;
  const run = (flags: string[], env = {}) =>
    spawnSync(process.execPath, [...flags, '--input-type=module', '--eval', script], {
      encoding: 'utf8',
      env,
    });
  expect(run([]).stdout.trim()).toBe('E_INLINE');
  expect(run(['--no-node-snapshot']).stdout.trim()).toBe('ok');
  expect(run([], { NODE_OPTIONS: '--no-node-snapshot' }).stdout.trim()).toBe('ok');
});

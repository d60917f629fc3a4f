// The worker process has nothing (DESIGN.md §4, THREATS.md H7): even code that takes it over reads no file, opens no socket,
// starts no process. And it does not outlive its supervisor.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { bytesFrame, FRAME, formatFields } from '../../../host/wire.ts';
import { workerKit } from '../../../host/worker-kit.ts';
import { isRunning } from '../guest-fixture.ts';
import { ask, closeWorkersAfterEach, evilScript, startRealWorker, startWorker } from '../worker-fixture.ts';

closeWorkersAfterEach();

/** What code in the worker process itself gets, past every isolate: its text or its error's code. */
async function taken(expression: string, command: readonly string[] = []): Promise<string> {
  const script = `const attempt=()=>{try{return String(${expression})}catch(error){return 'refused '+(error.code??error.name)}};`;
  const evil = script + evilScript([`frame(${FRAME.drained},isolate,attempt())`]);
  const { worker } = startWorker(evil, {}, command);
  return ask(worker, bytesFrame(FRAME.push, 1));
}

const { sandbox } = await workerKit('auto');

/** The permission model stands by itself, and so it does behind a wrapper. */
describe.each([
  ['behind nothing', []],
  [`behind ${sandbox.name}`, sandbox.command],
])('a worker that is taken over, %s,', (_, command) => {
  it.each([
    ['reads a file', "require('node:fs').readFileSync('/etc/passwd')"],
    ['lists a folder', "require('node:fs').readdirSync('/')"],
    ['writes a file', "require('node:fs').writeFileSync('/tmp/signet-escape','x')"],
    ['starts a program', "require('node:child_process').execSync('true')"],
    ['starts a thread', "new (require('node:worker_threads').Worker)('1',{eval:true})"],
    ['opens a database', "new (require('node:sqlite').DatabaseSync)('/etc/passwd')"],
    ['loads WASI', "new (require('node:wasi').WASI)({version:'preview1'})"],
    ['loads a package', "require('zod')"],
  ])('never %s', async (__, expression) => {
    expect(await taken(expression, command)).toMatch(
      /^refused (ERR_ACCESS_DENIED|ERR_UNKNOWN_BUILTIN_MODULE|MODULE_NOT_FOUND)$/,
    );
  });

  // Node 24's permission model knows nothing of sockets; `signet status` says so.
  it.skipIf(Number(process.versions.node.split('.')[0]) < 25)('never opens a socket', async () => {
    const script = `const net=require('node:net');let seen='none';
      try{net.connect(9,'127.0.0.1').on('error',(error)=>{seen=error.code})}catch(error){seen=error.code}
      const start=()=>{${evilScript([`frame(${FRAME.drained},isolate,seen)`])}};setTimeout(start,100);`;
    const { worker } = startWorker(script, {}, command);
    expect(await ask(worker, bytesFrame(FRAME.push, 1))).toBe('ERR_ACCESS_DENIED');
  });

  it('knows nothing of its environment', async () => {
    // A wrapper says where it is: at the top.
    const { PWD = '/', ...environment } = JSON.parse(await taken('JSON.stringify(process.env)', command));
    expect([environment, PWD]).toEqual([{ TZ: 'UTC', LC_ALL: 'C' }, '/']);
    expect(await taken('process.execArgv.includes("--permission")', command)).toBe('true');
    expect(await taken('1+1', command)).toBe('2');
  });
});

/** Node 24 has no `drop`. */
const canDrop = Number(process.versions.node.split('.')[0]) >= 26;

it.runIf(canDrop)('loads no second native module', async () => {
  const load = "process.dlopen({exports:{}},process.argv.at(-1)),'loaded'";
  expect(await taken(`(${load})`)).toBe('loaded');
  expect(await taken(`(process.permission.drop('addon'),${load})`)).toMatch(/^refused ERR_/);
  // The real one gave it up after its first.
  const { worker } = await startRealWorker();
  const frame = bytesFrame(FRAME.evaluate, 1, formatFields([16, 1_000, '"up"']));
  expect(await ask(worker, frame)).toBe('up');
});

it('is lost by a frame that no supervisor sends', async () => {
  const { worker, losses } = await startRealWorker();
  expect(await ask(worker, bytesFrame(200, 1))).toMatch(/^lost by exit/);
  expect(losses[0]?.reason).toContain('unknown frame 200');
});

it('ends with its supervisor, however that ends', async () => {
  const source = new URL('../../../host/supervisor.ts', import.meta.url).href;
  const parent = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `const {Supervisor}=await import(${JSON.stringify(source)});
       const supervisor=new Supervisor();
       await supervisor.open({digest:'d',tenant:'t',domain:'d',heapMb:8,code:'__signet_define([])'});
       console.log(supervisor.pids[0]);setInterval(()=>{},1000)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  while (isRunning(pid)) await new Promise(setImmediate);
});

it('keeps no process alive that has nothing to ask of it, and leaves with it', async () => {
  const source = new URL('../../../host/supervisor.ts', import.meta.url).href;
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `const {Supervisor}=await import(${JSON.stringify(source)});
       const supervisor=new Supervisor({spareAfterMs:0});
       const guest=await supervisor.open({digest:'d',tenant:'t',domain:'d',heapMb:8,
         code:"__signet_define([{kind:'skill',name:'a',run:()=>1}])"});
       const perform=()=>new Promise(()=>{});
       console.log(await guest.call('skill/a','{}',{callId:'a',wallMs:9000,outputBytes:9,effects:0,dryRun:false,perform}));
       console.log(supervisor.pids.join(' '))`,
    ],
    { encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [answer, pids] = stdout.split('\n');
  expect([status, answer]).toEqual([0, '1']);
  for (const pid of pids?.split(' ').map(Number) ?? []) {
    while (isRunning(pid)) await new Promise(setImmediate);
  }
});

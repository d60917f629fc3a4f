// The kernel stops what nobody looks at (THREATS.md H2-H4), and an isolate that is made always has room.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { DataLimit, dataLimitOf } from '../../host/data-limit.ts';
import { findProgram } from '../../host/resolve-command.ts';

const prlimit = findProgram('prlimit', process.env['PATH'] ?? '') ?? '';
const MEGABYTE = 1024 * 1024;
const children = new Set<ChildProcess>();
const limits = new Set<DataLimit>();
afterEach(() => {
  for (const limit of limits) limit.close();
  for (const child of children) child.kill('SIGKILL');
  limits.clear();
  children.clear();
});

/** A process that takes so many megabytes once it is told to, and says so. */
async function start(megabytes: number) {
  const child = spawn(
    process.execPath,
    [
      '--eval',
      `console.log('up');process.stdin.once('data',()=>{const a=[];
       for(let i=0;i<${megabytes};i++)a.push(Buffer.alloc(${MEGABYTE},1));console.log('took it');process.exit(0)})`,
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  children.add(child);
  await once(child.stdout, 'data');
  const take = async (): Promise<string> => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    child.stdin.write('x');
    await once(child, 'close');
    return said.trim();
  };
  return { pid: child.pid as number, take };
}

function limitOf(pid: number, headroomMb: number, options: { making?: () => number; program?: string } = {}) {
  const limit = new DataLimit({
    prlimit: options.program ?? prlimit,
    pid,
    headroomBytes: () => headroomMb * MEGABYTE,
    making: options.making ?? (() => 0),
  });
  limits.add(limit);
  return limit;
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise(setImmediate);
};

it.runIf(prlimit !== '')(
  'stops what takes more than its headroom and one isolate, and nothing less',
  async () => {
    const [greedy, modest] = [await start(1_500), await start(20)];
    for (const { pid } of [greedy, modest]) {
      limitOf(pid, 64);
      await until(() => dataLimitOf(pid) !== undefined);
    }
    expect(await greedy.take()).toBe('');
    expect(await modest.take()).toBe('took it');
    const free = await start(1_500);
    expect(dataLimitOf(free.pid)).toBe(undefined);
    expect(await free.take()).toBe('took it');
  },
);

it.runIf(prlimit !== '')('has room for one isolate, is lifted for more, and comes back', async () => {
  const { pid } = await start(1);
  let making = 0;
  const limit = limitOf(pid, 64, { making: () => making });
  // Not limited yet: nobody waits.
  expect(limit.make()).toBe(undefined);
  await until(() => dataLimitOf(pid) !== undefined);
  const first = dataLimitOf(pid) as number;
  making = 2;
  expect(limit.make()).toBe(undefined);
  await limit.make();
  expect(dataLimitOf(pid)).toBe(undefined);
  expect(limit.make()).toBe(undefined);
  await until(() => dataLimitOf(pid) !== undefined);
  // Two that are not there yet have their room beside the next.
  expect((dataLimitOf(pid) as number) - first).toBeGreaterThan(1_000 * MEGABYTE);
  expect(limit.failure).toBe(undefined);
});

it.runIf(prlimit !== '')('says why there is none', async () => {
  const { pid } = await start(1);
  const limit = limitOf(pid, 64, { program: '/bin/false' });
  await until(() => limit.failure !== undefined);
  expect(limit.failure).toContain('Command failed');
  expect(dataLimitOf(pid)).toBe(undefined);
});

it('knows nothing of a process that is not there', () => {
  expect(dataLimitOf(2 ** 22 + 1)).toBe(undefined);
});

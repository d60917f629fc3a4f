// How a worker is started (FLOORS.md "Proved for the worker").
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { launchWorker, WORKER_FLAGS } from '../../../host/worker/launch.ts';

it('has the flags that were proved, and none of the runner’s own', () => {
  expect(WORKER_FLAGS.slice(0, 5)).toEqual([
    '--permission',
    '--allow-addons',
    '--no-experimental-sqlite',
    '--disable-warning=PERM0001',
    '--no-node-snapshot',
  ]);
});

it('gives the wire on fd 3, leads a group of its own, and keeps the end of what is said', async () => {
  const { child, wire, tail } = launchWorker(
    "console.log('x'.repeat(9000)+'end');console.error('oops');require('node:fs').writeSync(3,process.argv.at(-1))",
  );
  const received: Buffer[] = [];
  wire.on('data', (chunk: Buffer) => received.push(chunk));
  await once(child, 'close');
  expect(Buffer.concat(received).toString()).toMatch(/isolated-vm.*\.node$/);
  expect(tail().length).toBe(4096);
  expect(tail()).toContain('end');
  expect(tail()).toContain('oops');
});

it('ends it when the wire closes', async () => {
  const { child, wire } = launchWorker(
    "const b=Buffer.alloc(1);process.exit(require('node:fs').readSync(3,b,0,1,null)===0?7:1)",
  );
  wire.destroy();
  const [code] = await once(child, 'exit');
  expect(code).toBe(7);
});

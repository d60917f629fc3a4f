// A group ends as a whole, and what is gone already is none of its business.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { killGroup } from '../../host/kill-group.ts';
import { isRunning } from './guest-fixture.ts';

it('ends a process and what it started', async () => {
  const child = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const below = Number(line.toString());
  expect([child.pid as number, below].map(isRunning)).toEqual([true, true]);
  killGroup(child.pid);
  await once(child, 'close');
  while (isRunning(below)) await new Promise(setImmediate);
  killGroup(child.pid);
  killGroup(undefined);
});

// A wrapper is not what it wraps.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { innermost } from '../../host/process-tree.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of started.splice(0)) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
});

/** Processes by a shell script that says when all of them are there. */
async function run(script: string): Promise<number> {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  started.push(child);
  await once(child.stdout, 'data');
  return child.pid as number;
}

it.runIf(process.platform === 'linux')('finds the end of a chain, and stops where it forks', async () => {
  const wrapper = await run('/bin/sh -c \'/bin/sh -c "echo up; read x < /dev/zero; :"; :\'; :');
  const inner = innermost(wrapper) as number;
  expect(inner).toBeGreaterThan(0);
  expect(inner).not.toBe(wrapper);
  expect(innermost(inner)).toBe(inner);
  const forked = await run('sleep 60 & sleep 60 & echo up; wait');
  expect(innermost(forked)).toBe(forked);
});

it('knows nothing of a process that is not there', () => {
  expect(innermost(2 ** 22 + 1)).toBe(undefined);
});

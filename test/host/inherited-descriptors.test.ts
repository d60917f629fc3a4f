import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './broker-fixture.ts';

const MODULE = new URL('../../host/inherited-descriptors.ts', import.meta.url).href;

/** A process that was left descriptor 40 and shows what its own child has there, with or without the guard. */
function descriptor40(guarded: boolean): string {
  const folder = temporaryFolder();
  const held = openSync(join(folder, 'held'), 'w');
  const script = `
    const { spawnSync } = await import('node:child_process');
    const { withoutInherited } = await import(${JSON.stringify(MODULE)});
    const list = (rest) =>
      spawnSync('/bin/sh', ['-c', 'ls -l /proc/$$/fd'], { stdio: ['ignore', 'pipe', 'inherit', ...rest] });
    process.stdout.write(String((${guarded} ? withoutInherited(list) : list([])).stdout));`;
  const stdio = ['ignore', 'pipe', 'inherit', ...Array(37).fill('ignore'), held] as (
    | 'ignore'
    | 'pipe'
    | number
  )[];
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { stdio });
  closeSync(held);
  rmSync(folder, { recursive: true });
  return / 40 -> (.*)$/m.exec(String(stdout))?.[1] ?? 'nothing';
}

test('what a process was left open reaches its children without the guard, and not with it', () => {
  expect(descriptor40(false)).toContain('/held');
  expect(descriptor40(true)).toBe('/dev/null');
});

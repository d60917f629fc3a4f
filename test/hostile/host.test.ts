// The host rows of THREATS.md in whole hosts over installed bundles: each case in a process group of its own, killed at its
// end. The host answers, its neighbours of the same bundle and of another publisher answer, and no process is left.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { World } from '../host/world.ts';
import { isRunning } from '../processes.ts';
import { INSTALLED_ATTACKS } from './attacks.ts';
import type { CaseReport } from './case.ts';
import { createHostileWorld } from './project.ts';

const CASE = fileURLToPath(new URL('case.ts', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await createHostileWorld();
});
afterAll(() => world.remove());

/** Runs one case to its end, and ends whatever is left of its group. */
async function attempt(index: number): Promise<CaseReport> {
  const child = spawn(process.execPath, ['--no-node-snapshot', CASE, world.paths.project, String(index)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  try {
    const ending = await new Promise((done) => child.on('close', (code, signal) => done(signal ?? code)));
    expect(ending).toBe(0);
    return JSON.parse(printed) as CaseReport;
  } finally {
    endGroup(child.pid as number);
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

describe('an installed bundle attacks', () => {
  test.each(INSTALLED_ATTACKS.map(({ row, title }, index) => [`${row}: ${title}`, index] as const))(
    '%s',
    async (_, index) => {
      const { workers, attack, ...others } = await attempt(index);
      expect(INSTALLED_ATTACKS[index]?.codes).toContain(attack);
      expect(others).toEqual({
        neighbourMeanwhile: 'ok {"observed":["b"],"ambiguous":[]}',
        neighbourAfterwards: 'ok {"observed":["b"],"ambiguous":[]}',
        kinAfterwards: 'ok "after"',
      });
      expect(workers.length).toBeGreaterThan(0);
      expect(workers.filter(isRunning)).toEqual([]);
    },
  );
});

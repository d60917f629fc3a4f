// Scripts and sandbox, once a process; what is required and not there is an error every time.
import { expect, it } from 'vitest';
import { workerKit } from '../../host/worker-kit.ts';

it('brings both, the same for everyone', async () => {
  const [one, other] = await Promise.all([workerKit('auto'), workerKit('auto')]);
  expect(one.scripts).toBe(other.scripts);
  expect(one.scripts.worker.length).toBeGreaterThan(1_000);
  expect(one.sandbox).toEqual(other.sandbox);
  expect((await workerKit('off')).sandbox.barriers.has('processes')).toBe(false);
});

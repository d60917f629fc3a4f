// The scripts that run in the worker and in the guest.
import { expect, it } from 'vitest';
import { bundledScripts } from '../../host/bundled.ts';

it('makes each once, complete, without anything to import', async () => {
  const scripts = await bundledScripts();
  expect(await bundledScripts()).toBe(scripts);
  expect(scripts.prelude).toContain('__signet_port');
  expect(scripts.prelude).not.toMatch(/\brequire\(|\bimport\(|^import /m);
  const required = [...scripts.worker.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
  expect(required.filter((name) => !name?.startsWith('node:'))).toEqual([]);
  // One argument of a process holds 128 KiB on Linux.
  expect(Buffer.byteLength(scripts.worker)).toBeLessThan(100_000);
});

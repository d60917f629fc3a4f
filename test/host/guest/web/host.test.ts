// Without a prelude the web's globals say so.
import { expect, it, vi } from 'vitest';

it('is given once', async () => {
  vi.resetModules();
  const { host, useHost } = await import('../../../../host/guest/web/host.ts');
  expect(() => host()).toThrow('no host');
  const given = {} as Parameters<typeof useHost>[0];
  useHost(given);
  expect(host()).toBe(given);
});

import { expect, test } from 'vitest';
import { CAPABILITIES } from '../../../host/capabilities/index.ts';
import { CAPABILITY_NAMES } from '../../../src/contracts/manifest.ts';

test('the effects of today, each under a capability that a manifest can ask for', () => {
  expect([...CAPABILITIES.keys()].sort()).toEqual([
    'clock',
    'clock.wait',
    'exec',
    'fs.list',
    'fs.read',
    'fs.write',
    'http',
    'invoke',
    'kv.delete',
    'kv.get',
    'kv.list',
    'kv.set',
    'log',
    'log.lines',
    'model',
    'random',
    'secret.verify',
  ]);
  for (const { id } of CAPABILITIES.values()) expect(CAPABILITY_NAMES).toContain(id);
});

test.each(['__proto__', 'constructor', 'toString', 'kv', 'secret'])('%s is none', (name) => {
  expect(CAPABILITIES.get(name)).toBeUndefined();
});

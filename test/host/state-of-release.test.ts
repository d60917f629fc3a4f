// What the host knows of a release: which codes are revocations, and what a bundle in memory answers for.
import { expect, test } from 'vitest';
import type { LoadedBundle } from '../../host/loaded-bundle.ts';
import { isRevocation, startOf } from '../../host/state-of-release.ts';

test.each([
  ['E_REVOKED', true],
  ['E_KEY_REVOKED', true],
  ['E_STATUS_STALE', false],
  ['E_STATUS_OMITS', false],
  [null, false],
] as const)('%s is a revocation: %s', (code, expected) => expect(isRevocation(code)).toBe(expected));

test('a bundle in memory has its functions by kind and name; no name of Object is one', () => {
  const providers = [
    { kind: 'skill', name: 'run' },
    { kind: 'parser', name: 'run' },
  ];
  const running = startOf({ providers } as unknown as LoadedBundle, 5);
  expect(running.usedAt).toBe(5);
  expect(running.providers.get('parser/run')).toBe(providers[1]);
  expect(running.providers.get('constructor')).toBe(undefined);
});

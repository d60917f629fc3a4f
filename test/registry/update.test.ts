// THREATS.md 2, 35: what stops an update.
import { expect, test } from 'vitest';
import { compareInstalled, requireAccepted } from '../../registry/update.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';

const [A, B] = ['a', 'b'].map((digit) => `SHA256:${digit.repeat(64)}`) as [string, string];
const before: LockedBundle = {
  name: 'local/hello',
  version: '1.1.0',
  digest: `sha256:${'a'.repeat(64)}`,
  registry: 'home',
  index: 1,
  size: 2,
  namespaceVersion: 1,
  publisher: [A],
  builder: 'urn:one',
  provides: [],
  capabilities: [{ id: 'log' }, { id: 'kv', access: 'read' }],
};
const next = (changes: Partial<LockedBundle> = {}): LockedBundle => ({
  ...before,
  version: '1.2.0',
  digest: `sha256:${'b'.repeat(64)}`,
  index: 5,
  size: 9,
  ...changes,
});

test.each<[string, Partial<LockedBundle>, string | undefined]>([
  ['nothing but the version', {}, undefined],
  ['fewer capabilities', { capabilities: [{ id: 'log' }] }, undefined],
  ['the same capabilities in another order', { capabilities: [...before.capabilities].reverse() }, undefined],
  ['a new capability', { capabilities: [...before.capabilities, { id: 'random' }] }, 'asks for random'],
  [
    'a wider capability',
    { capabilities: [{ id: 'log' }, { id: 'kv', access: 'write' }] },
    'asks for kv (read and write)',
  ],
  ['another publisher', { publisher: [B] }, `is signed by ${B}`],
  ['one more publisher', { publisher: [A, B] }, `is signed by ${B}`],
  ['another builder', { builder: 'urn:two' }, 'is built by urn:two, not by urn:one'],
  ['no builder', { builder: null }, 'is built by no one named'],
  ['another registry', { registry: 'away' }, 'comes from registry away'],
  ['another archive under the same version', { version: '1.1.0' }, 'is another archive than the 1.1.0'],
])('row 35: an update that changes %s', (_, changes, concern) => {
  const compared = compareInstalled(before, next(changes));
  expect(compared.concerns.join()).toContain(concern ?? '');
  expect(compared.concerns).toHaveLength(concern === undefined ? 0 : 1);
  const accept = (accepted: boolean) => () => requireAccepted('local/hello', compared, accepted);
  expect(accept(true)).not.toThrow();
  if (concern === undefined) expect(accept(false)).not.toThrow();
  else expect(accept(false)).toThrow(expect.objectContaining({ code: 'E_UPDATE' }));
});

test('row 2: a lower version is a rollback, and says how to mean it', () => {
  const compared = compareInstalled(before, next({ version: '1.0.9' }));
  expect(() => requireAccepted('local/hello', compared, false)).toThrow(
    expect.objectContaining({ code: 'E_ROLLBACK', fix: expect.stringContaining('local/hello@1.0.9 --yes') }),
  );
});

test('a first installation is no update', () => {
  expect(compareInstalled(undefined, next())).toEqual({ from: null, to: '1.2.0', concerns: [] });
});

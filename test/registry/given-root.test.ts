// Trust in one root given by hand: THREATS.md 28, 29, 32. No project, no memory, and no less strict for it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatDocument } from '../../keys/document.ts';
import { confirmRoot, givenTrust } from '../../registry/given-root.ts';
import { verifyRelease } from '../../registry/verify.ts';
import { createWorld, DAY, type Delivered, deliver, flip, type World } from './fixture.ts';

const code = (value: string) => expect.objectContaining({ code: value });
let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

function verdict({ archive, proof }: Delivered, fingerprint = world.fingerprint, now = world.clock.ms) {
  const bytes = formatDocument(proof);
  return verifyRelease(archive, bytes, givenTrust({ fingerprint, host: '1.0.0' }, bytes), now);
}

test('a release verifies with nothing but its root; nothing that was skipped is a pass', () => {
  const result = verdict(deliver(world));
  expect(result).toMatchObject({ ok: true, name: 'local/hello' });
  for (const { state, detail } of result.checks)
    expect([state, detail?.length ?? 0]).not.toEqual(['skip', 0]);
});

test('what it requires cannot be known without a project, and is skipped in so many words', () => {
  world.publish({ version: '2.0.0', signet: { requires: { 'parser/csv': '^1.0.0' } } });
  const check = verdict(deliver(world)).checks.find(({ name }) => name === 'requires');
  expect(check).toMatchObject({ state: 'skip', detail: expect.stringContaining('parser/csv') });
});

test('row 29: a proof bundle that brings its own root', () => {
  const other = `SHA256:${'a'.repeat(64)}`;
  expect(verdict(deliver(world), other)).toMatchObject({ ok: false, code: 'E_ROOT_UNTRUSTED' });
});

test.each<[string, (delivered: Delivered) => void, string]>([
  [
    'no provenance',
    (d) => {
      d.proof.provenance = null;
    },
    'E_LOG_ENTRY',
  ],
  [
    'a changed archive',
    (d) => {
      d.archive[1000]! ^= 1;
    },
    '',
  ],
  [
    'a changed status',
    (d) => {
      d.proof.status.payload = flip(d.proof.status.payload);
    },
    'E_SIGNATURE',
  ],
])('%s is refused', (_, change, expected) => {
  const delivered = deliver(world);
  delivered.archive = Uint8Array.from(delivered.archive);
  change(delivered);
  const result = verdict(delivered);
  expect(result.ok).toBe(false);
  if (expected !== '') expect(result.code).toBe(expected);
});

test('row 28: a release without provenance is refused', () => {
  world.publish({ version: '3.0.0' }, { provenance: null });
  expect(verdict(deliver(world)).code).toBe('E_PROVENANCE_MISSING');
});

test('row 4: as fresh as for installing', () => {
  expect(verdict(deliver(world), world.fingerprint, world.clock.ms + 8 * DAY).code).toBe('E_STATUS_STALE');
});

test('only the namespaces that are named, where some are', () => {
  const { archive, proof } = deliver(world);
  const bytes = formatDocument(proof);
  const given = { fingerprint: world.fingerprint, host: '1.0.0' };
  const judge = (namespaces: string[]) =>
    verifyRelease(archive, bytes, givenTrust({ ...given, namespaces }, bytes), world.clock.ms).code;
  expect([judge(['local']), judge(['acme']), judge([])]).toEqual([
    null,
    'E_REGISTRY_UNMAPPED',
    'E_REGISTRY_UNMAPPED',
  ]);
});

test('a root counts by its fingerprint: another one, or none, is refused and says what the file has', () => {
  const bytes = readFileSync(join(world.registry, 'root/1.json'));
  expect(confirmRoot(bytes, world.fingerprint, 'root.json')).toBe(world.fingerprint);
  expect(() => confirmRoot(bytes, `SHA256:${'b'.repeat(64)}`, 'root.json')).toThrow(code('E_ROOT_UNTRUSTED'));
  expect(() => confirmRoot(bytes, undefined, 'root.json')).toThrow(
    expect.objectContaining({ code: 'E_ROOT_UNPINNED', fix: expect.stringContaining(world.fingerprint) }),
  );
  expect(() => givenTrust({ fingerprint: 'x', host: '1.0.0' }, undefined)).toThrow(code('E_USAGE'));
});

test('no proof at all, or an unreadable one, is a verdict', () => {
  const given = { fingerprint: world.fingerprint, host: '1.0.0' };
  const { archive } = deliver(world);
  expect(verifyRelease(archive, undefined, givenTrust(given, undefined), world.clock.ms).code).toBe(
    'E_UNSIGNED',
  );
  const junk = Buffer.from('{');
  expect(verifyRelease(archive, junk, givenTrust(given, junk), world.clock.ms).code).toBe('E_JSON');
});

// Check `provenance`: THREATS.md 9, 10, 28.
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  archiveOf,
  createWorld,
  deliver,
  forge,
  manifestOf,
  outcomeOf,
  PUBLISHER,
  verdictOf,
  type World,
} from '../fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.publish();
});
afterEach(() => world.close());

const namespaces = ['local', 'signet', 'acme'].map((namespace) => ({
  namespace,
  keys: [PUBLISHER.publicKey],
  threshold: 1,
}));

test('row 28: no provenance under the default policy; the override is named and is a skip, not a pass', () => {
  world.publish({ version: '3.0.0' }, { provenance: null });
  const delivered = deliver(world);
  const verdict = verdictOf(world, delivered);
  const check = verdict.checks.find(({ name }) => name === 'provenance')!;
  expect(verdict.code).toBe('E_PROVENANCE_MISSING');
  expect(check.fix).toContain('provenance.required: false');
  const relaxed = verdictOf(world, delivered, { provenanceRequired: false });
  expect(relaxed.ok).toBe(true);
  expect(relaxed.checks.find(({ name }) => name === 'provenance')).toMatchObject({ state: 'skip' });
});

test('row 28: provenance taken away from a release that has it is not what was logged', () => {
  const delivered = deliver(world);
  delivered.proof.provenance = null;
  expect(outcomeOf(world, delivered, { provenanceRequired: false })).toBe('log E_LOG_ENTRY');
});

test('a local builder counts under a local root only; whether it is local is a fact of the pin', () => {
  world.close();
  world = createWorld({ namespaces, local: false });
  world.publish({ name: 'acme/tool' });
  expect(outcomeOf(world, deliver(world, 'acme/tool'))).toBe('provenance E_BUILDER');
  const relaxed = verdictOf(world, deliver(world, 'acme/tool'), { provenanceRequired: false });
  expect(relaxed.ok).toBe(true);
  expect(relaxed.checks.find(({ name }) => name === 'provenance')?.warning).toMatch(/not judged/);
});

test('row 9: a rightly signed and logged provenance of another archive', () => {
  world.close();
  world = createWorld();
  forge(world, archiveOf(), manifestOf(), `sha256:${'0'.repeat(64)}`);
  expect(outcomeOf(world, deliver(world))).toBe('provenance E_STATEMENT_MISMATCH');
  world.close();
  world = createWorld();
  forge(world, archiveOf(), manifestOf());
  expect(outcomeOf(world, deliver(world))).toBe('ok');
});

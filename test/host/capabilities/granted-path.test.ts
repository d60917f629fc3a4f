import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EffectContext } from '../../../host/capabilities/capability.ts';
import { grantForPath, PathArg, pathAction, requireAsked } from '../../../host/capabilities/granted-path.ts';
import { createFixture, type Fixture, grantsOf, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture(grantsOf({ capability: 'fs.write', class: 'mutate', path: '/data' }));
});
afterEach(() => fixture.close());

const context = (overrides = {}): EffectContext =>
  ({ call: fixture.call(overrides), grants: fixture.grants, now: NOW, services: {} }) as EffectContext;
const DENIED = expect.objectContaining({ code: 'E_CAPABILITY_DENIED' });

test.each(['/data/../x', '/data/./x', '/data//x', '/data/x/', '/data/x\0'])('%j is not plain', (path) => {
  expect(() => requireAsked(context(), 'fs.write', 'write', path)).toThrow(DENIED);
});

test('a manifest that names paths asks for those and what is below them', () => {
  const requests = [{ id: 'fs.write', paths: ['/data', '/x/../y'] }];
  const asked = (path: string) => () => requireAsked(context({ requests }), 'fs.write', 'write', path);
  for (const path of ['/data', '/data/x']) expect(asked(path)).not.toThrow();
  for (const path of ['/database', '/y', '/x', '/']) expect(asked(path)).toThrow(DENIED);
  expect(() => requireAsked(context({ requests }), 'fs.read', 'read', '/data')).toThrow(DENIED);
});

test('a grant has its path and what is below it, for its own capability', () => {
  expect(grantForPath(context(), 'fs.write', 'write', '/data/x')).toBe(fixture.grants.grants[0]);
  for (const [capability, path] of [
    ['fs.write', '/database'],
    ['fs.read', '/data/x'],
  ] as const)
    expect(() => grantForPath(context(), capability, 'use', path)).toThrow(
      expect.objectContaining({
        fix: expect.stringContaining(`signet grant acme/tool ${capability} --path ${path}`),
      }),
    );
});

test('paths are absolute and bounded; what is said of them is escaped', () => {
  expect(PathArg.safeParse('x').success).toBe(false);
  expect(PathArg.safeParse(`/${'x'.repeat(4096)}`).success).toBe(false);
  expect(pathAction('read', '/a\u001b[2J')).toBe('read /a\\u{1b}[2J');
});

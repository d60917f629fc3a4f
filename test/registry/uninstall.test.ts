// What is taken out of a project (THREATS.md H22): a version or all, never unnoticed what others require; nothing is lost of the store.
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { install } from '../../registry/install.ts';
import { uninstall } from '../../registry/uninstall.ts';
import { createWorld, type World } from './fixture.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  for (const version of ['1.0.0', '1.1.0', '2.0.0-beta.1']) {
    world.publish({ version });
    install(world.project, 'local/hello', version, { accept: true, beside: true });
  }
});
afterEach(() => world.close());
const versions = () => world.project.installed().map(({ version }) => version);

// range | left
test.each([
  ['*', []],
  ['^1', ['2.0.0-beta.1']],
  ['1.0.0', ['1.1.0', '2.0.0-beta.1']],
  ['2.0.0-beta.1', ['1.0.0', '1.1.0']],
])('%s leaves %j; the store keeps the files', (range, left) => {
  const before = world.project.installed();
  const { removed, dependants } = uninstall(world.project, 'local/hello', range);
  expect(versions()).toEqual(left);
  expect([...removed.map(({ version }) => version), ...left].sort()).toEqual(
    before.map(({ version }) => version),
  );
  expect(dependants).toEqual([]);
  for (const { digest } of removed) expect(existsSync(world.project.store.path(digest))).toBe(true);
});

// name | range | code
test.each([
  ['local/hello', '^3', 'E_NOT_FOUND'],
  ['local/none', '*', 'E_NOT_FOUND'],
  ['hello', '*', 'E_USAGE'],
  ['../hello', '*', 'E_USAGE'],
  ['local/hello', 'latest', 'E_USAGE'],
])('%s@%s is refused, and nothing changes', (name, range, code) => {
  const before = readFileSync(world.project.lockfile);
  expect(() => uninstall(world.project, name, range)).toThrow(expect.objectContaining({ code }));
  expect(readFileSync(world.project.lockfile)).toEqual(before);
});

test('what another bundle requires is taken away only when that is meant, and it is said who is left without', () => {
  const requires = { 'skill/hello': '^1.0.0' };
  const top = { kind: 'skill' as const, name: 'top', description: 'x', input: {}, output: {} };
  world.publish({ name: 'local/top', signet: { requires, provides: [top] } });
  install(world.project, 'local/top', '*', { accept: true });
  // Another version in the range is left.
  expect(uninstall(world.project, 'local/hello', '1.0.0').dependants).toEqual([]);
  const refused = () => uninstall(world.project, 'local/hello', '^1');
  expect(refused).toThrow(
    expect.objectContaining({
      code: 'E_REQUIRES',
      message: expect.stringContaining('local/top@1.0.0 requires'),
    }),
  );
  expect(versions()).toEqual(['1.1.0', '2.0.0-beta.1', '1.0.0']);
  const { removed, dependants } = uninstall(world.project, 'local/hello', '^1', { accept: true });
  expect(removed.map(({ version }) => version)).toEqual(['1.1.0']);
  expect(dependants).toEqual(['local/top@1.0.0 requires skill/hello ^1.0.0']);
  // What requires it may itself go, with what it requires.
  expect(uninstall(world.project, 'local/top').dependants).toEqual([]);
});

// Checks `host`, `requires`, `kinds`: THREATS.md 33, H8.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Provided, SignetExtension } from '../../../src/contracts/manifest.ts';
import { archiveOf, createWorld, deliver, forge, manifestOf, outcomeOf, type World } from '../fixture.ts';

const skill: Provided = {
  kind: 'skill',
  name: 'hello',
  description: 'Greets.',
  input: { type: 'object' },
  output: { type: 'object' },
};
const parser: Provided = { ...skill, kind: 'parser', name: 'lines' };

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.close());

test.each(['^2.0.0', '>=1.0.1', '0.x', '1.0.0-beta'])(
  'a host range %s that host 1.0.0 does not satisfy',
  (host) => {
    world.publish({ signet: { host } });
    expect(outcomeOf(world, deliver(world))).toBe('host E_HOST_RANGE');
  },
);

test('what is required must be installed in a version that satisfies', () => {
  world.publish({ signet: { requires: { 'parser/lines': '^1.2.0', 'skill/hello': '^1.0.0' } } });
  const provided = (version: string) => ({ provided: new Map([['parser/lines', [version]]]) });
  expect(outcomeOf(world, deliver(world))).toBe('requires E_REQUIRES');
  expect(outcomeOf(world, deliver(world), provided('1.1.9'))).toBe('requires E_REQUIRES');
  expect(outcomeOf(world, deliver(world), provided('1.2.0'))).toBe('ok');
});

test('a bundle without code is verified like any other', () => {
  const { main: _main, ...signet } = {
    main: './dev.signet/main.js' as const,
    provides: [],
    capabilities: [],
  };
  world.publish({ signet: { ...signet, main: undefined } as never, files: { 'skills/x/SKILL.md': '# x' } });
  expect(outcomeOf(world, deliver(world))).toBe('ok');
});

test.each<[string, Partial<SignetExtension>, string]>([
  [
    'a capability that none of its kinds may have',
    { provides: [parser], capabilities: [{ id: 'kv', access: 'read' }] },
    'kinds E_CEILING',
  ],
  [
    'a capability within the ceiling of one of its kinds',
    { provides: [parser, skill], capabilities: [{ id: 'kv', access: 'read' }] },
    'ok',
  ],
  [
    'a capability without any function',
    { provides: [], main: undefined as never, capabilities: [{ id: 'exec', commands: 'granted' }] },
    'kinds E_CEILING',
  ],
  [
    'a kind that is not built yet',
    { provides: [{ ...skill, kind: 'stage' }], capabilities: [] },
    'kinds E_KIND_UNSUPPORTED',
  ],
  [
    'a schema outside the closed subset',
    { provides: [{ ...skill, input: { type: 'string', pattern: '(a+)+$' } }], capabilities: [] },
    'kinds E_SCHEMA_SUBSET',
  ],
  [
    'what the ceiling never asks about',
    { provides: [parser], capabilities: [{ id: 'log' }, { id: 'clock' }, { id: 'random' }] },
    'ok',
  ],
])('a rightly signed bundle with %s', (_, signet, expected) => {
  forge(world, archiveOf({ signet }), manifestOf({ signet }));
  expect(outcomeOf(world, deliver(world))).toBe(expected);
});

test('a kind that this version never heard of says upgrade, not tampered', () => {
  const signet = { provides: [{ ...skill, kind: 'oracle' }] } as never;
  forge(world, archiveOf({ signet }), manifestOf());
  expect(outcomeOf(world, deliver(world))).toBe('files E_KIND_UNSUPPORTED');
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import {
  defineCapability,
  denied,
  jsonBytes,
  requestsOf,
  ungranted,
} from '../../../host/capabilities/capability.ts';
import { createFixture, type Fixture } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.close());

const capability = defineCapability({
  id: 'kv',
  maxArgs: 1_000,
  args: z.strictObject({ key: z.string() }),
  plan: ({ key }) => ({ action: key, class: 'observe', grant: null, perform: () => key }),
});
const context = () =>
  ({ call: fixture.call(), grants: fixture.grants, now: 0, services: {} }) as Parameters<
    typeof capability.plan
  >[1];

test.each([null, 'x', [], {}, { key: 1 }, { key: 'x', more: 1 }])(
  'arguments %j are E_CAPABILITY_ARGS',
  (args) => {
    expect(() => capability.plan(args, context())).toThrow(
      expect.objectContaining({ code: 'E_CAPABILITY_ARGS', item: 'kv' }),
    );
  },
);

test('arguments of the shape reach the plan', () => {
  expect(capability.plan({ key: 'x' }, context()).action).toBe('x');
});

test('a refusal names bundle and function, and says what would allow it', () => {
  expect(denied(fixture.call(), 'fly', 'Grow wings.')).toMatchObject({
    code: 'E_CAPABILITY_DENIED',
    message: 'acme/tool (skill/work) may not fly',
    fix: 'Grow wings.',
  });
  const draft = { bundle: 'acme/tool', capability: 'kv', class: 'observe', reason: 'a b' } as const;
  expect(ungranted(fixture.call(), 'read', draft).fix).toBe(
    "signet grant acme/tool kv --class observe --reason 'a b'",
  );
});

test('strings as long as they may be fit, however they are escaped', () => {
  expect(capability.maxArgs).toBe(1_000);
  const text = JSON.stringify({ key: '\u0001'.repeat(512) });
  expect(text.length).toBeLessThanOrEqual(jsonBytes(512));
  expect(JSON.stringify({ key: '\u0001'.repeat(1_000) }).length).toBeGreaterThan(jsonBytes(512));
});

test('requests are found by capability', () => {
  expect(requestsOf(fixture.call(), 'exec')).toEqual([{ id: 'exec', commands: 'granted' }]);
  expect(requestsOf(fixture.call(), 'http')).toEqual([]);
});

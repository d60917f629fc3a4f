import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  defineCapability,
  denied,
  grantFor,
  jsonBytes,
  requestsOf,
} from '../../../host/capabilities/capability.ts';
import type { GrantSet } from '../../../host/grants.ts';
import { createFixture, type Fixture, grantsOf, NOW } from '../broker-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = createFixture();
});
afterEach(() => fixture.close());

const capability = defineCapability({
  id: 'kv',
  maxArgs: 1_000,
  args: z.strictObject({ key: z.string() }),
  target: ({ key }) => `about ${key}`,
  plan: ({ key }) => ({ action: key, class: 'observe', grant: null, perform: () => key }),
});
const context = () =>
  ({ call: fixture.call(), grants: fixture.grants, now: 0, services: {} }) as Parameters<
    ReturnType<typeof capability.read>['plan']
  >[0];

test.each([null, 'x', [], {}, { key: 1 }, { key: 'x', more: 1 }])(
  'arguments %j are E_CAPABILITY_ARGS',
  (args) => {
    expect(() => capability.read(args)).toThrow(
      expect.objectContaining({ code: 'E_CAPABILITY_ARGS', item: 'kv' }),
    );
  },
);

test('arguments of the shape reach the plan', () => {
  const wanted = capability.read({ key: 'x' });
  expect(wanted.target).toBe('about x');
  expect(wanted.plan(context()).action).toBe('x');
});

test('a refusal names bundle and function, and says what would allow it', () => {
  expect(denied(fixture.call(), 'fly', 'Grow wings.')).toMatchObject({
    code: 'E_CAPABILITY_DENIED',
    message: 'acme/tool (skill/work) may not fly',
    fix: 'Grow wings.',
  });
});

describe('the grant of an effect', () => {
  const draft = () => ({ bundle: 'acme/tool', capability: 'kv', class: 'observe', reason: 'a b' }) as const;
  const granted = (grants: GrantSet) =>
    grantFor({ ...context(), grants, now: NOW }, 'kv', 'read', ({ reason }) => reason !== 'no', draft);

  test('none: the line that grants it', () => {
    for (const grants of [
      grantsOf(),
      grantsOf({ capability: 'kv', class: 'observe', reason: 'no' }),
      grantsOf({ capability: 'kv', class: 'observe', bundle: 'acme/other' }),
    ]) {
      expect(() => granted(grants)).toThrow(
        expect.objectContaining({
          code: 'E_CAPABILITY_DENIED',
          message: 'acme/tool (skill/work) may not read: it is not granted',
          fix: "signet grant acme/tool kv --class observe --reason 'a b'",
        }),
      );
    }
  });

  test('an expired one: when it expired, and the line that renews it; a second before, it is one', () => {
    const expires = '2026-03-01T12:00:00Z';
    const old = { capability: 'kv', class: 'mutate', reason: 'why', expires };
    expect(() => granted(grantsOf(old))).toThrow(
      expect.objectContaining({
        code: 'E_CAPABILITY_DENIED',
        message: expect.stringMatching(/: its grant g-[0-9a-f]{12} expired at 2026-03-01T12:00:00Z$/),
        fix: 'signet grant acme/tool kv --class mutate --for 1d --reason why',
      }),
    );
    const later = grantsOf({ ...old, expires: '2026-03-01T12:00:01Z' });
    expect(granted(later)).toBe(later.grants[0]);
  });

  test('of two, the one of class mutate', () => {
    const grants = grantsOf(
      { capability: 'kv', class: 'observe' },
      { capability: 'kv', class: 'mutate', reason: 'x' },
    );
    expect(granted(grants).class).toBe('mutate');
  });
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

import { expect, test } from 'vitest';
import { readUsage } from '../../host/grant-usage.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';

const head = { callId: 'c', effectId: 'c.1' };
const intent = (fields: object) =>
  ({
    type: 'effect.intent',
    ...head,
    at: 1,
    capability: 'kv.get',
    action: 'x',
    class: 'observe',
    grant: 'g-1',
    dryRun: false,
    ...fields,
  }) as JournalEntry;
const denied = (fields: object) =>
  ({
    type: 'effect.denied',
    ...head,
    at: 1,
    capability: 'fs.list',
    code: 'E_CAPABILITY_DENIED',
    action: 'list /x',
    bundle: 'acme/tool',
    target: '/x',
    ...fields,
  }) as JournalEntry;
const usage = (...records: JournalEntry[]) => readUsage(records.map((record) => ({ record })));

test('uses by grant: how many, how many in dry runs that only describe, the last, and what for', () => {
  const { uses } = usage(
    intent({ at: 5, target: 'a' }),
    intent({ at: 9, target: 'b' }),
    intent({ at: 7, target: 'a', class: 'mutate', dryRun: true }),
    intent({ at: 8, dryRun: true, grant: 'g-2' }),
    intent({ grant: null }),
  );
  expect([...uses]).toEqual([
    ['g-1', { count: 3, dryRuns: 1, last: 9, targets: new Set(['a', 'b']) }],
    ['g-2', { count: 1, dryRuns: 0, last: 8, targets: undefined }],
  ]);
});

test('where one use names no target, or too many were named, what it was used for is not known', () => {
  expect(
    usage(intent({ target: 'a' }), intent({}), intent({ target: 'b' })).uses.get('g-1')?.targets,
  ).toBeUndefined();
  const many = Array.from({ length: 10_001 }, (_, n) => intent({ target: String(n) }));
  expect(usage(...many.slice(1)).uses.get('g-1')?.targets?.size).toBe(10_000);
  expect(usage(...many).uses.get('g-1')).toMatchObject({ count: 10_001, targets: undefined });
});

test('refusals by bundle, capability and target: the last words count; one without a name is nobody’s', () => {
  const { denials } = usage(
    denied({ at: 2, fix: 'signet grant 1' }),
    denied({ at: 4, action: 'list /x again', fix: 'signet grant 2' }),
    denied({ at: 3, bundle: 'acme/other' }),
    denied({ capability: 'nothing', target: undefined }),
    denied({ bundle: undefined }),
    denied({ code: 'E_CAPABILITY_ARGS', target: '/malformed' }),
    denied({ code: 'E_PLAN_REQUIRED', target: '/unplanned' }),
  );
  expect(denials).toEqual([
    {
      bundle: 'acme/tool',
      capability: 'fs.read',
      target: '/x',
      action: 'list /x again',
      fix: 'signet grant 2',
      count: 2,
      last: 4,
    },
    {
      bundle: 'acme/other',
      capability: 'fs.read',
      target: '/x',
      action: 'list /x',
      fix: null,
      count: 1,
      last: 3,
    },
    {
      bundle: 'acme/tool',
      capability: 'nothing',
      target: undefined,
      action: 'list /x',
      fix: null,
      count: 1,
      last: 1,
    },
  ]);
});

test('a bundle that asks for ever new things fills no memory', () => {
  const many = Array.from({ length: 10_100 }, (_, n) => denied({ target: `/${n}` }));
  expect(usage(...many).denials).toHaveLength(10_000);
});

test('an effect that uses further grants, such as a secret in a request, is a use of each', () => {
  const { uses } = usage(
    intent({ at: 5, grant: 'g-http', also: ['g-key', 'g-other'], target: 'GET https://a.example/' }),
    intent({ at: 6, grant: 'g-http', target: 'GET https://a.example/' }),
    intent({ at: 7, grant: null, also: ['g-key'] }),
  );
  expect([...uses].map(([id, { count, last }]) => [id, count, last])).toEqual([
    ['g-http', 2, 6],
    ['g-key', 2, 7],
    ['g-other', 1, 5],
  ]);
});

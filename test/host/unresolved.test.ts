// What became of an effect whose host died is said by a person, once, and never guessed (THREATS.md H20).
import { beforeEach, expect, test } from 'vitest';
import { Unresolved } from '../../host/unresolved.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import type { Principal } from '../../src/contracts/plan.ts';
import { OpenEffects } from '../../src/open-effects.ts';
import { expectCode } from '../src/expect-code.ts';

const PERSON: Principal = { kind: 'human', id: 'ann' };
const intent = (effectId: string): JournalEntry => ({
  type: 'effect.intent',
  at: 1,
  callId: 'c',
  effectId,
  capability: 'exec',
  action: 'crontab -',
  class: 'mutate',
  grant: 'g',
  dryRun: false,
});

let open: OpenEffects;
let records: JournalEntry[];
let unresolved: Unresolved;
beforeEach(() => {
  records = [intent('c.1'), intent('c.2')];
  open = new OpenEffects();
  for (const [index, record] of records.entries()) open.see(index, record);
  const journal = {
    append: (record: object) => {
      open.see(records.length, record as JournalEntry);
      return records.push(record as JournalEntry) - 1;
    },
  };
  unresolved = new Unresolved({ open: () => open.list(), journal, clock: { now: () => 7 } });
});

const listed = (): string[] => unresolved.list().map(({ intent: { effectId } }) => effectId);

test('a person resolves one; the journal says who, how and why', () => {
  expect(listed()).toEqual(['c.1', 'c.2']);
  unresolved.resolve({ effect: 'c.1', as: 'not_done', reason: 'the line is missing', by: PERSON });
  expect(listed()).toEqual(['c.2']);
  expect(records.at(-1)).toEqual({
    type: 'effect.resolved',
    at: 7,
    callId: 'c',
    effectId: 'c.1',
    as: 'not_done',
    reason: 'the line is missing',
    by: PERSON,
  });
});

test('twice, an effect that is under way, one that never was: E_NOT_FOUND', () => {
  const said = { as: 'done', reason: 'seen', by: PERSON } as const;
  unresolved.resolve({ effect: 'c.1', ...said });
  expectCode(() => unresolved.resolve({ effect: 'c.1', ...said }), 'E_NOT_FOUND');
  open.see(99, intent('c.9'));
  expect(listed()).toEqual(['c.2']);
  expectCode(() => unresolved.resolve({ effect: 'c.9', ...said }), 'E_NOT_FOUND');
  expectCode(() => unresolved.resolve({ effect: '__proto__', ...said }), 'E_NOT_FOUND');
});

test.each(['agent', 'service', 'tool'] as const)(
  '%s never says so: E_GRANT, and nothing is written',
  (kind) => {
    const before = records.length;
    expectCode(
      () => unresolved.resolve({ effect: 'c.1', as: 'done', reason: 'sure', by: { kind, id: 'x' } }),
      'E_GRANT',
    );
    expect([records.length, listed()]).toEqual([before, ['c.1', 'c.2']]);
  },
);

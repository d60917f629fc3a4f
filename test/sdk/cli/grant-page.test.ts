// The pages of `signet grant`, whole: what an operator reads, to the letter.
import { expect, test } from 'vitest';
import { formatBundle, formatTable } from '../../../sdk/cli/grant-page.ts';
import type { GrantReview, ReviewedBundle } from '../../../src/contracts/grant-review.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

const TOOLS: ReviewedBundle = {
  bundle: 'local/tools',
  versions: ['1.0.0', '1.1.0'],
  provides: ['observer/disk', 'skill/clean'],
  capabilities: [
    {
      capability: 'kv',
      asks: ['kv (read and write)'],
      atMost: [
        { kind: 'observer', class: null },
        { kind: 'skill', class: 'mutate' },
      ],
      grants: [
        {
          id: 'g-111111111111',
          class: 'mutate',
          allows: 'keep values of its own',
          expires: null,
          by: 'ann',
          reason: 'remember the last run',
          used: { count: 12, dryRuns: 2, last: '2026-02-26T12:00:00Z' },
          flags: [],
          instead: [],
        },
      ],
      refused: [],
      missing: [],
    },
    {
      capability: 'fs.read',
      asks: ['fs.read paths as granted'],
      atMost: [
        { kind: 'observer', class: 'observe' },
        { kind: 'skill', class: 'observe' },
      ],
      grants: [
        {
          id: 'g-222222222222',
          class: 'observe',
          allows: 'read / and, where that is a folder, every file below it',
          expires: '2026-06-01T00:00:00Z',
          by: 'ann',
          reason: 'a try\u001b[2J',
          used: { count: 1, dryRuns: 0, last: '2026-03-01T11:58:30Z' },
          flags: ['wider than used'],
          instead: [
            'signet grant local/tools fs.read --path /data/x',
            'signet grant --remove g-222222222222',
          ],
        },
        {
          id: 'g-333333333333',
          class: 'observe',
          allows: 'read /old and, where that is a folder, every file below it',
          expires: '2026-02-01T00:00:00Z',
          by: 'bob',
          reason: 'no reason was given',
          used: { count: 3, dryRuns: 0, last: '2026-01-01T00:00:00Z' },
          flags: ['expired', 'unused for long'],
          instead: ['signet grant local/tools fs.read --path /old --for 1d'],
        },
      ],
      refused: [],
      missing: [],
    },
    {
      capability: 'exec',
      asks: ['exec df, rm -r /tmp/x'],
      atMost: [
        { kind: 'observer', class: 'observe' },
        { kind: 'skill', class: 'mutate' },
      ],
      grants: [],
      refused: [
        {
          action: 'exec: local/tools (skill/clean) may not run "df": it is not granted',
          count: 2,
          last: '2026-03-01T09:00:00Z',
          fix: 'signet grant local/tools exec --command df --class observe',
        },
      ],
      missing: ["signet grant local/tools exec --command 'rm -r /tmp/x' --class mutate"],
    },
    {
      capability: 'model',
      asks: [],
      atMost: [
        { kind: 'observer', class: null },
        { kind: 'skill', class: 'observe' },
      ],
      grants: [
        {
          id: 'g-444444444444',
          class: 'observe',
          allows: 'ask a model as planner, 100 tokens a call',
          expires: null,
          by: 'ann',
          reason: 'later',
          used: { count: 0, dryRuns: 0, last: null },
          flags: ['without effect', 'never used'],
          instead: ['signet grant --remove g-444444444444'],
        },
      ],
      refused: [],
      missing: [],
    },
  ],
};

test('the page of a bundle', () => {
  expect(formatBundle(TOOLS, NOW)).toBe(`local/tools 1.0.0, 1.1.0
provides observer/disk, skill/clean

kv
  asks for    kv (read and write)
  at most     changes things (skill); nothing (observer)
  granted     g-111111111111  changes things, without end; by ann: remember the last run
              may keep values of its own
              used 12 times, 2 in dry runs, last 3 days ago

fs.read
  asks for    fs.read paths as granted
  at most     only looks (observer, skill)
  granted     g-222222222222  only looks, until 2026-06-01T00:00:00Z; by ann: a try\\u{1b}[2J
              may read / and, where that is a folder, every file below it
              used once, last 1 minute ago — wider than used
  granted     g-333333333333  only looks, until 2026-02-01T00:00:00Z; by bob: no reason was given
              may read /old and, where that is a folder, every file below it
              used 3 times, last 59 days ago — not used for 59 days — expired

exec
  asks for    exec df, rm -r /tmp/x
  at most     changes things (skill); only looks (observer)
  granted     nothing
  refused     2 times, 3 hours ago: skill/clean may not run "df": it is not granted

model
  asks for    nothing
  at most     only looks (skill); nothing (observer)
  granted     g-444444444444  only looks, without end; by ann: later
              may ask a model as planner, 100 tokens a call
              never used — without effect

To grant what was refused:
  signet grant local/tools exec --command df --class observe

To grant what is asked for and was not tried yet:
  signet grant local/tools exec --command 'rm -r /tmp/x' --class mutate

To renew what has expired:
  signet grant local/tools fs.read --path /old --for 1d

To grant no more than was used:
  signet grant local/tools fs.read --path /data/x
  signet grant --remove g-222222222222

To take away what was not used, or has no effect:
  signet grant --remove g-444444444444
`);
});

test('a bundle that asks for nothing, and one that is only granted something', () => {
  const none = { bundle: 'local/hello', versions: ['1.0.0'], provides: ['skill/hello'], capabilities: [] };
  expect(formatBundle(none, NOW)).toBe(`local/hello 1.0.0
provides skill/hello

It asks for nothing that has to be granted.
`);
  expect(formatBundle({ ...none, versions: [], provides: [] }, NOW)).toContain(
    'local/hello (not installed)\n',
  );
});

test('the table of all', () => {
  const review: GrantReview = {
    schema: 'grant-review/1',
    ok: true,
    at: '2026-03-01T12:00:00Z',
    bundles: [TOOLS],
  };
  expect(
    formatTable(review, NOW),
  ).toBe(`BUNDLE       CAPABILITY  GRANT           CLASS           UNTIL                 USED
local/tools  kv          g-111111111111  changes things  without end           12 times, 3 days ago
local/tools  fs.read     g-222222222222  only looks      2026-06-01T00:00:00Z  once, 1 minute ago, wider than used
local/tools  fs.read     g-333333333333  only looks      2026-02-01T00:00:00Z  3 times, 59 days ago, expired, unused for long
local/tools  exec        -                                                     refused 2 times, 3 hours ago
local/tools  model       g-444444444444  only looks      without end           without effect, never used

4 grant(s), 3 to look at. signet grant BUNDLE says why, and what would do.
`);
  expect(formatTable({ ...review, bundles: [] }, NOW)).toBe(
    'Nothing is granted, and nothing that is installed asks for a grant.\n',
  );
});

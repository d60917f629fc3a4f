import { describe, expect, test } from 'vitest';
import { bundlesToReview, type ReviewInput, reviewBundle } from '../../host/grant-review.ts';
import type { Denial, GrantUse } from '../../host/grant-usage.ts';
import { type GrantDraft, grantId } from '../../host/grants.ts';
import { Grant, type LockedBundle } from '../../src/contracts/config.ts';
import { ReviewedBundle } from '../../src/contracts/grant-review.ts';
import type { CapabilityRequest } from '../../src/contracts/manifest.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const DAY = 86_400_000;
const grant = (fields: object): Grant =>
  Grant.parse({ bundle: 'acme/tool', class: 'observe', reason: 'why', by: 'ann', ...fields });
const locked = (capabilities: CapabilityRequest[], provides = ['skill/run'], version = '1.0.0') =>
  ({ name: 'acme/tool', version, provides, capabilities }) as LockedBundle;
const denial = (fields: object): Denial => ({
  bundle: 'acme/tool',
  capability: 'fs.read',
  target: '/x',
  action: 'read /x',
  fix: 'signet grant acme/tool fs.read --path /x',
  count: 2,
  last: NOW,
  ...fields,
});
const use = (fields: object): GrantUse => ({
  count: 1,
  dryRuns: 0,
  last: NOW,
  targets: undefined,
  ...fields,
});

function review(input: {
  installed?: LockedBundle[];
  grants?: Grant[];
  uses?: [Grant, GrantUse][];
  denials?: Denial[];
}) {
  const uses = new Map((input.uses ?? []).map(([of, used]) => [grantId(of), used]));
  const grants = input.grants ?? (input.uses ?? []).map(([of]) => of);
  const whole: ReviewInput = {
    installed: input.installed ?? [],
    grants,
    usage: { uses, denials: input.denials ?? [] },
    now: NOW,
  };
  return ReviewedBundle.parse(reviewBundle('acme/tool', whole));
}
const READ: CapabilityRequest = { id: 'fs.read', paths: 'granted' };
const reading = grant({ capability: 'fs.read', path: '/data' });

test('what needs no grant is left out; what is asked for, granted or refused is in, in one order', () => {
  const { capabilities } = review({
    installed: [locked([{ id: 'clock' }, { id: 'invoke', functions: ['skill/a'] }, READ])],
    grants: [grant({ capability: 'kv' })],
    denials: [denial({ capability: 'http', target: undefined })],
  });
  expect(capabilities.map(({ capability }) => capability)).toEqual(['kv', 'fs.read', 'http', 'invoke']);
});

test('of several installed versions all that any asks for and provides', () => {
  const installed = [
    locked([READ], ['skill/run']),
    locked([{ id: 'fs.read', paths: ['/x'] }], ['extractor/jobs', 'skill/run'], '2.0.0'),
  ];
  const { versions, provides, capabilities } = review({ installed });
  expect(versions).toEqual(['1.0.0', '2.0.0']);
  expect(provides).toEqual(['extractor/jobs', 'skill/run']);
  expect(capabilities[0]).toMatchObject({
    asks: ['fs.read paths as granted', 'fs.read /x'],
    atMost: [
      { kind: 'extractor', class: 'observe' },
      { kind: 'skill', class: 'observe' },
    ],
    missing: ["signet grant acme/tool fs.read --path /x --reason 'asked for by its manifest'"],
  });
});

describe('a grant is flagged', () => {
  const flags = (of: Grant, used?: GrantUse, installed = [locked([READ])]) => {
    const { capabilities } = review({
      installed,
      grants: [of],
      uses: used === undefined ? [] : [[of, used]],
    });
    const { flags, instead } = capabilities[0]!.grants[0]!;
    return { flags, instead };
  };
  const remove = `signet grant --remove ${grantId(reading)}`;

  test('that was never used, or not for thirty days; a day less and it is not', () => {
    expect(flags(reading)).toEqual({ flags: ['never used'], instead: [remove] });
    expect(flags(reading, use({ last: NOW - 30 * DAY }))).toEqual({
      flags: ['unused for long'],
      instead: [remove],
    });
    expect(flags(reading, use({ last: NOW - 29 * DAY }))).toEqual({ flags: [], instead: [] });
  });

  test('that nothing asks for, or no kind may have: it has no effect', () => {
    expect(flags(reading, use({}), [])).toEqual({ flags: ['without effect'], instead: [remove] });
    expect(flags(reading, use({}), [locked([{ id: 'log' }])]).flags).toEqual(['without effect']);
    expect(flags(reading, use({}), [locked([READ], ['parser/x'])]).flags).toEqual(['without effect']);
  });

  test('that has expired: renewed where it was used, otherwise taken away', () => {
    const old = { ...reading, expires: '2026-03-01T12:00:00Z' };
    expect(flags(old, use({}))).toEqual({
      flags: ['expired'],
      instead: ['signet grant acme/tool fs.read --path /data --for 1d --reason why'],
    });
    expect(flags(old)).toEqual({ flags: ['expired', 'never used'], instead: [remove] });
    expect(flags({ ...old, expires: '2026-03-01T12:00:01Z' }, use({})).flags).toEqual([]);
  });

  test('that is wider than used: the narrower ones first, then the old one goes; of one id the other way round', () => {
    expect(flags(reading, use({ targets: new Set(['/data/x', '/data/y']) }))).toEqual({
      flags: ['wider than used'],
      instead: [
        'signet grant acme/tool fs.read --path /data/x --reason why',
        'signet grant acme/tool fs.read --path /data/y --reason why',
        remove,
      ],
    });
    const kv = grant({ capability: 'kv', class: 'mutate' });
    expect(flags(kv, use({ targets: new Set(['read']) }), [locked([{ id: 'kv', access: 'write' }])])).toEqual(
      {
        flags: ['wider than used'],
        instead: [
          `signet grant --remove ${grantId(kv)}`,
          'signet grant acme/tool kv --class observe --reason why',
        ],
      },
    );
  });
});

describe('what was refused', () => {
  test('is shown while it still would be, the last first', () => {
    const { capabilities } = review({
      installed: [locked([READ])],
      grants: [reading],
      denials: [
        denial({}),
        denial({ target: '/y', action: 'read /y', last: NOW + 1_000, fix: null }),
        denial({ target: '/data/x', action: 'read /data/x' }),
        denial({ bundle: 'acme/other' }),
      ],
    });
    expect(capabilities[0]?.refused).toEqual([
      { action: 'read /y', count: 2, last: '2026-03-01T12:00:01Z', fix: null },
      {
        action: 'read /x',
        count: 2,
        last: '2026-03-01T12:00:00Z',
        fix: 'signet grant acme/tool fs.read --path /x',
      },
    ]);
  });
  test('where no grant would have helped, for thirty days', () => {
    const seen = (last: number) =>
      review({
        installed: [locked([READ])],
        grants: [reading],
        denials: [denial({ target: '/data/x', fix: null, last })],
      }).capabilities[0]?.refused.length;
    expect(seen(NOW - 30 * DAY + 1)).toBe(1);
    expect(seen(NOW - 30 * DAY)).toBe(0);
  });
  test('an expired grant does not hide it', () => {
    const old = { ...reading, expires: '2026-01-01T00:00:00Z' };
    const denials = [denial({ target: '/data/x' })];
    expect(
      review({ installed: [locked([READ])], grants: [old], denials }).capabilities[0]?.refused,
    ).toHaveLength(1);
  });
  test('is not proposed a second time, more widely, because the manifest asks for it', () => {
    const installed = [locked([{ id: 'fs.read', paths: ['/data', '/etc'] }])];
    const { missing } = review({ installed, denials: [denial({ target: '/data/x' })] }).capabilities[0]!;
    expect(missing).toEqual([
      "signet grant acme/tool fs.read --path /etc --reason 'asked for by its manifest'",
    ]);
  });
});

test('the bundles to review are those that are installed or have a grant', () => {
  const other: GrantDraft & { by: string } = grant({ capability: 'kv', bundle: 'acme/gone' });
  const input = {
    installed: [locked([])],
    grants: [other],
    usage: { uses: new Map(), denials: [] },
    now: NOW,
  };
  expect(bundlesToReview(input)).toEqual(['acme/gone', 'acme/tool']);
});

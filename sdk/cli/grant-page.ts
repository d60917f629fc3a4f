// The pages of `signet grant`: one bundle in plain words, with the lines that would narrow or complete what it has; and all of them
// as a table. What a bundle says of itself is escaped.
import { plain } from '../../host/plain-text.ts';
import type {
  GrantReview,
  ReviewedBundle,
  ReviewedCapability,
  ReviewedGrant,
} from '../../src/contracts/grant-review.ts';

const LABEL = 12;
/** Refusals that are shown of one capability. */
const MAX_REFUSED = 10;

/** What a class means to a person. */
const CLASS = { observe: 'only looks', mutate: 'changes things' } as const;

/** The page of one bundle; `now` is milliseconds since the epoch. */
export function formatBundle(review: ReviewedBundle, now: number): string {
  const { bundle, versions, provides, capabilities } = review;
  const head = [
    `${bundle} ${versions.join(', ') || '(not installed)'}`,
    ...(provides.length === 0 ? [] : [`provides ${provides.join(', ')}`]),
  ];
  if (capabilities.length === 0) return `${head.join('\n')}\n\nIt asks for nothing that has to be granted.\n`;
  const blocks = capabilities.map((one) => formatCapability(one, now).join('\n'));
  return `${[head.join('\n'), ...blocks, ...proposals(capabilities)].join('\n\n')}\n`;
}

function formatCapability(capability: ReviewedCapability, now: number): string[] {
  const { asks, atMost, grants, refused } = capability;
  const shown = refused.slice(0, MAX_REFUSED);
  const more = refused.length - shown.length;
  const line = (label: string, text: string): string => `  ${label.padEnd(LABEL)}${text}`;
  return [
    capability.capability,
    line('asks for', asks.join('; ') || 'nothing'),
    ...(atMost.length === 0 ? [] : [line('at most', limits(atMost))]),
    ...(grants.length === 0 ? [line('granted', 'nothing')] : []),
    ...grants.flatMap((grant) =>
      formatGrant(grant, now).map((text, i) => line(i === 0 ? 'granted' : '', text)),
    ),
    ...shown.map(({ action, count, last }, i) =>
      line(
        i === 0 ? 'refused' : '',
        `${times(count)}, ${ago(last, now)}: ${plain(withoutBundle(action), 300)}`,
      ),
    ),
    ...(more > 0 ? [line('', `and ${more} more; --json has them all`)] : []),
  ];
}

function limits(atMost: ReviewedCapability['atMost']): string {
  const words = (wanted: 'observe' | 'mutate' | null): string => {
    const kinds = atMost.filter((limit) => limit.class === wanted).map(({ kind }) => kind);
    if (kinds.length === 0) return '';
    return `${wanted === null ? 'nothing' : CLASS[wanted]} (${kinds.join(', ')})`;
  };
  return [words('mutate'), words('observe'), words(null)].filter((text) => text !== '').join('; ');
}

function formatGrant(grant: ReviewedGrant, now: number): string[] {
  const { id, allows, expires, by, reason, used, flags } = grant;
  const until = expires === null ? 'without end' : `until ${expires}`;
  const dry =
    used.dryRuns === 0
      ? ''
      : used.dryRuns === used.count
        ? ', all in dry runs'
        : `, ${used.dryRuns} in dry runs`;
  const use =
    used.last === null ? 'never used' : `used ${times(used.count)}${dry}, last ${ago(used.last, now)}`;
  const flagged = flags.filter((flag) => flag !== 'never used' && flag !== 'unused for long');
  return [
    `${id}  ${CLASS[grant.class]}, ${until}; by ${plain(by)}: ${plain(reason)}`,
    `may ${allows}`,
    `${use}${flags.includes('unused for long') ? ` — not used for ${days(used.last, now)}` : ''}${flagged.map((flag) => ` — ${flag}`).join('')}`,
  ];
}

/** Command lines, each kind under what it is for; nothing where all is as it should be. */
function proposals(capabilities: readonly ReviewedCapability[]): string[] {
  const grants = capabilities.flatMap((one) => one.grants);
  const wide = grants.filter(({ flags }) => flags.includes('wider than used'));
  const renewed = grants.filter(({ flags, used }) => flags.includes('expired') && used.count > 0);
  const idle = grants.filter((grant) => !wide.includes(grant) && !renewed.includes(grant));
  const refused = capabilities.flatMap((one) => one.refused.slice(0, MAX_REFUSED));
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['To grant what was refused:', refused.flatMap(({ fix }) => fix ?? [])],
    ['To grant what is asked for and was not tried yet:', capabilities.flatMap(({ missing }) => missing)],
    ['To renew what has expired:', renewed.flatMap(({ instead }) => instead)],
    ['To grant no more than was used:', wide.flatMap(({ instead }) => instead)],
    ['To take away what was not used, or has no effect:', idle.flatMap(({ instead }) => instead)],
  ];
  return rows.filter(([, lines]) => lines.length > 0).map(([title, lines]) => section(title, lines));
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...new Set(lines.map((line) => `  ${line}`))].join('\n');
}

const COLUMNS = ['BUNDLE', 'CAPABILITY', 'GRANT', 'CLASS', 'UNTIL', 'USED'] as const;

/** The table of all bundles, and what is to be looked at. */
export function formatTable({ bundles }: GrantReview, now: number): string {
  const rows = bundles.flatMap(({ bundle, capabilities }) =>
    capabilities.flatMap((capability) => rowsOf(bundle, capability, now)),
  );
  if (rows.length === 0) return 'Nothing is granted, and nothing that is installed asks for a grant.\n';
  const all: readonly (readonly string[])[] = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const grants = bundles.flatMap(({ capabilities }) => capabilities.flatMap((one) => one.grants));
  const flagged = grants.filter(({ flags }) => flags.length > 0).length;
  return `${lines.join('\n')}\n\n${grants.length} grant(s), ${flagged} to look at. signet grant BUNDLE says why, and what would do.\n`;
}

function rowsOf(
  bundle: string,
  { capability, grants, refused }: ReviewedCapability,
  now: number,
): string[][] {
  const rows = grants.map((grant) => [
    bundle,
    capability,
    grant.id,
    CLASS[grant.class],
    grant.expires ?? 'without end',
    [
      grant.used.last === null ? '' : `${times(grant.used.count)}, ${ago(grant.used.last, now)}`,
      ...grant.flags,
    ]
      .filter((text) => text !== '')
      .join(', '),
  ]);
  const last = refused[0];
  const count = refused.reduce((sum, one) => sum + one.count, 0);
  if (last !== undefined)
    rows.push([bundle, capability, '-', '', '', `refused ${times(count)}, ${ago(last.last, now)}`]);
  else if (grants.length === 0) rows.push([bundle, capability, '-', '', '', 'not granted']);
  return rows;
}

/** The action of a refusal without what the page says already: `exec: acme/tool (skill/x) may not …`. */
const withoutBundle = (action: string): string => action.replace(/^\S+: \S+ \(([^)]*)\) /, '$1 ');

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** Such as `3 days ago`. A clock that was set back makes it `just now`. */
function ago(time: string, now: number): string {
  const passed = now - Date.parse(time);
  for (const [unit, ms] of UNITS) {
    const count = Math.floor(passed / ms);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}

const days = (time: string | null, now: number): string =>
  `${Math.floor((now - Date.parse(time ?? '')) / 86_400_000)} days`;

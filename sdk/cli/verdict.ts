// Verdicts as people read them (DESIGN.md §3): the result first, then a line a check, then what to do.
import type { Check, SubjectVerdict } from '../../src/contracts/verdict.ts';
import { oneLine } from '../../src/text.ts';

/** The label that a check has in the output. */
const LABELS: Readonly<Record<Check['name'], string>> = {
  limits: 'limits',
  archive: 'archive',
  files: 'files',
  envelope: 'signature',
  namespace: 'namespace',
  log: 'log',
  status: 'revocation',
  provenance: 'provenance',
  host: 'semver',
  requires: 'requires',
  kinds: 'kinds',
  policy: 'policy',
  rebuild: 'rebuild',
};
const WIDTH = Math.max(...Object.values(LABELS).map(({ length }) => length)) + 2;
const STATES = { pass: 'ok', fail: 'FAIL', skip: 'skip' } as const;

/** Checks that are one line where all of them passed: how their findings are joined. The first gives the line its label. */
const GROUPS: readonly {
  readonly of: readonly Check['name'][];
  readonly line: (details: string[]) => string;
}[] = [
  { of: ['archive', 'limits', 'files'], line: ([archive = '']) => archive },
  { of: ['envelope', 'namespace'], line: (details) => details.join(' = ') },
  { of: ['host', 'requires', 'kinds'], line: (details) => details.join('; ') },
];

/** One subject: `✓ acme/pdf-tools 2.4.1  VERIFIED` or `✗ …  REFUSED  CODE`, and why. */
export function formatVerdict(verdict: SubjectVerdict): string {
  const { ok, name, version, subject, code, checks, asks } = verdict;
  const who = name === undefined ? subject : `${name} ${version ?? ''}`.trimEnd();
  const lines = [ok ? `✓ ${who}  VERIFIED` : `✗ ${who}  REFUSED  ${code}`];
  const shown = new Set<Check['name']>();
  for (const check of checks) {
    if (shown.has(check.name) || check.state === 'not_run') continue;
    const group = GROUPS.find(({ of }) => of.includes(check.name));
    const members = group === undefined ? [] : group.of.map((one) => checks.find((c) => c.name === one));
    // Only what passed, all of it and without a warning, is drawn together: nothing that was skipped hides behind an ok.
    const together =
      group !== undefined && members.every((c) => c?.state === 'pass' && c.warning === undefined);
    const label = LABELS[together ? (group.of[0] as Check['name']) : check.name].padEnd(WIDTH);
    const detail = together ? group.line(members.map((c) => c?.detail ?? '')) : describe(check);
    for (const one of together ? group.of : [check.name]) shown.add(one);
    lines.push(`  ${label}${STATES[check.state].padEnd(8)}${detail}`.trimEnd());
    if (check.warning !== undefined) lines.push(`  ${''.padEnd(WIDTH)}warning ${check.warning}`);
  }
  const left = checks.filter(({ state }) => state === 'not_run').map((check) => LABELS[check.name]);
  if (left.length > 0) lines.push(`  ${'not run'.padEnd(WIDTH)}${left.join(', ')}`);
  if (ok) lines.push(`  ${'asks for'.padEnd(WIDTH)}${asks.length === 0 ? 'nothing' : asks.join(' · ')}`);
  const failed = checks.find(({ state }) => state === 'fail');
  if (failed?.expected !== undefined) lines.push(`  expected ${failed.expected}`);
  if (failed?.actual !== undefined) lines.push(`  actual   ${failed.actual}`);
  if (failed?.fix !== undefined) lines.push(`  do: ${failed.fix}`);
  return `${lines.map((line) => oneLine(line)).join('\n')}\n`;
}

function describe({ state, code, detail }: Check): string {
  return state === 'fail' ? `${code ?? ''} ${detail ?? ''}`.trim() : (detail ?? '');
}

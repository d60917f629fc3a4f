// Verdicts as people read them (DESIGN.md §3): the result first, then a line a check, then what to do.
import type { Check, SubjectVerdict } from '../../src/contracts/verdict.ts';

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
const STATES = { pass: 'ok', fail: 'FAIL', skip: 'skip', not_run: 'not run' } as const;

/** One subject: `✓ acme/pdf-tools 2.4.1  VERIFIED` or `✗ …  REFUSED  CODE`, and why. */
export function formatVerdict(verdict: SubjectVerdict): string {
  const { ok, name, version, subject, code, checks, asks } = verdict;
  const who = name === undefined ? subject : `${name} ${version ?? ''}`.trimEnd();
  const lines = [ok ? `✓ ${who}  VERIFIED` : `✗ ${who}  REFUSED  ${code}`];
  for (const check of checks) {
    lines.push(
      `  ${LABELS[check.name].padEnd(WIDTH)}${STATES[check.state].padEnd(8)}${describe(check)}`.trimEnd(),
    );
    if (check.warning !== undefined) lines.push(`  ${''.padEnd(WIDTH)}warning ${check.warning}`);
  }
  if (ok) lines.push(`  ${'asks for'.padEnd(WIDTH)}${asks.length === 0 ? 'nothing' : asks.join(' · ')}`);
  const failed = checks.find(({ state }) => state === 'fail');
  if (failed?.expected !== undefined) lines.push(`  expected ${failed.expected}`);
  if (failed?.actual !== undefined) lines.push(`  actual   ${failed.actual}`);
  if (failed?.fix !== undefined) lines.push(`  do: ${failed.fix}`);
  return `${lines.join('\n')}\n`;
}

function describe({ state, code, detail }: Check): string {
  return state === 'fail' ? `${code ?? ''} ${detail ?? ''}`.trim() : (detail ?? '');
}

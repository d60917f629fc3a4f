// The audit's section as people read it: the seed's lines, then why, then what to do.
import type { AuditReport, ConvergenceResult } from '../contracts/convergence.ts';
import { oneLine } from '../text.ts';

const SHOWN = 100;

/** `✓ [id] declared=N observed=N (no drift)` and its siblings; details are indented below their spec. */
export function formatAudit(report: AuditReport): string {
  const lines = [`CONVERGENCE — ${report.results.length} spec(s)`, ...report.results.flatMap(formatResult)];
  const dry = report.results.some((result) => result.apply_dry_run && result.applied_actions.length > 0);
  if (dry) lines.push('do: nothing was changed; the same command with --apply applies what is listed');
  return `${lines.join('\n')}\n`;
}

function formatResult(result: ConvergenceResult): string[] {
  const id = oneLine(result.spec_id);
  const counts = `declared=${result.declared.length} observed=${result.observed.length}`;
  const details = [
    // The lines that a dry run would add say it better than their identifiers.
    ...(result.apply_dry_run && result.applied_actions.length > 0
      ? []
      : indent('missing', result.missing_in_runtime)),
    ...indent('extra', result.extra_in_runtime),
    ...indent(result.apply_dry_run ? 'would apply' : 'applied', result.applied_actions),
    ...indent('apply error', result.apply_errors),
    ...indent(
      'ambiguous',
      result.ambiguous.map(({ id, reason }) => `${id}: ${reason}`),
    ),
  ];
  if (result.error !== null) {
    const [what = '', ...fix] = result.error.split(' do: ');
    return [
      `✗ [${id}] ${oneLine(what)}`,
      ...details,
      ...indent('do', fix.length === 0 ? [] : [fix.join(' do: ')]),
    ];
  }
  const tried = result.applied_actions.length > 0 || result.apply_errors.length > 0;
  const apply = tried
    ? ` apply${result.apply_dry_run ? '[dry-run]' : ''}=${result.applied_actions.length} apply_errors=${result.apply_errors.length}`
    : '';
  if (!result.drift_detected) return [`✓ [${id}] ${counts} (no drift)${apply}`, ...details];
  const missing =
    result.missing_in_runtime.length === 0 ? '' : ` missing=${result.missing_in_runtime.length}`;
  const extra = result.extra_in_runtime.length === 0 ? '' : ` extra=${result.extra_in_runtime.length}`;
  return [
    `! [${id}] ${counts}${missing}${extra} (drift_action=${oneLine(result.drift_action)})${apply}`,
    ...details,
  ];
}

function indent(label: string, items: readonly string[]): string[] {
  const shown = items.slice(0, SHOWN).map((item) => `    ${label}: ${oneLine(item)}`);
  return items.length > SHOWN
    ? [...shown, `    ${label}: and ${items.length - SHOWN} more (--json has all)`]
    : shown;
}

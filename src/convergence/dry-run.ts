// When an audit applies for real: the first row that matches decides (CONTRACTS.md §1 "Dry run").
import type { ConvergenceSpec } from '../contracts/convergence.ts';

export interface ApplyMode {
  /** `--apply` was given. */
  readonly apply: boolean;
  /** Reads one environment variable. */
  readonly environment: (name: string) => string | undefined;
  /** Set where no person started this audit; `apply` is the schedule's own grant. */
  readonly schedule?: { readonly apply: boolean };
}

export const DRY_RUN_VARIABLE = 'CONVERGENCE_DRY_RUN';

const ROWS: readonly {
  readonly when: (mode: ApplyMode, spec: ConvergenceSpec) => boolean;
  readonly dryRun: boolean;
}[] = [
  { when: (mode) => mode.environment(DRY_RUN_VARIABLE) === '1', dryRun: true },
  {
    when: (mode, spec) =>
      mode.environment(spec.convergence_method?.dry_run_env_var ?? DRY_RUN_VARIABLE) === '1',
    dryRun: true,
  },
  { when: (mode) => mode.apply && mode.schedule === undefined, dryRun: false },
  {
    when: (mode, spec) => mode.schedule?.apply === true && spec.convergence_method?.dry_run_default === false,
    dryRun: false,
  },
];

/** Whether the spec's apply runs dry. Without a row that says otherwise, it does. */
export function isDryRun(mode: ApplyMode, spec: ConvergenceSpec): boolean {
  return ROWS.find((row) => row.when(mode, spec))?.dryRun ?? true;
}

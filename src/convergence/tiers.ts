// The four tiers of drift as a table (first seed, "drift_action is 4-tier"; CONTRACTS.md §1).
import { DriftAction } from '../contracts/convergence.ts';

export interface Tier {
  readonly means: string;
  /** Whether what is missing may be applied at all. */
  readonly applies: boolean;
  /** Whether drift of such a spec stops every real apply until a human releases it. */
  readonly blocks: boolean;
}

export const TIERS: Readonly<Record<DriftAction, Tier>> = {
  alert_only: { means: 'alert; the operator decides', applies: false, blocks: false },
  alert_only_permanent: { means: 'a standing signal; never applied', applies: false, blocks: false },
  machine_sync: { means: 'what is missing is applied', applies: true, blocks: false },
  block_until_human: {
    means: 'drift stops every apply until a human releases it',
    applies: false,
    blocks: true,
  },
};

/** The tier that a spec names, or undefined where it names none of the four. */
export function tierOf(action: string): Tier | undefined {
  const parsed = DriftAction.safeParse(action);
  return parsed.success ? TIERS[parsed.data] : undefined;
}

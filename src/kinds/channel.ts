// Kind `channel`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const channel = {
  kind: 'channel',
  does: 'raw webhook → verified, normalised event',
  ceiling: { secret: { class: 'observe' } },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

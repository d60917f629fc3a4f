// Kind `planner`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const planner = {
  kind: 'planner',
  does: 'intent → plan draft',
  ceiling: { model: { class: 'observe' }, invoke: { class: 'observe' } },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

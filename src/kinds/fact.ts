// Kind `fact`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const fact = {
  kind: 'fact',
  does: 'event history → derived signal',
  ceiling: { kv: { class: 'observe', access: 'read' } },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

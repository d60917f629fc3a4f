// Kind `adapter`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const adapter = {
  kind: 'adapter',
  does: 'a stage of a delivery chain',
  ceiling: { kv: { class: 'mutate', access: 'write' }, invoke: { class: 'mutate' } },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

// Kind `stage`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const stage = {
  kind: 'stage',
  does: 'one step of an autonomy loop',
  ceiling: { invoke: { class: 'mutate' }, kv: { class: 'mutate', access: 'write' } },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

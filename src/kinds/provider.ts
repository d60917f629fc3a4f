// Kind `provider`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const provider = {
  kind: 'provider',
  does: 'neutral model request → provider call',
  ceiling: { http: { class: 'mutate' }, secret: { class: 'observe' } },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

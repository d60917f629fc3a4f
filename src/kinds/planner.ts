import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const planner: KindDefinition = {
  kind: 'planner',
  does: 'intent → plan draft',
  ceiling: { model: { class: 'observe' }, invoke: { class: 'observe' } },
  limits: DEFAULT_LIMITS,
};

import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const stage: KindDefinition = {
  kind: 'stage',
  does: 'one step of an autonomy loop',
  ceiling: { invoke: { class: 'mutate' }, kv: { class: 'mutate', access: 'write' } },
  limits: DEFAULT_LIMITS,
};

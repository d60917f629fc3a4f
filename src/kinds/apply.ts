// Kind `apply`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { ApplyInput, ApplyOutput } from '../contracts/convergence.ts';
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const apply = {
  kind: 'apply',
  does: 'missing and extra entries → applied, errors, would',
  ceiling: {
    'fs.read': { class: 'observe' },
    'fs.write': { class: 'mutate' },
    http: { class: 'mutate' },
    exec: { class: 'mutate' },
    kv: { class: 'mutate', access: 'write' },
    secret: { class: 'observe' },
  },
  limits: DEFAULT_LIMITS,
  schemas: { input: ApplyInput, output: ApplyOutput },
} as const satisfies KindDefinition;

// Kind `check`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const check = {
  kind: 'check',
  does: 'invariant → holds or not, with evidence',
  ceiling: {
    'fs.read': { class: 'observe' },
    http: { class: 'observe', methods: ['GET', 'HEAD'] },
    exec: { class: 'observe' },
    kv: { class: 'observe', access: 'read' },
  },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

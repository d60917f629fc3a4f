// Kind `sender`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const sender = {
  kind: 'sender',
  does: 'notice → sent, blocked or pending, with evidence',
  ceiling: {
    http: { class: 'mutate' },
    exec: { class: 'mutate' },
    'fs.write': { class: 'mutate' },
    secret: { class: 'observe' },
    kv: { class: 'mutate', access: 'write' },
  },
  limits: DEFAULT_LIMITS,
} as const satisfies KindDefinition;

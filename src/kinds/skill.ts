// Kind `skill`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const skill = {
  kind: 'skill',
  does: 'a tool an agent calls',
  ceiling: {
    kv: { class: 'mutate', access: 'write' },
    'fs.read': { class: 'observe' },
    'fs.write': { class: 'mutate' },
    http: { class: 'mutate' },
    exec: { class: 'mutate' },
    secret: { class: 'observe' },
    model: { class: 'observe' },
    invoke: { class: 'mutate' },
  },
  limits: DEFAULT_LIMITS,
  // A tool's schemas are its own.
  schemas: { input: null, output: null },
} as const satisfies KindDefinition;

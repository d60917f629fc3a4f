// Kind `observer`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { ObserverInput, ObserverOutput } from '../contracts/convergence.ts';
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const observer = {
  kind: 'observer',
  does: 'runtime → raw observation',
  ceiling: {
    'fs.read': { class: 'observe' },
    http: { class: 'observe', methods: ['GET', 'HEAD'] },
    exec: { class: 'observe' },
  },
  limits: DEFAULT_LIMITS,
  schemas: { input: ObserverInput, output: ObserverOutput },
} as const satisfies KindDefinition;

// Kind `parser`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { ParserInput, ParserOutput } from '../contracts/convergence.ts';
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const parser = {
  kind: 'parser',
  does: 'raw observation → identifiers',
  ceiling: {},
  limits: DEFAULT_LIMITS,
  schemas: { input: ParserInput, output: ParserOutput },
} as const satisfies KindDefinition;

// Kind `extractor`: what passes, and the most that a bundle of it may ask for (DESIGN.md §2).
import { ExtractorInput, ExtractorOutput } from '../contracts/convergence.ts';
import { DEFAULT_LIMITS, type KindDefinition } from './kind.ts';

export const extractor = {
  kind: 'extractor',
  does: 'declared source → identifiers',
  ceiling: { 'fs.read': { class: 'observe' }, exec: { class: 'observe' } },
  limits: DEFAULT_LIMITS,
  schemas: { input: ExtractorInput, output: ExtractorOutput },
} as const satisfies KindDefinition;

// The isolate that builds in tests hand their definitions to: the host's own, one for each test file.
import { afterAll } from 'vitest';
import { createEvaluator } from '../../host/evaluate.ts';

const evaluator = createEvaluator();
afterAll(() => evaluator.close());
export const evaluate = evaluator.evaluate;

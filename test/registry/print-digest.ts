// Builds the folder that is named and prints its digest: for builds in other processes.
import { createEvaluator } from '../../host/evaluate.ts';
import { buildBundle } from '../../registry/build.ts';

const evaluator = createEvaluator();
const { digest } = await buildBundle({ folder: process.argv[2] ?? '.', evaluate: evaluator.evaluate });
console.log(digest);
await evaluator.close();

// zod at the edges: a value that does not have its shape becomes one coded error that names every problem.
import type { z } from 'zod';
import { type ErrorCode, SignetError } from './error.ts';

/** The parsed value, or `code` with one line per problem: `path: what`. */
export function parseShape<T extends z.ZodType>(
  schema: T,
  value: unknown,
  item: string,
  code: ErrorCode = 'E_FORMAT',
): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = describeProblems(result.error);
  throw new SignetError(code, `${item}: ${problems.join('; ')}`, { item });
}

/** One line per problem, at most 20. */
export function describeProblems(error: z.ZodError): string[] {
  return error.issues
    .slice(0, 20)
    .map((issue) => `${issue.path.length === 0 ? '(top)' : issue.path.join('.')}: ${issue.message}`);
}

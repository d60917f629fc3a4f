// zod at the edges: a value that does not have its shape becomes one coded error that names every problem.
import type { z } from 'zod';
import { type ErrorCode, SignetError } from './error.ts';
import { oneLine } from './text.ts';

/** How often a shape is walked before zod writes code for it, which costs more than walking it until then. */
const WALKS = 16;
const walked = new WeakMap<z.ZodType, number>();

/** The parsed value, or `code` with one line per problem: `path: what`. */
export function parseShape<T extends z.ZodType>(
  schema: T,
  value: unknown,
  item: string,
  code: ErrorCode = 'E_FORMAT',
): z.output<T> {
  const times = walked.get(schema) ?? 0;
  if (times < WALKS) walked.set(schema, times + 1);
  const result = schema.safeParse(value, { jitless: times < WALKS });
  if (result.success) return result.data;
  const problems = describeProblems(result.error);
  throw new SignetError(code, `${item}: ${problems.join('; ')}`, { item });
}

/** Problems and characters of each that are shown. */
const MAX_PROBLEMS = 20;
const MAX_LINE = 300;

/** One line per problem, at most 20. Names come from the value: control characters are escaped, long lines cut. */
export function describeProblems(error: z.ZodError): string[] {
  return error.issues.slice(0, MAX_PROBLEMS).map((issue) => {
    const path = issue.path.length === 0 ? '(top)' : issue.path.join('.');
    return problemLine(path, issue.message);
  });
}

/** `path: what` in one line. */
export function problemLine(path: string, what: string): string {
  return oneLine(`${path.slice(0, MAX_LINE)}: ${what.slice(0, MAX_LINE)}`).slice(0, MAX_LINE);
}

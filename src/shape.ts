// zod at the edges: a value that does not have its shape becomes one coded error that names every problem.
import * as z from 'zod';
import { type ErrorCode, SignetError } from './error.ts';
import { oneLine } from './text.ts';

/** How often a shape is walked before zod writes code for it, which takes as long as walking it some twenty times. */
const WALKS = 16;
type Shape = { walks: number; compiled?: z.ZodType };
const SHAPES = new WeakMap<z.ZodType, Shape>();

/** What `schema.safeParse` says of the value: of a shape that is asked often, by code that zod compiled for it. */
export function readShape<T extends z.ZodType>(schema: T, value: unknown): z.ZodSafeParseResult<z.output<T>> {
  const shape = SHAPES.get(schema) ?? { walks: 0 };
  if (shape.walks < WALKS) {
    shape.walks++;
    SHAPES.set(schema, shape);
    return schema.safeParse(value, { jitless: true });
  }
  shape.compiled ??= z.compile(schema);
  return (shape.compiled as T).safeParse(value);
}

/** The parsed value, or `code` with one line per problem, `path: what`, and the first of them as expected and actual. */
export function parseShape<T extends z.ZodType>(
  schema: T,
  value: unknown,
  item: string,
  code: ErrorCode = 'E_FORMAT',
): z.output<T> {
  const result = readShape(schema, value);
  if (result.success) return result.data;
  const problems = problemsOf(result.error);
  const [first] = problems as [Problem];
  throw new SignetError(code, `${item}: ${problems.map(formatProblem).join('; ')}`, {
    item,
    expected: formatProblem(first),
    actual: describeAt(value, first.path),
  });
}

/** Problems and characters of each that are shown. */
const MAX_PROBLEMS = 20;
const MAX_LINE = 300;
const MAX_VALUE = 80;

/** One thing that is wrong with a value, and where. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  /** Where the culprit stands: the unknown field, where `path` is what holds it. */
  readonly at: readonly PropertyKey[];
  readonly message: string;
}

/** What is wrong, at most 20. Where none of several alternatives fits, what the one that came furthest says. */
export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.slice(0, MAX_PROBLEMS).map((issue) => problemOf(issue, []));
}

function problemOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Problem {
  const path = [...above, ...issue.path];
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const problem = { path, at: [...path, ...unknown], message: issue.message };
  if (issue.code !== 'invalid_union') return problem;
  const firsts = issue.errors.flatMap(([first]) => (first === undefined ? [] : [problemOf(first, path)]));
  const furthest = firsts.reduce((a, b) => (b.path.length > a.path.length ? b : a), problem);
  if (furthest.path.length > path.length || firsts.length === 0) return furthest;
  return { ...problem, message: firsts.map(({ message }) => message).join(', or: ') };
}

/** `path: what`, in one line. Names come from the value: control characters are escaped, long lines cut. */
export function formatProblem({ path, message }: Problem): string {
  return problemLine(path.length === 0 ? '(top)' : path.join('.'), message);
}

/** One line per problem. */
export const describeProblems = (error: z.ZodError): string[] => problemsOf(error).map(formatProblem);

/** What stands there, or how much of it there is. */
function describeAt(value: unknown, path: readonly PropertyKey[]): string {
  let at = value;
  for (const key of path) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, key)) return 'nothing';
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  if (Array.isArray(at)) return `a list of ${at.length}`;
  if (typeof at === 'object' && at !== null)
    return oneLine(`an object with ${Object.keys(at).slice(0, 10).join(', ') || 'nothing'}`, MAX_VALUE);
  return oneLine(typeof at === 'string' ? JSON.stringify(at.slice(0, MAX_VALUE)) : String(at), MAX_VALUE);
}

/** `path: what` in one line. */
export function problemLine(path: string, what: string): string {
  return oneLine(`${path.slice(0, MAX_LINE)}: ${what.slice(0, MAX_LINE)}`).slice(0, MAX_LINE);
}

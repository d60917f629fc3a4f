// The outcome of verification: an ordered list of checks, each with a code, what was expected and what was found.
import * as z from 'zod';
import { CODES, type ErrorCode, type ExitCode } from '../error.ts';

/** The order in which verification checks (DESIGN.md §3). */
export const CHECK_NAMES = [
  'limits',
  'archive',
  'files',
  'envelope',
  'namespace',
  'log',
  'status',
  'provenance',
  'host',
  'requires',
  'kinds',
  'policy',
] as const;
/** Checks that are run only where they are asked for: they stand behind the others, or not at all. */
const EXTRA_CHECKS = ['rebuild'] as const;
export type CheckName = (typeof CHECK_NAMES)[number] | (typeof EXTRA_CHECKS)[number];

/** `skip`: does not apply, and says why. `not_run`: an earlier check failed. Neither is a pass. */
export const Check = z.strictObject({
  name: z.enum([...CHECK_NAMES, ...EXTRA_CHECKS]),
  state: z.enum(['pass', 'fail', 'skip', 'not_run']),
  code: z.string().optional(),
  /** What passed, or why it failed or was skipped, in one line. */
  detail: z.string().optional(),
  item: z.string().optional(),
  expected: z.string().optional(),
  actual: z.string().optional(),
  fix: z.string().optional(),
  warning: z.string().optional(),
});
export type Check = z.infer<typeof Check>;

/** One subject's verdict. `ok` only where every check passed or was skipped for a stated reason. */
export const SubjectVerdict = z.strictObject({
  subject: z.string(),
  name: z.string().optional(),
  version: z.string().optional(),
  digest: z.string().optional(),
  ok: z.boolean(),
  code: z.string().nullable(),
  checks: z.array(Check),
  /** What the bundle asks for, in plain words. */
  asks: z.array(z.string()).default([]),
});
export type SubjectVerdict = z.infer<typeof SubjectVerdict>;

/** What `registry verify --json` prints. `code` is that of the first failed check of the worst subject. */
export const Verdict = z.strictObject({
  schema: z.literal('verify/1'),
  ok: z.boolean(),
  code: z.string().nullable(),
  subjects: z.array(SubjectVerdict),
  counts: z.strictObject({ subjects: z.number(), ok: z.number(), refused: z.number() }),
});
export type Verdict = z.infer<typeof Verdict>;

/** Several subjects, worst first (DESIGN.md §7): 1, then 3, 5, 4, 6. */
const SEVERITY: readonly ExitCode[] = [70, 64, 1, 3, 5, 4, 6, 2, 0];

/** The exit code of a set of verdicts; none at all is 3. */
export function exitOf(verdicts: readonly SubjectVerdict[]): ExitCode {
  if (verdicts.length === 0) return 3;
  return worstExit(verdicts.map((v): ExitCode => (v.ok ? 0 : (CODES[v.code as ErrorCode]?.exit ?? 70))));
}

/** The exit code that speaks for all of them; 0 where there is none. */
export function worstExit(exits: readonly ExitCode[]): ExitCode {
  if (exits.length === 0) return 0;
  return SEVERITY.find((exit) => exits.includes(exit)) ?? 70;
}

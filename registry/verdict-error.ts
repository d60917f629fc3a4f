// A verdict that is not ok, as the error of whoever needed it to be.
import type { Check, SubjectVerdict } from '../src/contracts/verdict.ts';
import { type ErrorCode, SignetError } from '../src/error.ts';

/** The first failed check with its code, expected, actual and what to do. */
export function verdictError(verdict: SubjectVerdict): SignetError {
  const failed: Partial<Check> = verdict.checks.find(({ state }) => state === 'fail') ?? {};
  const code = (failed.code ?? verdict.code ?? 'E_INTERNAL') as ErrorCode;
  const who = [verdict.name ?? verdict.subject, verdict.version]
    .filter((part) => part !== undefined)
    .join(' ');
  const { item, expected, actual, fix } = failed;
  return new SignetError(code, `${who} is refused: ${failed.detail ?? failed.name ?? code}`, {
    ...(item === undefined ? {} : { item }),
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
    ...(fix === undefined ? {} : { fix }),
  });
}

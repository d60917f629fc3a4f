// The ordered list of checks (DESIGN.md §3 "Verification"): each passes, fails, is skipped for a stated reason, or is not run
// because an earlier one failed. Whatever a check throws is its failure; nothing turns one into a pass.
import { CHECK_NAMES, type Check, type CheckName, type SubjectVerdict } from '../../src/contracts/verdict.ts';
import { asSignetError, type SignetError } from '../../src/error.ts';

/** What a check found: one line for people, and the value that later checks rest on. */
export interface Passed<T> {
  readonly value: T;
  readonly detail: string;
  readonly warning?: string | undefined;
  /** Set where the check does not apply, and says why; `detail` is not used then. */
  readonly skipped?: string;
}

/** What a verdict says besides its checks; filled in as it becomes known. */
export interface About {
  name?: string | undefined;
  version?: string | undefined;
  digest?: string | undefined;
  asks?: string[];
}

class Stopped extends Error {}

/** Runs checks in order; the first failure ends the run. */
export class CheckRun {
  readonly #checks: Check[] = [];
  #failure: SignetError | undefined;

  /** Runs the next check and returns its value. */
  check<T>(name: CheckName, body: () => Passed<T>): T {
    try {
      const { value, detail, warning, skipped } = body();
      this.#checks.push({
        name,
        state: skipped === undefined ? 'pass' : 'skip',
        detail: skipped ?? detail,
        ...(warning === undefined ? {} : { warning }),
      });
      return value;
    } catch (thrown) {
      this.#failure = asSignetError(thrown);
      this.#checks.push(failed(name, this.#failure));
      throw new Stopped();
    }
  }

  /** The verdict of running `body`; every check that it did not reach is `not_run`. */
  verdict(subject: string, about: About, body: () => void): SubjectVerdict {
    try {
      body();
    } catch (thrown) {
      if (!(thrown instanceof Stopped)) throw thrown;
    }
    return conclude(subject, about, this.#checks, this.#failure);
  }
}

/** The verdict of a subject that failed one check before any other could run. */
export function failedVerdict(
  subject: string,
  name: CheckName,
  thrown: unknown,
  about: About = {},
): SubjectVerdict {
  const error = asSignetError(thrown);
  return conclude(subject, about, [failed(name, error)], error);
}

/** The verdict with one of its passed checks failed after all, by what only I/O could show; what follows it did not count. */
export function withFailure(verdict: SubjectVerdict, name: CheckName, thrown: unknown): SubjectVerdict {
  const error = asSignetError(thrown);
  const before = verdict.checks.slice(0, (CHECK_NAMES as readonly CheckName[]).indexOf(name));
  const { checks: _checks, ok: _ok, code: _code, subject, ...about } = verdict;
  return conclude(subject, about, [...before, failed(name, error)], error);
}

/** The verdict with a check that was asked for besides: it decides as the others do. A verdict that is not ok stays as it is. */
export function withExtra(verdict: SubjectVerdict, name: CheckName, body: () => string): SubjectVerdict {
  const { checks, ...about } = verdict;
  if (!verdict.ok) return { ...about, checks: [...checks, { name, state: 'not_run' }] };
  try {
    return { ...about, checks: [...checks, { name, state: 'pass', detail: body() }] };
  } catch (thrown) {
    const error = asSignetError(thrown);
    return { ...about, ok: false, code: error.code, checks: [...checks, failed(name, error)] };
  }
}

/** What was expected and what was found is the error's own word: nothing is made up where it says none. */
function failed(name: CheckName, error: SignetError): Check {
  const { code, message, item, expected, actual, fix } = error.toJSON();
  return {
    name,
    state: 'fail',
    code,
    detail: message,
    ...(item === undefined ? {} : { item }),
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
    fix,
  };
}

/** In the order of CHECK_NAMES. `ok` only where every check of the list passed or was skipped for a reason. */
function conclude(
  subject: string,
  about: About,
  ran: readonly Check[],
  failure?: SignetError,
): SubjectVerdict {
  const checks = CHECK_NAMES.map(
    (name): Check => ran.find((check) => check.name === name) ?? { name, state: 'not_run' },
  );
  const complete = checks.every(({ state }) => state === 'pass' || state === 'skip');
  return {
    subject,
    ...about,
    ok: complete,
    code: complete ? null : (failure?.code ?? 'E_INTERNAL'),
    checks,
    asks: about.asks ?? [],
  };
}

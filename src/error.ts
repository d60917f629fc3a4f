// The one error class: a stable code, then one sentence (STYLE.md "Errors").
import { CODES, type ErrorCode, type ExitCode } from './codes.ts';

export { CODES, type ErrorCode, type ExitCode };

export interface ErrorDetails {
  /** Which item: a path, a name, a digest. */
  readonly item?: string;
  readonly expected?: string;
  readonly actual?: string;
  /** What to do, as a command where there is one; by default the code's own line. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** The only error Signet raises on purpose: a stable code, one sentence, and what was expected and found. */
export class SignetError extends Error {
  override readonly name = 'SignetError';
  readonly code: ErrorCode;
  readonly item: string | undefined;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly fix: string;

  constructor(code: ErrorCode, sentence: string, details: ErrorDetails = {}) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.item = details.item;
    this.expected = details.expected;
    this.actual = details.actual;
    this.fix = details.fix ?? CODES[code].fix;
  }

  get exit(): ExitCode {
    return CODES[this.code].exit;
  }

  /** The wire form: never the cause, which may hold what must not travel. */
  toJSON(): {
    code: ErrorCode;
    message: string;
    item?: string;
    expected?: string;
    actual?: string;
    fix: string;
  } {
    return {
      code: this.code,
      message: this.message,
      ...(this.item === undefined ? {} : { item: this.item }),
      ...(this.expected === undefined ? {} : { expected: this.expected }),
      ...(this.actual === undefined ? {} : { actual: this.actual }),
      fix: this.fix,
    };
  }
}

/**
 * Any thrown value as a SignetError, the cause kept: a SignetError as it is, what the operating system refused as E_IO, everything
 * else as E_INTERNAL.
 */
export function asSignetError(thrown: unknown): SignetError {
  if (thrown instanceof SignetError) return thrown;
  if (isSystemError(thrown)) return failure('E_IO', 'the system to allow it', thrown);
  return failure('E_INTERNAL', 'no failure of Signet itself', thrown);
}

function failure(code: ErrorCode, expected: string, cause: unknown): SignetError {
  const actual = messageOf(cause);
  return new SignetError(code, actual, { expected, actual, cause });
}

/** As a failed system call throws it: `EACCES: permission denied, mkdir '/x'`. */
function isSystemError(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const { code, syscall } = thrown as { code?: unknown; syscall?: unknown };
  return typeof syscall === 'string' && typeof code === 'string' && /^E[A-Z0-9]+$/.test(code);
}

function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    // Reading it throws in turn: it is kept as the cause, and no more can be said of it.
    return 'a value was thrown that has no text';
  }
}

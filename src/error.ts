// The one error class and the table of every code: STYLE.md "Errors", DESIGN.md §3 "Exit codes".

/**
 * Exit codes shared by `registry` and `signet` (DESIGN.md §3): 1 refused, 2 error in a spec (`audit`), 3 unverifiable,
 * 4 stale or expired, 5 incompatible, 6 I/O or network, 64 usage, 70 internal.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 64 | 70;

interface CodeRow {
  readonly exit: ExitCode;
  /** What the code means, one line: the page that `registry explain CODE` prints. */
  readonly means: string;
  /** What a person does about it. */
  readonly fix: string;
}

const row = (exit: ExitCode, means: string, fix: string): CodeRow => ({ exit, means, fix });

/** Every code. A test holds that each is raised somewhere, tested somewhere and documented here. */
export const CODES = {
  // usage and environment
  E_USAGE: row(64, 'The command line, or the arguments of a call, are wrong.', 'Read --help and call again.'),
  E_INTERNAL: row(70, 'Signet itself failed; the cause is kept.', 'Report it with the cause.'),
  E_IO: row(6, 'A file or folder could not be read or written.', 'Check path, permissions and free space.'),
  E_NOT_FOUND: row(6, 'The named file, bundle, release or function does not exist.', 'Check the name.'),
  E_CONFIG: row(
    64,
    'A configuration file (policy.yaml, grants.yaml, a spec file) is not valid.',
    'Correct the line that is named.',
  ),
  E_HOST_BUSY: row(6, 'Another host owns this state directory.', 'Stop it, or use another directory.'),

  // formats
  E_JSON: row(
    1,
    'JSON that a strict reader must refuse: malformed, duplicate keys, __proto__, lone surrogates, too deep.',
    'Write plain, unambiguous JSON.',
  ),
  E_BASE64: row(
    1,
    'Base64 with other characters, other padding or stray bits than the one canonical form.',
    'Encode the bytes anew.',
  ),
  E_FORMAT: row(
    1,
    'A document does not have the shape that its type says.',
    'Make it anew with this version of Signet.',
  ),
  E_FORMAT_VERSION: row(
    5,
    'A document has a format version that this Signet does not know.',
    'Upgrade Signet.',
  ),
  E_LIMIT: row(
    1,
    'Something is larger than its limit.',
    'Make it smaller, or raise the limit in the policy.',
  ),
  E_MANIFEST: row(1, 'plugin.json is not a valid manifest.', 'Correct every problem that is listed.'),
  E_SCHEMA_SUBSET: row(
    1,
    'A JSON Schema uses what lies outside the closed subset.',
    'Check it in the code of the function instead.',
  ),
  E_SCHEMA_IN_GUEST: row(
    1,
    'A zod schema was parsed inside the guest, where zod does not exist.',
    'Let the host validate, or check by hand.',
  ),
} as const satisfies Record<string, CodeRow>;

export type ErrorCode = keyof typeof CODES;

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

/** Any thrown value as a SignetError: a SignetError as it is, everything else as E_INTERNAL with the cause kept. */
export function asSignetError(thrown: unknown): SignetError {
  if (thrown instanceof SignetError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SignetError('E_INTERNAL', message, { cause: thrown });
}

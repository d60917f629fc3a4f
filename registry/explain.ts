// `registry explain`: what a code means, why it exists, what to do, and what leads to it (DESIGN.md §6; STYLE.md "Errors").
import { CODES, type ErrorCode, type ExitCode, SignetError } from '../src/error.ts';
import { PAGES } from './explain-pages.ts';

export interface Explanation {
  readonly code: ErrorCode;
  readonly exit: ExitCode;
  readonly means: string;
  readonly why: string;
  readonly do: string;
  readonly example: string;
}

/** What an exit code says, whatever the code: DESIGN.md §3. */
export const EXIT_MEANS: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'refused',
  2: 'an error in a spec',
  3: 'unverifiable',
  4: 'stale or expired',
  5: 'incompatible',
  6: 'I/O or network',
  64: 'usage',
  70: 'internal',
};

/** The page of a code; any other text is E_USAGE, which names the codes that come closest. */
export function explain(text: string): Explanation {
  if (!Object.hasOwn(CODES, text)) {
    const near = similarCodes(text);
    throw new SignetError('E_USAGE', `there is no code ${JSON.stringify(text.slice(0, 80))}`, {
      expected: near.length === 0 ? 'one of `registry explain`' : near.join(' or '),
      actual: text.slice(0, 80),
      fix: near.length === 0 ? 'registry explain lists every code' : `registry explain ${near[0]}`,
    });
  }
  const code = text as ErrorCode;
  const { exit, means, fix } = CODES[code];
  const { why, example } = PAGES[code] ?? { why: means, example: code };
  return { code, exit, means, why, do: fix, example };
}

/** Every code in the order of its table. */
export function explainAll(): Explanation[] {
  return Object.keys(CODES).map(explain);
}

/** Codes that share a word with the text. */
function similarCodes(text: string): ErrorCode[] {
  const words = text
    .toUpperCase()
    .split(/[^A-Z]+/)
    .filter((word) => word.length > 2);
  return (Object.keys(CODES) as ErrorCode[])
    .filter((code) => words.some((word) => code.includes(word)))
    .slice(0, 5);
}

// Text from a bundle is data: before a person or a log sees it, it is cut and what steers a terminal or reorders a line is
// escaped (STYLE.md "Errors"). And text for a shell prompt: quoted so that it means itself.

/** Control, format, separator and surrogate code points. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** The text on one line, unseen characters as `\u{hex}`, at most `max` characters of it: escaped, it may be longer. */
export function plain(text: string, max = 200): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** `plain`, cut again, so that what was escaped also has at most `max` characters: for fields with a limit of their own. */
export function plainWithin(text: string, max: number): string {
  return plain(text, max).slice(0, max).toWellFormed();
}

/** One word of a POSIX command line; with unseen characters, in the `$'…'` form that bash, zsh and ksh read. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  if (word.search(UNSEEN) === -1) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replace(UNSEEN, (char) => `\\U${(char.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`);
  return `$'${escaped}'`;
}

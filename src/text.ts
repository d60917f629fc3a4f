// Foreign text before people see it (THREATS.md: a name or message must not steer a terminal, nor forge a line). What is escaped
// becomes `\uXXXX`, which inside a JSON document still is the same string.

const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const UNSAFE_BUT_NEWLINE = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text with everything escaped that is not printable, line breaks included; beyond `max` characters cut with `…`. */
export function oneLine(text: string, max = 4_096): string {
  const shown = text.length > max ? `${text.slice(0, max)}…` : text;
  return shown.replace(UNSAFE, escapeUnits);
}

/** The same, line breaks kept: for a whole text that goes to a terminal. */
export function printable(text: string): string {
  return text.replace(UNSAFE_BUT_NEWLINE, escapeUnits);
}

function escapeUnits(char: string): string {
  let escaped = '';
  for (let i = 0; i < char.length; i++) escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

// What commands print of texts that others wrote (THREATS.md: a name or message must not steer a terminal, nor forge a line).
import { oneLine } from '../../src/text.ts';

/** A template in which every value is one printable line: only the template itself can begin a line. */
export function escaped(template: TemplateStringsArray, ...values: readonly unknown[]): string {
  return template.reduce((text, part, i) => `${text}${oneLine(String(values[i - 1]))}${part}`);
}

// Stands in the prelude for the two packages that `whatwg-url` imports: for the tables of international host names (tr46), which
// are larger than all the rest, and for the conversions of Web IDL, of which two are used. So a host is ASCII: one in other
// letters is no valid URL here; it is given in punycode, whose labels pass as they are.

/** The host in lower case; null where it is not ASCII. */
export function toASCII(domain: string): string | null {
  return /^\p{ASCII}*$/u.test(domain) ? domain.toLowerCase() : null;
}

/** A text without lone surrogates; TypeError for a symbol. */
export function USVString(value: unknown, { context = 'The value' }: { context?: string } = {}): string {
  if (typeof value === 'symbol')
    throw new TypeError(`${context} is a symbol, which cannot be converted to a string.`);
  return String(value).toWellFormed();
}

/** What takes any value, takes it as it is. */
export const any = (value: unknown): unknown => value;

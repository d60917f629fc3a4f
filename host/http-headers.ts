// Which header fields a bundle may send with an HTTP request (DESIGN.md §4 "`http`"; THREATS.md H10): none that frames the message,
// steers the connection, or makes the origin take the request for another one than was granted.

/** Fields and kinds of fields that are never a bundle's, nor a secret's place. */
const FORBIDDEN = new RegExp(
  `^(?:${[
    // The message itself: Node writes them.
    'host|content-length|transfer-encoding|trailer|te|expect|accept-encoding',
    // The connection.
    'connection|keep-alive|upgrade|http2-settings|proxy-.*|alt-used',
    // The method and the path in the request line are those that were granted: no field overrides them.
    'x-http-method|x-http-method-override|x-method-override|x-original-(?:url|uri|method)|x-rewrite-url',
    // Whom the request comes from, and where it was sent to, is not for the bundle to say.
    'via|forwarded|x-forwarded-.*|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip|x-host',
  ].join('|')})$`,
  'i',
);
/** A token of RFC 9110. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
/** Field content of RFC 9110 as Latin-1: no CR, LF or NUL, and no white space at its ends. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

export type Header = readonly [name: string, value: string];

/** True for a field that only the host itself writes. */
export function isReservedHeader(name: string): boolean {
  // Some servers take `_` for `-`.
  return FORBIDDEN.test(name.replaceAll('_', '-'));
}

/** What is wrong with a header field that a bundle sends; undefined where nothing is. */
export function problemOfHeader([name, value]: Header): string | undefined {
  if (!NAME.test(name)) return 'a header whose name is no token';
  if (isReservedHeader(name)) return `the header ${name}`;
  if (!VALUE.test(value)) return `a value of the header ${name} that is no field content`;
  return undefined;
}

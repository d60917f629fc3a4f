// What follows from a redirect, as the Fetch standard has it ("HTTP-redirect fetch"): the next request's method, address, headers and
// body. Whether it may be made is decided elsewhere, anew.
import type { Answer } from './http-exchange.ts';
import type { Header } from './http-headers.ts';
import { isReading, parseTarget } from './http-scope.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: readonly Header[];
  readonly body: Uint8Array | undefined;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** They speak of the body. */
const OF_THE_BODY = /^content-/i;
/** They are meant for one origin. */
const OF_THE_ORIGIN = /^(?:authorization|cookie)$/i;

/** Where an answer sends on to; undefined where it does not. */
export function redirectOf({ code, headers }: Answer): string | undefined {
  const location = headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
  if (!REDIRECTS.has(code) || location === undefined) return undefined;
  return Buffer.from(location, 'latin1').toString('utf8');
}

/** The request that the redirect leads to; undefined where that is no plain http or https address. */
export function redirected(request: HttpRequest, code: number, location: string): HttpRequest | undefined {
  const { method, headers, body } = request;
  const url = parseTarget(location, request.url);
  if (url === undefined) return undefined;
  const becomesGet = code === 303 ? !isReading(method) : code < 303 && method === 'POST';
  const sameOrigin = url.origin === request.url.origin;
  return {
    method: becomesGet ? 'GET' : method,
    url,
    headers: headers.filter(
      ([name]) => !(becomesGet && OF_THE_BODY.test(name)) && (sameOrigin || !OF_THE_ORIGIN.test(name)),
    ),
    body: becomesGet ? undefined : body,
  };
}

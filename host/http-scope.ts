// Which requests an HTTP grant covers, and of which class they are (DESIGN.md §4 "`http`", "Effects are classed by the grant";
// THREATS.md H10). Origins are compared as the URL parser spells them; paths segment by segment, decoded.
import type { Grant, HttpScope } from '../src/contracts/config.ts';

type EffectClass = Grant['class'];

/** Methods that by their definition change nothing (RFC 9110, 9.2.1). */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);
export const isReading = (method: string): boolean => READING.has(method);

/**
 * The address of a request, without its fragment; undefined unless it is http or https without a name or password in it. However
 * a host is written (decimal, octal, full-width), this is its one spelling.
 */
export function parseTarget(text: string, base?: URL): URL | undefined {
  const url = URL.parse(text, base);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  url.hash = '';
  return url;
}

/** True where a scope covers a request. A path that a server may take for another one is covered by no prefix but `/`. */
export function covers(scope: HttpScope, method: string, url: URL): boolean {
  return (
    scope.origin === url.origin &&
    scope.methods.includes(method) &&
    (scope.pathPrefix === '/' || isBelow(url.pathname, scope.pathPrefix))
  );
}

function isBelow(pathname: string, prefix: string): boolean {
  const asked = segmentsOf(pathname);
  const granted = segmentsOf(prefix);
  if (asked === undefined || granted === undefined) return false;
  // `/v1/` ends in an empty segment: something must stand in its place, if only the empty one.
  const open = granted.at(-1) === '' ? granted.slice(0, -1) : granted;
  return asked.length >= granted.length && open.every((segment, index) => segment === asked[index]);
}

/** The decoded segments; undefined where one of them is a step up, or decodes to a delimiter or to something encoded again. */
function segmentsOf(pathname: string): string[] | undefined {
  let segments: string[];
  try {
    segments = pathname.slice(1).split('/').map(decodeURIComponent);
  } catch {
    // An escape that is none: what a server makes of it is its own affair.
    return undefined;
  }
  const isUnclear = (segment: string): boolean =>
    // `..;` is a step up to servers that drop path parameters first.
    /[/\\%\p{Cc}]/u.test(segment) || /^\.{1,2}(?:;|$)/.test(segment);
  return segments.some(isUnclear) ? undefined : segments;
}

/** True where GET and HEAD stand in a mutating grant beside methods that are why it mutates: they observe all the same. */
export function readsBeside(grant: { class: EffectClass; methods: readonly string[] }): boolean {
  return grant.class === 'mutate' && grant.methods.some(isReading) && !grant.methods.every(isReading);
}

/** The class of a request under its grant: the grant's own, save where `readsBeside`. */
export function classOf(
  grant: { class: EffectClass; methods: readonly string[] },
  method: string,
): EffectClass {
  return readsBeside(grant) && isReading(method) ? 'observe' : grant.class;
}

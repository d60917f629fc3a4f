// Strict JSON: what two parsers could read differently is refused (THREATS.md 18, 36); and one canonical form for hashing.
import type { JsonValue } from './contracts/common.ts';
import { SignetError } from './error.ts';

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

const DEFAULTS: JsonLimits = { maxBytes: 8 * 1024 * 1024, maxDepth: 64 };
const FORBIDDEN_KEYS = new Set(['__proto__']);

/**
 * Parses JSON text or UTF-8 bytes. Refused with E_JSON: malformed text or UTF-8, a byte order mark, duplicate keys,
 * `__proto__`, lone surrogates, numbers that overflow, nesting beyond `maxDepth`. Beyond `maxBytes`: E_LIMIT.
 */
export function parseJson(
  source: string | Uint8Array,
  item = 'JSON',
  limits: Partial<JsonLimits> = {},
): JsonValue {
  const { maxBytes, maxDepth } = { ...DEFAULTS, ...limits };
  if (source.length > maxBytes) {
    throw new SignetError('E_LIMIT', `${item} is too large`, {
      item,
      expected: `at most ${maxBytes} bytes`,
      actual: String(source.length),
    });
  }
  const text = typeof source === 'string' ? source : decodeUtf8(source, item);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new SignetError('E_JSON', `${item} is not JSON: ${(cause as Error).message}`, { item, cause });
  }
  refuseAmbiguity(text, maxDepth, item);
  return value;
}

function decodeUtf8(bytes: Uint8Array, item: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SignetError('E_JSON', `${item} is not UTF-8`, { item, cause });
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]|-?\d[\d.eE+-]*/gsu;

/** One pass over the tokens of text that JSON.parse accepted: keys are counted, depth and strings are looked at. */
function refuseAmbiguity(text: string, maxDepth: number, item: string): void {
  const refuse = (what: string): never => {
    throw new SignetError('E_JSON', `${item} ${what}`, { item });
  };
  const scopes: (Set<string> | null)[] = [];
  let expectKey = false;
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    switch (token[0]) {
      case '{':
      case '[':
        scopes.push(token === '{' ? new Set() : null);
        if (scopes.length > maxDepth) refuse(`is nested deeper than ${maxDepth}`);
        expectKey = token === '{';
        break;
      case '}':
      case ']':
        scopes.pop();
        expectKey = false;
        break;
      case ',':
        expectKey = scopes.at(-1) instanceof Set;
        break;
      case '"': {
        const string = JSON.parse(token) as string;
        if (!string.isWellFormed()) refuse('holds a lone surrogate');
        if (!expectKey) break;
        if (FORBIDDEN_KEYS.has(string)) refuse(`has the key ${string}`);
        const keys = scopes.at(-1) as Set<string>;
        if (keys.has(string)) refuse(`has the key ${JSON.stringify(string)} twice`);
        keys.add(string);
        expectKey = false;
        break;
      }
      default:
        if (!Number.isFinite(Number(token))) refuse(`has a number out of range: ${token.slice(0, 32)}`);
    }
  }
}

/**
 * Canonical JSON for hashing: object keys sorted by UTF-16 code unit, no white space, `undefined` fields left out
 * (RFC 8785 for the values that JSON.parse yields). Functions, symbols, non-finite numbers: E_JSON.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new SignetError('E_JSON', 'a string holds a lone surrogate');
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'number':
      if (!Number.isFinite(value)) throw new SignetError('E_JSON', `the number ${value} has no JSON form`);
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
      const fields = Object.keys(value)
        .sort()
        .filter((key) => (value as Record<string, unknown>)[key] !== undefined)
        .map((key) => `${JSON.stringify(key)}:${canonicalJson((value as Record<string, unknown>)[key])}`);
      return `{${fields.join(',')}}`;
    }
    default:
      throw new SignetError('E_JSON', `a ${typeof value} has no JSON form`);
  }
}

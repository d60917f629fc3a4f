// Strict JSON: what two parsers could read differently is refused (THREATS.md 18, 36); and one canonical form for hashing.
import type { JsonValue } from './contracts/common.ts';
import { SignetError } from './error.ts';

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
  /** Members and elements of all objects and arrays together; without it, as many as fit. */
  readonly maxValues?: number;
}

const DEFAULTS: JsonLimits = { maxBytes: 8 * 1024 * 1024, maxDepth: 64 };
const FORBIDDEN_KEYS = new Set(['__proto__']);

/**
 * Parses JSON text or UTF-8 bytes. Refused with E_JSON: malformed text or UTF-8, a byte order mark, duplicate keys,
 * `__proto__`, lone surrogates, numbers that overflow, nesting beyond `maxDepth`. Beyond `maxBytes` of UTF-8 or `maxValues`:
 * E_LIMIT.
 */
export function parseJson(
  source: string | Uint8Array,
  item = 'JSON',
  limits: Partial<JsonLimits> = {},
): JsonValue {
  const { maxBytes, maxDepth, maxValues = Number.POSITIVE_INFINITY } = { ...DEFAULTS, ...limits };
  const size = utf8Length(source, maxBytes);
  if (size > maxBytes) {
    throw new SignetError('E_LIMIT', `${item} is too large`, {
      item,
      expected: `at most ${maxBytes} bytes`,
      actual: String(size),
    });
  }
  const text = typeof source === 'string' ? source : decodeUtf8(source, item);
  refuseAmbiguity(text, { maxDepth, maxValues }, item);
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw notJson(item, cause);
  }
}

/** Bytes of UTF-8, counted only where the number of UTF-16 units does not already decide. */
function utf8Length(source: string | Uint8Array, maxBytes: number): number {
  if (typeof source !== 'string' || source.length > maxBytes || source.length * 3 <= maxBytes) {
    return source.length;
  }
  return new TextEncoder().encode(source).length;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array, item: string): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new SignetError('E_JSON', `${item} is not UTF-8`, {
      item,
      expected: 'UTF-8',
      actual: 'other bytes',
      cause,
    });
  }
}

function notJson(item: string, cause: unknown): SignetError {
  const actual = (cause as Error).message;
  return new SignetError('E_JSON', `${item} is not JSON: ${actual}`, {
    item,
    expected: 'JSON',
    actual,
    cause,
  });
}

function tooMany(item: string, maxValues: number): SignetError {
  return new SignetError('E_LIMIT', `${item} has too many values`, {
    item,
    expected: `fewer than ${maxValues}`,
    actual: `at least ${maxValues}`,
  });
}

const [QUOTE, COMMA, MINUS, ZERO, NINE] = [0x22, 0x2c, 0x2d, 0x30, 0x39];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * One linear pass over the characters before JSON.parse sees them: depth, keys, strings and numbers are looked at. It is
 * exact for text that is JSON; any other text is refused here or by JSON.parse afterwards.
 */
function refuseAmbiguity(
  text: string,
  { maxDepth, maxValues }: { maxDepth: number; maxValues: number },
  item: string,
): void {
  const refuse = (what: string): never => {
    throw new SignetError('E_JSON', `${item} ${what}`, {
      item,
      expected: 'JSON that every reader reads alike',
      actual: `it ${what}`,
    });
  };
  /** The keys seen in each open object; undefined for an array. */
  const scopes: (Set<string> | undefined)[] = [];
  let expectKey = false;
  /** Every member or element but the first of its object or array comes after a comma. */
  let values = 0;
  const endOfString = stringEnds(text);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      const end = endOfString(i);
      const keys = expectKey ? scopes.at(-1) : undefined;
      const string = unquote(text.slice(i, end), item);
      if (!string.isWellFormed()) refuse('holds a lone surrogate');
      if (keys !== undefined) {
        if (FORBIDDEN_KEYS.has(string)) refuse(`has the key ${string}`);
        if (keys.has(string)) refuse(`has the key ${JSON.stringify(string.slice(0, 80))} twice`);
        keys.add(string);
        expectKey = false;
      }
      i = end - 1;
    } else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      scopes.push(unit === OPEN_OBJECT ? new Set() : undefined);
      if (++values >= maxValues) throw tooMany(item, maxValues);
      if (scopes.length > maxDepth) refuse(`is nested deeper than ${maxDepth}`);
      expectKey = unit === OPEN_OBJECT;
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) {
      scopes.pop();
      expectKey = false;
    } else if (unit === COMMA) {
      expectKey = scopes.at(-1) !== undefined;
      if (++values >= maxValues) throw tooMany(item, maxValues);
    } else if (unit === MINUS || (unit >= ZERO && unit <= NINE)) {
      const end = endOfNumber(text, i);
      if (Math.abs(Number(text.slice(i, end))) === Number.POSITIVE_INFINITY) {
        refuse(`has a number out of range: ${text.slice(i, Math.min(end, i + 32))}`);
      }
      i = end - 1;
    }
  }
}

/**
 * Gives, for the offset of an opening quote, the offset after the closing one, or the end of the text where there is none. Offsets
 * must be asked for in ascending order: nothing of the text is looked through twice.
 */
function stringEnds(text: string): (start: number) => number {
  let [quote, backslash] = [-1, -1];
  return (start) => {
    for (let i = start + 1; ; ) {
      if (quote < i) quote = indexOrEnd(text, '"', i);
      if (backslash < i) backslash = indexOrEnd(text, '\\', i);
      if (quote < backslash) return quote + 1;
      if (backslash === text.length) return text.length;
      i = backslash + 2;
    }
  };
}

function indexOrEnd(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found === -1 ? text.length : found;
}

function endOfNumber(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && '0123456789.eE+-'.includes(text.charAt(i))) i++;
  return i;
}

/** The string that a JSON string token stands for. */
function unquote(token: string, item: string): string {
  if (!token.includes('\\')) return token.slice(1, -1);
  try {
    return JSON.parse(token) as string;
  } catch (cause) {
    throw notJson(item, cause);
  }
}

/**
 * Canonical JSON for hashing: object keys sorted by UTF-16 code unit, no white space, `undefined` fields left out
 * (RFC 8785 for the values that JSON.parse yields). Whatever `parseJson` would not give back is E_JSON: functions,
 * symbols, non-finite numbers, lone surrogates, `__proto__`, objects of a class, cycles and nesting beyond 64.
 */
export function canonicalJson(value: unknown): string {
  return canonical(value, DEFAULTS.maxDepth);
}

function canonical(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'boolean':
      return String(value);
    case 'number':
      if (!Number.isFinite(value)) throw new SignetError('E_JSON', `the number ${value} has no JSON form`);
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (depth === 0) throw new SignetError('E_JSON', `a value is nested deeper than ${DEFAULTS.maxDepth}`);
      return Array.isArray(value) ? canonicalArray(value, depth - 1) : canonicalObject(value, depth - 1);
    }
    default:
      throw new SignetError('E_JSON', `a ${typeof value} has no JSON form`);
  }
}

/** By index, since the holes of a sparse array are values too. */
function canonicalArray(array: readonly unknown[], depth: number): string {
  let text = '[';
  for (let i = 0; i < array.length; i++) {
    text += `${i === 0 ? '' : ','}${canonical(array[i] ?? null, depth)}`;
  }
  return `${text}]`;
}

function canonicalObject(object: object, depth: number): string {
  if (!isPlain(object)) {
    throw new SignetError('E_JSON', `an object of ${object.constructor?.name || 'a class'} has no JSON form`);
  }
  let text = '{';
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value === undefined) continue;
    text += `${text === '{' ? '' : ','}${canonicalKey(key)}:${canonical(value, depth)}`;
  }
  return `${text}}`;
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new SignetError('E_JSON', 'a string holds a lone surrogate');
  return JSON.stringify(text);
}

function canonicalKey(key: string): string {
  if (FORBIDDEN_KEYS.has(key)) throw new SignetError('E_JSON', `an object has the key ${key}`);
  return canonicalString(key);
}

/** An object literal of any realm, or one without prototype: not a Date or Map, whose content Object.keys would lose. */
function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// Typed JSON documents: strict JSON, then the version of the format, then the shape (THREATS.md 18, 34).
import type { z } from 'zod';
import { SignetError } from '../src/error.ts';
import { type JsonLimits, parseJson } from '../src/json.ts';
import { parseShape } from '../src/shape.ts';

/**
 * The document in the bytes, whose `type` must be `type`. Another number of the same family (`root/2` for `root/1`) is
 * refused with E_FORMAT_VERSION: upgrade, not tampered. Everything else that is wrong: E_JSON, E_LIMIT, E_FORMAT.
 */
export function parseDocument<T extends z.ZodType>(
  schema: T,
  bytes: Uint8Array,
  type: string,
  item: string,
  limits: Partial<JsonLimits> = {},
): z.output<T> {
  const value = parseJson(bytes, item, limits);
  const found =
    value !== null && typeof value === 'object' && !Array.isArray(value) ? value['type'] : undefined;
  const family = type.slice(0, type.indexOf('/') + 1);
  if (typeof found === 'string' && found !== type && found.startsWith(family)) {
    throw new SignetError('E_FORMAT_VERSION', `${item} has a format that this Signet does not know`, {
      item,
      expected: type,
      actual: found.slice(0, 64),
    });
  }
  return parseShape(schema, value, item);
}

/** The document as bytes: JSON without white space, UTF-8. */
export function formatDocument(document: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

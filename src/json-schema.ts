// The closed subset of JSON Schema that a manifest may carry (DESIGN.md §2, THREATS.md H8): what the host checks must cost
// the host little, so `pattern`, `format`, `$ref` and everything unknown is refused, and depth and size are bounded.
import { z } from 'zod';
import { SignetError } from './error.ts';

const MAX_DEPTH = 16;
const MAX_NODES = 1_000;
const MAX_BYTES = 64 * 1024;
const MAX_ENUM = 256;

const scalar = z.union([z.string().max(1024), z.number(), z.boolean(), z.null()]);
const typeName = z.enum(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
const bound = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** The keywords, each with the shape of its value; sub-schemas are walked by `walk`. */
const Keywords = z.strictObject({
  $schema: z.literal('https://json-schema.org/draft/2020-12/schema').optional(),
  title: z.string().max(256).optional(),
  description: z.string().max(4096).optional(),
  type: z.union([typeName, z.array(typeName).min(1).max(7)]).optional(),
  const: scalar.optional(),
  enum: z.array(scalar).min(1).max(MAX_ENUM).optional(),
  default: z.unknown().optional(),
  properties: z.record(z.string().max(256), z.unknown()).optional(),
  required: z.array(z.string().max(256)).max(256).optional(),
  additionalProperties: z.unknown().optional(),
  propertyNames: z.strictObject({ type: z.literal('string') }).optional(),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).max(64).optional(),
  anyOf: z.array(z.unknown()).min(1).max(32).optional(),
  oneOf: z.array(z.unknown()).min(1).max(32).optional(),
  minLength: bound.optional(),
  maxLength: bound.optional(),
  minItems: bound.optional(),
  maxItems: bound.optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  multipleOf: z.number().positive().optional(),
});

/** The first reason why a schema is outside the subset, with its JSON pointer; undefined where it is inside. */
export function outsideSubset(schema: unknown): string | undefined {
  const size = JSON.stringify(schema)?.length ?? 0;
  if (size > MAX_BYTES) return `the schema has ${size} bytes; at most ${MAX_BYTES}`;
  let nodes = 0;
  const walk = (node: unknown, path: string, depth: number): string | undefined => {
    if (typeof node === 'boolean') return undefined;
    if (depth > MAX_DEPTH) return `${path}: nested deeper than ${MAX_DEPTH}`;
    if (++nodes > MAX_NODES) return `more than ${MAX_NODES} sub-schemas`;
    const parsed = Keywords.safeParse(node);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const keys =
        issue?.code === 'unrecognized_keys'
          ? `the keyword ${issue.keys.join(', ')} is outside the subset`
          : issue?.message;
      return `${path}${issue?.path.map((part) => `/${String(part)}`).join('') ?? ''}: ${keys}`;
    }
    const {
      properties = {},
      additionalProperties,
      items,
      prefixItems = [],
      anyOf = [],
      oneOf = [],
    } = parsed.data;
    if (Object.keys(properties).length > 256) return `${path}/properties: more than 256`;
    const children: [string, unknown][] = [
      ...Object.entries(properties).map(([key, child]): [string, unknown] => [`/properties/${key}`, child]),
      ...(additionalProperties === undefined
        ? []
        : [['/additionalProperties', additionalProperties] as [string, unknown]]),
      ...(items === undefined ? [] : [['/items', items] as [string, unknown]]),
      ...prefixItems.map((child, i): [string, unknown] => [`/prefixItems/${i}`, child]),
      ...anyOf.map((child, i): [string, unknown] => [`/anyOf/${i}`, child]),
      ...oneOf.map((child, i): [string, unknown] => [`/oneOf/${i}`, child]),
    ];
    for (const [suffix, child] of children) {
      const reason = walk(child, path + suffix, depth + 1);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
  return walk(schema, '#', 0);
}

/** A validator of the schema; outside the subset it is refused with E_SCHEMA_SUBSET. Defaults are filled in. */
export function compileSchema(schema: unknown, item: string): z.ZodType {
  const reason = outsideSubset(schema);
  if (reason !== undefined) throw new SignetError('E_SCHEMA_SUBSET', `${item}: ${reason}`, { item });
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
}

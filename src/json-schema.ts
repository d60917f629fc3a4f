// The closed subset of JSON Schema that a manifest may carry (DESIGN.md §2, THREATS.md H8): what the host checks must cost
// the host little, so `pattern`, `format`, `$ref` and everything unknown is refused, and depth and size are bounded. A
// keyword that the validator would not enforce where it stands is refused too: a schema never promises what nobody checks.
import * as z from 'zod';
import { SignetError } from './error.ts';
import { createValidator, type Validator } from './json-schema-check.ts';
import { readShape } from './shape.ts';

const MAX_DEPTH = 16;
const MAX_NODES = 1_000;
const MAX_BYTES = 64 * 1024;
const MAX_ENUM = 256;
const MAX_REASON = 300;

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
  prefixItems: z.array(z.unknown()).min(1).max(64).optional(),
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
type Keywords = z.infer<typeof Keywords>;

const NUMERIC = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] as const;

/** The keywords that restrict values of each type; beside any other type they would say nothing. */
const OF_TYPE: Readonly<Record<z.infer<typeof typeName>, readonly (keyof Keywords)[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'propertyNames'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength'],
  number: NUMERIC,
  integer: NUMERIC,
  boolean: [],
  null: [],
};

/** Keywords that stand alone: of these at most one, and no keyword of a type beside it. */
const ALTERNATIVES = ['const', 'enum', 'anyOf', 'oneOf'] as const;
const REMARKS: readonly string[] = ['$schema', 'title', 'description', 'default'];

/** The first reason why a schema is outside the subset, with its JSON pointer; undefined where it is inside. */
export function outsideSubset(schema: unknown): string | undefined {
  const size = jsonBytes(schema);
  if (size === undefined) return 'the schema is not JSON';
  if (size > MAX_BYTES) return `the schema has ${size} bytes; at most ${MAX_BYTES}`;
  let nodes = 0;
  const walk = (node: unknown, path: string, depth: number): string | undefined => {
    if (typeof node === 'boolean') return undefined;
    if (depth > MAX_DEPTH) return `${path}: nested deeper than ${MAX_DEPTH}`;
    if (++nodes > MAX_NODES) return `more than ${MAX_NODES} sub-schemas`;
    const parsed = readShape(Keywords, node);
    if (!parsed.success) return `${path}${firstProblem(parsed.error)}`;
    const reason = unenforced(parsed.data);
    if (reason !== undefined) return `${path}: ${reason}`;
    for (const [suffix, child] of childrenOf(parsed.data)) {
      const inner = walk(child, path + suffix, depth + 1);
      if (inner !== undefined) return inner;
    }
    const wrong = badDefault(parsed.data);
    return wrong === undefined ? undefined : `${path}/default: ${wrong}`;
  };
  return walk(schema, '#', 0)?.slice(0, MAX_REASON);
}

/** A validator of the schema; outside the subset it is refused with E_SCHEMA_SUBSET. Defaults are filled in. */
export function compileSchema(schema: unknown, item: string): Validator {
  const reason = outsideSubset(schema);
  if (reason !== undefined) throw new SignetError('E_SCHEMA_SUBSET', `${item}: ${reason}`, { item });
  return createValidator(schema);
}

function jsonBytes(schema: unknown): number | undefined {
  try {
    const text = JSON.stringify(schema);
    return text === undefined ? undefined : new TextEncoder().encode(text).length;
  } catch {
    return undefined; // cyclic, too deep for the stack, or a bigint
  }
}

function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  const pointer = issue?.path.map((part) => `/${String(part)}`).join('') ?? '';
  return issue?.code === 'unrecognized_keys'
    ? `${pointer}: the keyword ${issue.keys.join(', ')} is outside the subset`
    : `${pointer}: ${issue?.message ?? 'not a schema'}`;
}

/** Why the validator would pass over one of the node's keywords, or undefined. */
function unenforced(node: Keywords): string | undefined {
  const types = node.type === undefined ? [] : [node.type].flat();
  const present = Object.keys(node).filter((key) => node[key as keyof Keywords] !== undefined);
  const alternative = ALTERNATIVES.find((key) => node[key] !== undefined);
  const allowed = new Set<string>([...REMARKS, 'type']);
  if (alternative !== undefined) {
    allowed.add(alternative);
    if (alternative === 'anyOf' || alternative === 'oneOf') allowed.delete('type');
    const stray = present.find((key) => !allowed.has(key));
    if (stray !== undefined) return `${stray} is not checked beside ${alternative}`;
    const values = node.enum ?? (node.const === undefined ? [] : [node.const]);
    const alien = values.find((value) => types.length > 0 && !types.some((type) => isOf(type, value)));
    return alien === undefined
      ? undefined
      : `${JSON.stringify(alien)} is not of the type that stands beside it`;
  }
  for (const key of types.flatMap((type) => OF_TYPE[type])) allowed.add(key);
  const stray = present.find((key) => !allowed.has(key));
  if (stray !== undefined) return `${stray} is not checked without a type that it restricts`;
  if (node.items === undefined && node.prefixItems === undefined) {
    if (node.minItems !== undefined || node.maxItems !== undefined) {
      return 'minItems and maxItems are not checked without items';
    }
  }
  const undescribed = node.required?.find((name) => !Object.hasOwn(node.properties ?? {}, name));
  if (undescribed !== undefined) return `required names ${undescribed}, which is not among the properties`;
  if (Object.keys(node.properties ?? {}).length > 256) return 'more than 256 properties';
  return undefined;
}

function isOf(type: z.infer<typeof typeName>, value: z.infer<typeof scalar>): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type && value !== null;
}

function childrenOf(node: Keywords): [string, unknown][] {
  const { properties = {}, additionalProperties, items, prefixItems = [], anyOf = [], oneOf = [] } = node;
  const list = (name: string, children: readonly unknown[]): [string, unknown][] =>
    children.map((child, i) => [`/${name}/${i}`, child]);
  return [
    ...Object.entries(properties).map(([key, child]): [string, unknown] => [`/properties/${key}`, child]),
    ...(additionalProperties === undefined
      ? []
      : [['/additionalProperties', additionalProperties] satisfies [string, unknown]]),
    ...(items === undefined ? [] : [['/items', items] satisfies [string, unknown]]),
    ...list('prefixItems', prefixItems),
    ...list('anyOf', anyOf),
    ...list('oneOf', oneOf),
  ];
}

/**
 * Why a default may not be filled in. Only scalars and empty lists and objects: filled into every element of a long list,
 * anything larger would make much out of little. It must fit the schema that it stands in.
 */
function badDefault(node: Keywords): string | undefined {
  const { default: value, ...schema } = node;
  if (value === undefined) return undefined;
  const small = scalar.safeParse(value).success || isEmpty(value);
  if (!small) return 'is neither a scalar nor empty';
  return createValidator(schema)(value).ok ? undefined : 'breaks the schema that it stands in';
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

// Which zod constructs may describe a function's input and output, and what becomes of the others (DESIGN.md §2, §7 "Guest
// SDK", THREATS.md H8): a host-side schema must mean the same as the author's, or the build says where it does not.
import { SignetError } from '../src/error.ts';
import { outsideSubset } from '../src/json-schema.ts';

/** Types of zod schemas whose JSON Schema says all that they say. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(
  (
    'string number boolean null any unknown array object union intersection tuple record literal enum ' +
    'optional nullable default prefault nonoptional readonly lazy'
  ).split(' '),
);

/** Checks whose JSON Schema says all that they say; a string's formats are looked at in the schema itself. */
const PLAIN_CHECKS: ReadonlySet<string> = new Set(
  'less_than greater_than multiple_of number_format max_length min_length length_equals string_format'.split(
    ' ',
  ),
);

/** What an author may do instead, by the type or check that is refused. */
const HINTS: Readonly<Record<string, string>> = {
  custom: 'check it in run()',
  overwrite: 'change the text (trim, toLowerCase, …) in run()',
  transform: 'transform the value in run()',
  pipe: 'convert the value in run()',
  coerce: 'take the type that is sent, and convert it in run()',
  catch: 'use .default(), or handle it in run()',
  date: 'use z.string() or z.number()',
  bigint: 'use z.string() or z.int()',
  map: 'use z.record() or an array',
  set: 'use an array',
  undefined: 'use .optional()',
  void: 'use z.null()',
  template_literal: 'use z.string(), and check it in run()',
};

/** Formats that only narrow a string: dropped with a warning. z.iso.time() emits a bare pattern, and counts as one. */
const FORMATS: ReadonlySet<string> = new Set(
  (
    'email uuid guid uri hostname date-time date duration ipv4 ipv6 cidrv4 cidrv6 mac base64 base64url jwt nanoid cuid ' +
    'cuid2 ulid xid ksuid emoji e164 hex credit_card iban currency_code'
  ).split(' '),
);

/** Keywords that restrict nothing: dropped. */
const REMARKS: readonly string[] = ['$schema', 'readOnly', 'examples', 'deprecated', 'contentEncoding'];

const UNKNOWN_HINT = 'use z.unknown() there, and check the value in run()';
const REFUSED: Readonly<Record<string, string>> = {
  pattern: 'patterns are not run by the host; check it in run()',
  allOf: 'patterns are not run by the host; check them in run()',
  patternProperties: UNKNOWN_HINT,
  $ref: `recursive schemas, z.json() and .meta({ id }) are refused; ${UNKNOWN_HINT}`,
  $defs: `recursive schemas, z.json() and .meta({ id }) are refused; ${UNKNOWN_HINT}`,
  not: 'z.never() is refused; use z.strictObject() or leave the field out',
};

/** A zod construct met on the way: where, and its type or check. */
export type Construct = readonly [path: string, construct: string];

/**
 * The schema inside the closed subset, with warnings for what was dropped. What cannot be dropped without a change of
 * meaning: E_SCHEMA_SUBSET, with every problem.
 */
export function closeSchema(
  schema: unknown,
  constructs: readonly Construct[],
  item: string,
): { schema: Record<string, unknown>; warnings: string[] } {
  const warnings: string[] = [];
  const problems = constructs
    .filter(([, construct]) => !PLAIN_TYPES.has(construct) && !PLAIN_CHECKS.has(construct))
    .map(([path, construct]) => {
      const hint = Object.hasOwn(HINTS, construct) ? HINTS[construct] : UNKNOWN_HINT;
      return `${path || '/'}: ${construct.slice(0, 64)} has no equal in JSON Schema; ${hint}`;
    });

  const walk = (node: unknown, path: string): unknown => {
    if (Array.isArray(node)) return node.map((child, i) => walk(child, `${path}/${i}`));
    if (typeof node !== 'object' || node === null) return node;
    const kept: Record<string, unknown> = {};
    const { format } = node as { format?: unknown };
    const dropped = typeof format === 'string' && FORMATS.has(format) ? ['format', 'pattern'] : [];
    if (dropped.length > 0) warnings.push(`${item}${path}: the host does not check the format ${format}`);
    for (const [key, value] of Object.entries(node)) {
      if (REMARKS.includes(key) || dropped.includes(key)) continue;
      if (Object.hasOwn(REFUSED, key)) {
        problems.push(`${path || '/'}: ${REFUSED[key]}`);
        continue;
      }
      kept[key] = walkKeyword(key, value, `${path}/${key}`);
    }
    return kept;
  };
  const walkKeyword = (key: string, value: unknown, path: string): unknown => {
    switch (key) {
      case 'properties':
        return Object.fromEntries(
          Object.entries(value as object).map(([name, child]) => [name, walk(child, `${path}/${name}`)]),
        );
      case 'items':
      case 'additionalProperties':
      case 'prefixItems':
      case 'anyOf':
      case 'oneOf':
        return walk(value, path);
      case 'propertyNames':
        if (Object.keys(value as object).join() !== 'type')
          problems.push(`${path}: keys are texts; ${UNKNOWN_HINT}`);
        return { type: 'string' };
      default:
        return value;
    }
  };

  const closed = walk(schema, '') as Record<string, unknown>;
  const outside = problems.length === 0 ? outsideSubset(closed) : undefined;
  if (outside !== undefined) problems.push(outside);
  if (problems.length > 0) {
    throw new SignetError('E_SCHEMA_SUBSET', `${item}: ${[...new Set(problems)].slice(0, 20).join(' | ')}`, {
      item,
    });
  }
  return { schema: closed, warnings };
}

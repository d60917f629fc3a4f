// Checking values against the closed subset of JSON Schema (src/json-schema.ts; THREATS.md H8, H19). Schema and value may both be a
// bundle's: the work is bounded by a number of steps, the answer by a number of problems, and nothing of the schema is copied into
// the value but scalars and empty lists and objects.

import { problemLine } from './shape.ts';

/** The outcome: the value with its defaults, or at most 20 lines `path: what`. */
export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly string[] };

export type Validator = (value: unknown) => Checked;

/** A schema of the subset, as src/json-schema.ts accepted it. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly prefixItems?: readonly unknown[];
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
}

const MAX_PROBLEMS = 20;
const MAX_TEXT = 100;
/** Values looked at, those of every alternative counted: some 100 ms at the most. */
const MAX_STEPS = 3_000_000;
/** Steps that one key of an object costs, whatever is looked at behind it: to be listed, and to be copied. */
const KEY_STEPS = 4;
const COPY_STEPS = 8;
/** Elements of a list that are copied in one step. */
const LIST_STEPS = 8;

const FAILED = Symbol('failed');
type Outcome = unknown;

/** One check in progress. */
class Run {
  readonly problems: string[] = [];
  readonly path: (string | number)[] = [];
  steps = 0;
  /** Above 0 inside an alternative: whether it holds is asked there, not why not. */
  quiet = 0;

  fail(what: string): typeof FAILED {
    if (this.quiet === 0 && this.problems.length < MAX_PROBLEMS) {
      const at = this.path.map((part) => String(part).slice(0, MAX_TEXT)).join('.');
      this.problems.push(problemLine(at === '' ? '(top)' : at, what));
    }
    return FAILED;
  }

  /** True where there is nothing more to find out: enough problems, or no steps left. */
  get isOver(): boolean {
    return this.steps > MAX_STEPS || this.problems.length >= MAX_PROBLEMS;
  }
}

type Check = (value: unknown, run: Run) => Outcome;

/** The validator of a schema inside the subset. */
export function createValidator(schema: unknown): Validator {
  const check = compile(schema);
  return (value) => {
    const run = new Run();
    const checked = check(value, run);
    if (run.steps > MAX_STEPS)
      return { ok: false, problems: [`(top): takes more than ${MAX_STEPS} steps to check`] };
    return checked === FAILED ? { ok: false, problems: run.problems } : { ok: true, value: checked };
  };
}

function compile(schema: unknown): Check {
  if (typeof schema === 'boolean')
    return schema ? (value) => value : (_, run) => run.fail('nothing is allowed here');
  const node = schema as SchemaNode;
  const check = compileNode(node);
  return (value, run) => {
    if (++run.steps > MAX_STEPS) return FAILED;
    return check(value, run);
  };
}

function compileNode(node: SchemaNode): Check {
  if (node.anyOf !== undefined) return compileAlternatives(node.anyOf, false);
  if (node.oneOf !== undefined) return compileAlternatives(node.oneOf, true);
  const values = node.enum ?? (node.const === undefined ? undefined : [node.const]);
  if (values !== undefined) {
    const allowed = new Set(values);
    const shown = values
      .slice(0, 8)
      .map((one) => JSON.stringify(one))
      .join(', ')
      .slice(0, MAX_TEXT);
    return (value, run) =>
      allowed.has(value) ? value : run.fail(`expected ${values.length > 1 ? 'one of ' : ''}${shown}`);
  }
  const types = node.type === undefined ? undefined : new Set([node.type].flat());
  const object = compileObject(node);
  const array = compileArray(node);
  return (value, run) => {
    const type = typeOf(value);
    if (
      types !== undefined &&
      !types.has(type) &&
      !(type === 'number' && types.has('integer') && Number.isSafeInteger(value))
    ) {
      return run.fail(`expected ${[...types].join(' or ')}, found ${type}`);
    }
    switch (type) {
      case 'string':
        return checkLength(value as string, node, run) ?? value;
      case 'number':
        return checkNumber(value as number, node, run) ?? value;
      case 'array':
        return array === undefined ? value : array(value as unknown[], run);
      case 'object':
        return object === undefined ? value : object(value as Record<string, unknown>, run);
      default:
        return value;
    }
  };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Lengths are in UTF-16 units, as JavaScript counts. */
function checkLength(
  { length }: string,
  { minLength = 0, maxLength = Infinity }: SchemaNode,
  run: Run,
): typeof FAILED | undefined {
  if (length < minLength) return run.fail(`expected at least ${minLength} characters, found ${length}`);
  if (length > maxLength) return run.fail(`expected at most ${maxLength} characters, found ${length}`);
  return undefined;
}

function checkNumber(value: number, node: SchemaNode, run: Run): typeof FAILED | undefined {
  const {
    minimum = -Infinity,
    maximum = Infinity,
    exclusiveMinimum = -Infinity,
    exclusiveMaximum = Infinity,
    multipleOf,
  } = node;
  if (value < minimum) return run.fail(`expected at least ${minimum}`);
  if (value > maximum) return run.fail(`expected at most ${maximum}`);
  if (value <= exclusiveMinimum) return run.fail(`expected more than ${exclusiveMinimum}`);
  if (value >= exclusiveMaximum) return run.fail(`expected less than ${exclusiveMaximum}`);
  if (multipleOf === undefined) return undefined;
  const quotient = value / multipleOf;
  const off = Math.abs(quotient - Math.round(quotient));
  return off <= Number.EPSILON * Math.max(1, Math.abs(quotient))
    ? undefined
    : run.fail(`expected a multiple of ${multipleOf}`);
}

function compileArray(node: SchemaNode): ((list: unknown[], run: Run) => Outcome) | undefined {
  const { items, prefixItems = [], minItems = 0, maxItems = Infinity } = node;
  if (items === undefined && prefixItems.length === 0) return undefined;
  const first = prefixItems.map(compile);
  const rest = items === undefined ? undefined : compile(items);
  return (list, run) => {
    if (list.length < minItems) return run.fail(`expected at least ${minItems} items, found ${list.length}`);
    if (list.length > maxItems) return run.fail(`expected at most ${maxItems} items, found ${list.length}`);
    let copy: unknown[] | undefined;
    let failed = false;
    for (let i = 0; i < list.length && !run.isOver; i++) {
      const check = first[i] ?? rest;
      if (check === undefined) break;
      const checked = inside(run, i, check, list[i]);
      if (checked === FAILED) failed = true;
      else if (checked !== list[i]) {
        if (copy === undefined) run.steps += list.length / LIST_STEPS;
        copy ??= [...list];
        copy[i] = checked;
      }
      if (failed && run.quiet > 0) return FAILED;
    }
    return failed || run.steps > MAX_STEPS ? FAILED : (copy ?? list);
  };
}

function compileObject(
  node: SchemaNode,
): ((object: Record<string, unknown>, run: Run) => Outcome) | undefined {
  const { properties = {}, required = [], additionalProperties } = node;
  const known = new Map(Object.entries(properties).map(([key, schema]) => [key, compile(schema)]));
  const defaults = new Map(
    Object.entries(properties).flatMap(([key, schema]) => {
      const value = (schema as SchemaNode | boolean as SchemaNode).default;
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
  const needed = required.filter((key) => !defaults.has(key));
  const rest =
    additionalProperties === undefined || additionalProperties === true
      ? undefined
      : compile(additionalProperties);
  if (known.size === 0 && needed.length === 0 && rest === undefined) return undefined;
  return (object, run) => {
    const keys = Object.keys(object);
    run.steps += keys.length * KEY_STEPS;
    let copy: Record<string, unknown> | undefined;
    const copied = (): Record<string, unknown> => {
      if (copy === undefined) run.steps += keys.length * COPY_STEPS;
      copy ??= { ...object };
      return copy;
    };
    let failed = run.steps > MAX_STEPS;
    for (const key of needed) {
      if (Object.hasOwn(object, key)) continue;
      failed = true;
      inside(run, key, (_, at) => at.fail('is missing'), undefined);
    }
    for (const [key, value] of defaults) {
      if (failed || (Object.hasOwn(object, key) && object[key] !== undefined)) continue;
      run.steps++;
      set(copied(), key, fresh(value));
    }
    for (const key of keys) {
      if (run.isOver || (failed && run.quiet > 0)) break;
      const value = object[key];
      const check = known.get(key) ?? rest;
      // A field that is `undefined` is not there: JSON has none.
      if (check === undefined || value === undefined) continue;
      const checked = inside(run, key, check, value);
      if (checked === FAILED) failed = true;
      else if (checked !== value) set(copied(), key, checked);
    }
    return failed || run.steps > MAX_STEPS ? FAILED : (copy ?? object);
  };
}

/** Own, whatever the name: assignment to `__proto__` would set a prototype. */
function set(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A default of its own for each value: scalars, or an empty list or object (src/json-schema.ts lets nothing else in). */
function fresh(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  return typeof value === 'object' && value !== null ? {} : value;
}

function compileAlternatives(schemas: readonly unknown[], exactlyOne: boolean): Check {
  const checks = schemas.map(compile);
  return (value, run) => {
    let found: Outcome = FAILED;
    let count = 0;
    run.quiet++;
    for (const check of checks) {
      const checked = check(value, run);
      if (checked === FAILED) continue;
      if (count++ === 0) found = checked;
      if (!exactlyOne || count > 1) break;
    }
    run.quiet--;
    if (count === 1 || (count > 0 && !exactlyOne)) return found;
    return run.fail(
      count === 0 ? `fits none of ${checks.length} alternatives` : 'fits more than one alternative',
    );
  };
}

function inside(run: Run, key: string | number, check: Check, value: unknown): Outcome {
  run.path.push(key);
  const checked = check(value, run);
  run.path.pop();
  return checked;
}

// What an embedder may pass as the input of a call: values of JSON alone (THREATS.md 18, H19). What is hashed into a plan and a
// record is then what the guest gets; a Date, a NaN or a BigInt would be one thing here and another there.
import type { JsonValue } from '../src/contracts/common.ts';
import { SignetError } from '../src/error.ts';

const MAX_DEPTH = 64;

/**
 * A copy of the value, `undefined` as null: each property is read once, so that an accessor or a proxy cannot be one value for
 * the plan and another for the guest. E_INPUT for whatever `parseJson` would not give back.
 */
export function callInput(value: unknown, item: string): JsonValue {
  if (value === undefined) return null;
  return copyOf(value, MAX_DEPTH, (wrong) => {
    throw new SignetError('E_INPUT', `the input of ${item} has no JSON form: ${wrong}`, { item });
  });
}

type Refuse = (wrong: string) => never;

function copyOf(value: unknown, depth: number, refuse: Refuse): JsonValue {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : refuse('a lone surrogate');
    case 'number':
      return Number.isFinite(value) ? value : refuse(`the number ${value}`);
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (depth === 0) return refuse(`nesting deeper than ${MAX_DEPTH}`);
      return Array.isArray(value)
        ? copyOfArray(value, depth - 1, refuse)
        : copyOfObject(value, depth - 1, refuse);
    default:
      return refuse(`a ${typeof value}`);
  }
}

/** By index, so that a hole is seen. */
function copyOfArray(array: readonly unknown[], depth: number, refuse: Refuse): JsonValue[] {
  const copy: JsonValue[] = [];
  const { length } = array;
  for (let i = 0; i < length; i++) copy.push(copyOf(array[i], depth, refuse));
  return copy;
}

function copyOfObject(object: object, depth: number, refuse: Refuse): Record<string, JsonValue> {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return refuse('an object of a class');
  const copy: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(object)) {
    if (key === '__proto__' || !key.isWellFormed()) return refuse('a key that strict JSON refuses');
    // A field that is left out, as JSON.stringify does.
    if (value !== undefined) copy[key] = copyOf(value, depth, refuse);
  }
  return copy;
}

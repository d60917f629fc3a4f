// What an embedder may pass as the input of a call: values of JSON alone (THREATS.md 18, H19). What is hashed into a plan and a
// record is then what the guest gets; a Date, a NaN or a BigInt would be one thing here and another there.
import { SignetError } from '../src/error.ts';

const MAX_DEPTH = 64;

/** The value, `undefined` as null. E_INPUT for whatever `parseJson` would not give back. */
export function callInput(value: unknown, item: string): unknown {
  if (value === undefined) return null;
  const wrong = problemOf(value, MAX_DEPTH);
  if (wrong === undefined) return value;
  throw new SignetError('E_INPUT', `the input of ${item} has no JSON form: ${wrong}`, { item });
}

function problemOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : 'a lone surrogate';
    case 'number':
      return Number.isFinite(value) ? undefined : `the number ${value}`;
    case 'boolean':
      return undefined;
    case 'object':
      if (value === null) return undefined;
      if (depth === 0) return `nesting deeper than ${MAX_DEPTH}`;
      return Array.isArray(value) ? problemOfArray(value, depth - 1) : problemOfObject(value, depth - 1);
    default:
      return `a ${typeof value}`;
  }
}

/** By index, so that a hole is seen. */
function problemOfArray(array: readonly unknown[], depth: number): string | undefined {
  for (let i = 0; i < array.length; i++) {
    const wrong = problemOf(array[i], depth);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function problemOfObject(object: object, depth: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return 'an object of a class';
  for (const [key, value] of Object.entries(object)) {
    if (key === '__proto__' || !key.isWellFormed()) return 'a key that strict JSON refuses';
    // A field that is left out, as JSON.stringify does.
    const wrong = value === undefined ? undefined : problemOf(value, depth);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

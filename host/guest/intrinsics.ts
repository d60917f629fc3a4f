// The built-ins that the prelude relies on, taken before any guest code runs: a bundle that patches prototypes later changes
// nothing here (THREATS.md H9, H21). After start-up the prelude calls no method by name, iterates nothing, spreads nothing.

export const root = globalThis;
export const { apply, construct, defineProperty, deleteProperty } = Reflect;
export const { freeze } = Object;
export const { isArray } = Array;
export const { parse, stringify } = JSON;
export const CapturedPromise = Promise;
export const CapturedError = Error;
export const CapturedTypeError = TypeError;
export const CapturedBytes = Uint8Array;
const promiseThen = Promise.prototype.then;
const stringSlice = String.prototype.slice;
const lastIndex = String.prototype.lastIndexOf;
const charCode = String.prototype.charCodeAt;
const bytesLength = Reflect.getOwnPropertyDescriptor(
  Reflect.getPrototypeOf(Uint8Array.prototype) as object,
  'byteLength',
)?.get as () => number;
const symbolString = Symbol.prototype.toString;

/** `promise.then(fulfilled, rejected)`. Not named `then`: a module with such an export is taken for a promise. */
export function whenSettled<T, R>(
  promise: Promise<T>,
  fulfilled: (value: T) => R,
  rejected?: (thrown: unknown) => R,
): Promise<R> {
  return apply(promiseThen, promise, [fulfilled, rejected]) as Promise<R>;
}

export function slice(text: string, start: number, end: number): string {
  return apply(stringSlice, text, [start, end]);
}

export function lastIndexOf(text: string, part: string): number {
  return apply(lastIndex, text, [part]);
}

export function charCodeAt(text: string, index: number): number {
  return apply(charCode, text, [index]);
}

/** Of a typed array, whatever its prototype says; TypeError for anything else. */
export function byteLength(bytes: Uint8Array): number {
  return apply(bytesLength, bytes, []);
}

/** The text of a primitive, cut; undefined for objects and functions, whose own conversions are guest code. */
export function primitiveText(value: unknown, max: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return slice(value, 0, max);
    case 'symbol':
      return slice(apply(symbolString, value, []), 0, max);
    case 'bigint':
      return 'a bigint';
    case 'object':
    case 'function':
      return value === null ? 'null' : undefined;
    default:
      return `${value as number | boolean | undefined}`;
  }
}

/** An object without prototype: what `stringify` makes of it, no guest code decides. */
export type Bare = { __proto__: null; [key: string]: unknown };

/** A dictionary without prototype. */
export type Table<T> = { [key: string]: T | undefined };

export function table<T>(): Table<T> {
  return { __proto__: null } as unknown as Table<T>;
}

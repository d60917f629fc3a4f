// `structuredClone` (HTML), without transfer: primitives, plain objects, arrays, Map, Set, Date, RegExp, Error, buffers and
// their views, boxed primitives; the same object is cloned once, so that cycles stay. All else: DataCloneError.
import { DOMException } from './events.ts';

const ERRORS: readonly ErrorConstructor[] = [
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];
const tag = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** A deep copy; prototypes of classes, accessors and symbols are left behind. */
export function structuredClone<T>(value: T): T {
  return copy(value, new Map()) as T;
}

function copy(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === 'symbol' || typeof value === 'function') throw uncloneable(value);
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const keep = <V extends object>(made: V): V => {
    seen.set(value, made);
    return made;
  };
  if (Array.isArray(value)) return fields(value, keep(new Array(value.length)), seen);
  if (value instanceof Map) {
    const made = keep(new Map());
    for (const [key, entry] of [...value]) made.set(copy(key, seen), copy(entry, seen));
    return made;
  }
  if (value instanceof Set) {
    const made = keep(new Set());
    for (const entry of [...value]) made.add(copy(entry, seen));
    return made;
  }
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Error) return error(value, keep, seen);
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) return keep(view(value, seen));
  if (
    value instanceof Number ||
    value instanceof String ||
    value instanceof Boolean ||
    value instanceof BigInt
  )
    return keep(Object(value.valueOf()) as object);
  if (['Promise', 'WeakMap', 'WeakSet', 'Generator', 'AsyncGenerator'].includes(tag(value)))
    throw uncloneable(value);
  return fields(value, keep({}), seen);
}

/** Own enumerable fields with a text as key. */
function fields(from: object, to: object, seen: Map<object, unknown>): object {
  for (const key of Object.keys(from)) {
    const value = copy((from as Record<string, unknown>)[key], seen);
    Object.defineProperty(to, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return to;
}

function error(from: Error, keep: (made: Error) => Error, seen: Map<object, unknown>): Error {
  const Constructor = ERRORS.find(({ name }) => name === from.name) ?? Error;
  const made = keep(new Constructor(String(from.message)));
  Object.defineProperty(made, 'stack', { value: from.stack, writable: true, configurable: true });
  if ('cause' in from) {
    Object.defineProperty(made, 'cause', {
      value: copy(from.cause, seen),
      writable: true,
      configurable: true,
    });
  }
  return made;
}

/** The same kind of view over a copy of its buffer, which other views of it share. */
function view(from: ArrayBufferView, seen: Map<object, unknown>): ArrayBufferView {
  const buffer = copy(from.buffer, seen) as ArrayBuffer;
  if (from instanceof DataView) return new DataView(buffer, from.byteOffset, from.byteLength);
  const typed = from as Uint8Array;
  return new (typed.constructor as Uint8ArrayConstructor)(buffer, typed.byteOffset, typed.length);
}

function uncloneable(value: unknown): DOMException {
  const what = typeof value === 'object' ? `a ${tag(value as object)}` : `a ${typeof value}`;
  return new DOMException(`${what} could not be cloned`, 'DataCloneError');
}

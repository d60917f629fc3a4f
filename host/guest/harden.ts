// Takes away from the guest what escapes its limits, its determinism or its boundary (DESIGN.md §4 "Guest", FLOORS.md
// "Hostile code", THREATS.md H1, H4, H7, H18). Runs once, before any guest code.
import { defineProperty } from './intrinsics.ts';

/**
 * Memory outside the heap limit, waiting that nothing interrupts, observers of the garbage collector, code from strings, and
 * `Temporal`, whose `Now` is the real clock and which Node 24 lacks.
 */
const GONE = [
  'WebAssembly',
  'SharedArrayBuffer',
  'Atomics',
  'WeakRef',
  'FinalizationRegistry',
  'eval',
  'console',
  'Temporal',
  'ShadowRealm',
];

export function harden(): void {
  for (const name of GONE) Reflect.deleteProperty(globalThis, name);
  Reflect.deleteProperty(Date.prototype, 'toTemporalInstant');
  removeFunctionConstructors();
  // Structured stack frames hand out functions and receivers: no formatter can be set, ever.
  lock(Error, 'prepareStackTrace', undefined);
  lock(Error, 'stackTraceLimit', 10);
  // What `then` of a native promise means is the same for every call of the isolate.
  lock(Promise.prototype, 'then', Promise.prototype.then);
  lock(Promise.prototype, 'constructor', Promise);
  defineProperty(Promise, Symbol.species, { configurable: false });
}

function lock(holder: object, key: string, value: unknown): void {
  const locked = defineProperty(holder, key, {
    value,
    writable: false,
    enumerable: false,
    configurable: false,
  });
  if (!locked) throw new TypeError(`cannot lock ${key}`);
}

/** `Function` stays, for `instanceof`; it and the constructors of the three other kinds of function make nothing any more. */
function removeFunctionConstructors(): void {
  const samples = [
    () => undefined,
    async () => undefined,
    function* () {
      yield undefined;
    },
    async function* () {
      yield undefined;
    },
  ];
  for (const sample of samples) {
    const prototype = Object.getPrototypeOf(sample) as object;
    const { name } = (prototype as { constructor: { name: string } }).constructor;
    const refused = function refused(): never {
      throw new TypeError('code cannot be made from strings here');
    };
    lock(refused, 'prototype', prototype);
    defineProperty(refused, 'name', { value: name });
    lock(prototype, 'constructor', refused);
    if (name === 'Function') {
      defineProperty(globalThis, 'Function', { value: refused, writable: false, configurable: false });
    }
  }
}

// The guest's clock, chance and locale (DESIGN.md §4 "Guest", THREATS.md H18): `Date` and `Intl` see the time of the current
// batch, `Math.random` the seed of the generation, `crypto` its key. Time zone and locale are the worker's, whose environment is TZ=UTC and
// LC_ALL=C: UTC and en-US. So a recorded generation computes the same again.
import { apply, construct, defineProperty } from './intrinsics.ts';

let now = 0;
let origin: number | undefined;
let a = 1;
let b = 2;
let c = 3;
let d = 4;

/** The time goes on to `ms`, never back; the first time is that of the isolate's birth. */
export function setNow(ms: number): void {
  origin ??= ms;
  if (ms > now) now = ms;
}

/** Milliseconds since the epoch. */
export function virtualTime(): number {
  return now;
}

/** The time of birth. */
export function timeOrigin(): number {
  return origin ?? 0;
}

/** Starts `Math.random` anew from 32 bits. */
export function setSeed(seed: number): void {
  a = seed | 0;
  b = seed ^ 0x9e3779b9;
  c = seed ^ 0x85ebca6b;
  d = 1;
  for (let round = 0; round < 15; round++) random32();
}

let key: string | undefined;

/** What all randomness of `crypto` comes from: 256 bits of the supervisor's, as 64 hexadecimal digits. */
export function setKey(digits: string | undefined): void {
  key = digits;
}

/** The key; undefined in an isolate that was not born, where code is only described. */
export function getKey(): string | undefined {
  return key;
}

/** sfc32: small, fast, passes PractRand; no secret is ever made of it. */
function random32(): number {
  const sum = (((a + b) | 0) + d) | 0;
  d = (d + 1) | 0;
  a = b ^ (b >>> 9);
  b = (c + (c << 3)) | 0;
  c = (((c << 21) | (c >>> 11)) + sum) | 0;
  return sum >>> 0;
}

export function virtualize(): void {
  virtualizeDate();
  virtualizeIntl();
  hide(Math, 'random', function random() {
    return ((random32() >>> 5) * 0x4000000 + (random32() >>> 6)) / 0x20000000000000;
  });
}

function hide(holder: object, key: string, value: unknown): void {
  defineProperty(holder, key, { value, writable: true, enumerable: false, configurable: true });
}

function virtualizeDate(): void {
  const RealDate = Date;
  const toText = Date.prototype.toString;
  function VirtualDate(...parts: unknown[]): unknown {
    if (new.target === undefined) return apply(toText, new RealDate(now), []);
    return construct(RealDate, parts.length === 0 ? [now] : parts, new.target);
  }
  defineProperty(VirtualDate, 'name', { value: 'Date' });
  defineProperty(VirtualDate, 'length', { value: 7 });
  defineProperty(VirtualDate, 'prototype', {
    value: RealDate.prototype,
    writable: false,
    enumerable: false,
    configurable: false,
  });
  hide(VirtualDate, 'now', function virtualNow() {
    return now;
  });
  hide(VirtualDate, 'parse', RealDate.parse);
  hide(VirtualDate, 'UTC', RealDate.UTC);
  hide(RealDate.prototype, 'constructor', VirtualDate);
  hide(globalThis, 'Date', VirtualDate);
}

/** Formatting no date means formatting now: the one place where `Intl` looks at the clock. */
function virtualizeIntl(): void {
  const { prototype } = Intl.DateTimeFormat;
  const realFormat = Reflect.getOwnPropertyDescriptor(prototype, 'format')?.get as () => (
    d: unknown,
  ) => string;
  const realParts = prototype.formatToParts;
  const bound = new WeakMap<object, (date?: unknown) => string>();
  const { get: weakGet, set: weakSet } = WeakMap.prototype;
  defineProperty(prototype, 'format', {
    get(this: object) {
      const format = apply(realFormat, this, []);
      const known = apply(weakGet, bound, [format]) as ((date?: unknown) => string) | undefined;
      if (known !== undefined) return known;
      const virtual = (date?: unknown): string => format(date === undefined ? now : date);
      apply(weakSet, bound, [format, virtual]);
      return virtual;
    },
  });
  hide(prototype, 'formatToParts', function formatToParts(this: Intl.DateTimeFormat, date?: unknown) {
    return apply(realParts, this, [(date === undefined ? now : date) as Date]);
  });
}

// The limits of a bundle (DESIGN.md §4 "Limits"): one table of names, bounds and meanings, which manifest, policy and kinds share.
import * as z from 'zod';

const amount = (min: number, max: number) => z.number().int().min(min).max(max).optional();
const MINUTE_MS = 60_000;

/** Any of the limits; those that are left out are not touched. */
export const LimitRequest = z.strictObject({
  /** Milliseconds that a call may take, waiting included. */
  wallMs: amount(1, 600_000),
  /** Milliseconds of processor time that a call may use inside its isolate. */
  cpuMs: amount(1, 600_000),
  /** Megabytes of heap of an isolate. */
  heapMb: amount(8, 1024),
  /** Bytes of an input's JSON text. */
  inputBytes: amount(2, 4 << 20),
  /** Bytes of an output's JSON text. */
  outputBytes: amount(2, 4 << 20),
  /** Effects that a call may ask for, those of the calls that it leads to included. */
  effects: amount(0, 100_000),
  /** Calls of the bundle that run at once; more of them wait. */
  concurrent: amount(1, 10_000),
  /** Calls of the bundle in a minute. */
  callsPerMinute: amount(1, 10_000_000),
  /** Effects of the bundle in a minute. */
  effectsPerMinute: amount(1, 10_000_000),
  /** Milliseconds of processor time of the bundle in a minute, all its isolates together. */
  cpuMsPerMinute: amount(1, 1_000 * MINUTE_MS),
});
export type LimitRequest = z.infer<typeof LimitRequest>;
export type LimitName = keyof LimitRequest;
export const LIMIT_NAMES = Object.keys(LimitRequest.shape) as readonly LimitName[];

/** A number for every limit; `Infinity` is none. */
export type Limits = Readonly<Record<LimitName, number>>;

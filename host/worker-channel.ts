// What a generation needs of whatever runs its isolate (DESIGN.md §4): requests that are answered or lost, one by one, in order. A worker
// process is one, and so is this process in inline mode.
import type { Turns } from './turns.ts';

/** Why a worker was lost. */
export type LossCause =
  /** It did not answer the request at the head in its time. */
  | 'hang'
  /** It held more memory than its ceiling. */
  | 'memory'
  /** It ended by itself. */
  | 'exit'
  /** Someone else ended it. */
  | 'killed'
  /** It sent what no honest worker sends. */
  | 'protocol'
  /** The supervisor ended it. */
  | 'closed';

export interface Loss {
  readonly cause: LossCause;
  readonly reason: string;
  /** The isolate that caused it; 0: none did, or nobody knows which. */
  readonly culprit: number;
}

/** One request and what becomes of it: one of its two functions is called, once; `lost` also after `answered` threw. */
export interface Request {
  readonly isolate: number;
  /** The answers that may come; any other loses the worker. */
  readonly expects: readonly number[];
  /** Milliseconds that the worker may take, counted from when it can have begun. */
  readonly limitMs: number;
  /**
   * Called with a view that is valid during the call, and the microseconds of processor time that the worker says it took. Throws
   * on what an honest worker does not say: that loses it.
   */
  answered(type: number, payload: Buffer, cpuMicros: number): void;
  /** `head`: it was this request that the worker was at. */
  lost(loss: Loss, head: boolean): void;
}

/** What is looked at every 20 ms while the worker has something to do. */
export interface Ticker {
  readonly isolate: number;
  /** True as long as there is something to look at. */
  tick(nowMs: number): boolean;
  /** The worker is lost, and whatever it was asked is. */
  lost(loss: Loss): void;
}

export interface WorkerChannel {
  /** Whose batch is next. */
  readonly turns: Turns;
  /** Sends a frame that has an answer. Where all is lost, `lost` is called at once. */
  request(frame: Buffer, request: Request): void;
  /** Sends a frame that has no answer. */
  notify(frame: Buffer): void;
  watch(ticker: Ticker): void;
  unwatch(ticker: Ticker): void;
  /** Starts looking every 20 ms, until there is nothing to look at. */
  wake(): void;
}

// Timers on the virtual clock (DESIGN.md §4 "Guest"): those of one call fire while that call is open, in the order in which
// they are due, ties in the order in which they were made, each as a task of its own. One effect `clock.wait` stands for the
// earliest of them. Outside a call no timer ever fires (THREATS.md H17).
import { type Call, currentCall, enter, requestEffect, uncaught } from './calls.ts';
import { apply, type Bare, CapturedTypeError, type Table, table } from './intrinsics.ts';
import { setNow, virtualTime } from './time.ts';

/** Timers of one call that may be pending at once. */
const MAX_PENDING = 10_000;
/** As on the web: more is taken for 1. */
const MAX_DELAY = 0x7fff_ffff;

interface Timer {
  __proto__: null;
  readonly id: number;
  due: number;
  readonly every: number | undefined;
  readonly callback: (...args: unknown[]) => unknown;
  readonly args: unknown[];
  previous: Timer | undefined;
  next: Timer | undefined;
}

/** A wait that the host was asked for. Each is for an earlier time than those before it. */
interface Wait {
  __proto__: null;
  readonly until: number;
  later: Wait | undefined;
}

interface Timers {
  __proto__: null;
  readonly call: Call;
  readonly byId: Table<Timer>;
  pending: number;
  /** Sorted by `due`. */
  first: Timer | undefined;
  last: Timer | undefined;
  /** The earliest of the waits that are out. */
  wait: Wait | undefined;
  /** Next in the list of those that an answer woke. */
  nextWoken: Timers | undefined;
  /** Whether it is in the list of those whose first timer may have no wait yet, and the next there. */
  isTouched: boolean;
  nextTouched: Timers | undefined;
}

let ids = 0;
/** Calls with timers that may be due. */
let woken: Timers | undefined;
/** Calls whose timers changed in this batch. */
let touched: Timers | undefined;

/** `setTimeout`, or with `repeats` `setInterval`. A positive number that is never used again. */
export function setTimer(repeats: boolean, callback: unknown, delay: unknown, args: unknown[]): number {
  if (typeof callback !== 'function')
    throw new CapturedTypeError('a timer runs a function, not code from a string');
  const asked = +(delay as number);
  const ms = asked >= 1 && asked <= MAX_DELAY ? asked - (asked % 1) : 1;
  const id = ++ids;
  const call = currentCall();
  if (call === undefined) return id;
  const timers = timersOf(call);
  if (timers.pending >= MAX_PENDING) throw new CapturedTypeError('too many timers are pending');
  const timer: Timer = {
    __proto__: null,
    id,
    due: virtualTime() + ms,
    every: repeats ? ms : undefined,
    callback: callback as Timer['callback'],
    args,
    previous: undefined,
    next: undefined,
  };
  insert(timers, timer);
  return id;
}

/** `clearTimeout` and `clearInterval`: of the call that acts. */
export function clearTimer(id: unknown): void {
  const timers = currentCall()?.timers as Timers | undefined;
  if (timers === undefined || typeof id !== 'number') return;
  const timer = timers.byId[id];
  if (timer !== undefined) remove(timers, timer);
}

export function hasDueTimers(): boolean {
  while (woken !== undefined) {
    if (woken.call.open && woken.first !== undefined && woken.first.due <= virtualTime()) return true;
    touch(woken);
    woken = woken.nextWoken;
  }
  return false;
}

/** Runs the one that is due first of a call that was woken. False where there is none. */
export function runDueTimer(): boolean {
  if (!hasDueTimers()) return false;
  const timers = woken as Timers;
  const timer = timers.first as Timer;
  remove(timers, timer);
  if (timer.every !== undefined) {
    timer.due = virtualTime() + timer.every;
    insert(timers, timer);
  }
  enter(timers.call);
  try {
    apply(timer.callback, undefined, timer.args);
  } catch (thrown) {
    uncaught(timers.call, thrown);
  }
  return true;
}

/** Asks for the waits that are needed, one a call: when the batch is over, so that what was cleared by then costs nothing. */
export function requestWaits(): void {
  for (; touched !== undefined; touched = touched.nextTouched) {
    touched.isTouched = false;
    waitForFirst(touched);
  }
}

function touch(timers: Timers): void {
  if (timers.isTouched) return;
  timers.isTouched = true;
  timers.nextTouched = touched;
  touched = timers;
}

function timersOf(call: Call): Timers {
  call.timers ??= {
    __proto__: null,
    call,
    byId: table<Timer>(),
    pending: 0,
    first: undefined,
    last: undefined,
    wait: undefined,
    nextWoken: undefined,
    isTouched: false,
    nextTouched: undefined,
  } satisfies Timers;
  return call.timers as Timers;
}

/** Behind every one that is due as early: most are the latest, and found at once. */
function insert(timers: Timers, timer: Timer): void {
  let before = timers.last;
  while (before !== undefined && before.due > timer.due) before = before.previous;
  const after = before === undefined ? timers.first : before.next;
  timer.previous = before;
  timer.next = after;
  if (before === undefined) timers.first = timer;
  else before.next = timer;
  if (after === undefined) timers.last = timer;
  else after.previous = timer;
  timers.byId[timer.id] = timer;
  timers.pending++;
  touch(timers);
}

function remove(timers: Timers, timer: Timer): void {
  if (timer.previous === undefined) timers.first = timer.next;
  else timer.previous.next = timer.next;
  if (timer.next === undefined) timers.last = timer.previous;
  else timer.next.previous = timer.previous;
  delete timers.byId[timer.id];
  timers.pending--;
}

/** Asks the host to wake the call when its first timer is due, unless it was asked to do so no later. */
function waitForFirst(timers: Timers): void {
  const { call, first } = timers;
  if (first === undefined || !call.open) return;
  if (timers.wait !== undefined && timers.wait.until <= first.due) return;
  const wait: Wait = { __proto__: null, until: first.due, later: timers.wait };
  timers.wait = wait;
  const ms = first.due - virtualTime();
  requestEffect(
    call,
    'clock.wait',
    { __proto__: null, ms: ms > 0 ? ms : 0 } as Bare,
    () => {
      // The host's own timers may be early by a part of a millisecond.
      setNow(wait.until);
      forget(timers, wait);
      wake(timers);
    },
    // Nothing would ever go on: who waits for the timer must not wait until the call's time is up.
    (error) => uncaught(call, error),
  );
}

function forget(timers: Timers, wait: Wait): void {
  if (timers.wait === wait) {
    timers.wait = wait.later;
    return;
  }
  for (let at = timers.wait; at !== undefined; at = at.later) {
    if (at.later === wait) at.later = wait.later;
  }
}

function wake(timers: Timers): void {
  for (let at = woken; at !== undefined; at = at.nextWoken) if (at === timers) return;
  timers.nextWoken = woken;
  woken = timers;
}

// The calls of an isolate: started, answered, frozen. Only what is captured at start-up decides whose record is written
// (THREATS.md H9), and a call that has ended acts no more: its effects are never requested, never settled (H17). While a
// message is handled, and the microtasks that follow from it, its call is the current one: for it act the globals that need
// an effect. What calls of one isolate share (one bundle, one tenant) acts for the call whose message made it run.
import { createContext } from './context.ts';
import { describe } from './describe.ts';
import { effectError, type Request } from './effects.ts';
import {
  apply,
  type Bare,
  CapturedPromise,
  lastIndexOf,
  slice,
  stringify,
  type Table,
  table,
  whenSettled,
} from './intrinsics.ts';
import { emit, hasRoom } from './output.ts';

/** Effects of one call that may wait for an answer at once. */
const MAX_WAITING = 10_000;

type Run = (input: unknown, context: unknown) => unknown;
interface Waiting {
  __proto__: null;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}
export interface Call {
  __proto__: null;
  readonly id: string;
  open: boolean;
  /** The last effect's number. */
  seq: number;
  pending: number;
  /** By effect id. */
  readonly waiting: Table<Waiting>;
  /** What other parts of the prelude keep for the call. */
  timers: object | undefined;
  lines: object | undefined;
  /** Called while it can still act, before its answer. */
  beforeEnd: (() => void) | undefined;
}

const functions = table<Run>();
const calls = table<Call>();
let current: Call | undefined;

/** The call that acts now; undefined outside of any, and once it has ended. */
export function currentCall(): Call | undefined {
  return current?.open === true ? current : undefined;
}

/** From here on, `call` acts. */
export function enter(call: Call | undefined): void {
  current = call;
}

/** Makes a function callable as `kind/name`. False if there is one of that name. */
export function provide(name: string, run: Run): boolean {
  if (functions[name] !== undefined) return false;
  functions[name] = run;
  return true;
}

export function startCall(id: string, name: string, input: unknown, dryRun: boolean): void {
  const call: Call = {
    __proto__: null,
    id,
    open: true,
    seq: 0,
    pending: 0,
    waiting: table<Waiting>(),
    timers: undefined,
    lines: undefined,
    beforeEnd: undefined,
  };
  calls[id] = call;
  enter(call);
  const run = functions[name];
  if (run === undefined) {
    fail(call, 'missing', describe('the bundle has no such function'));
    return;
  }
  let returned: unknown;
  try {
    returned = apply(run, undefined, [input, createContext(requesterOf(call), dryRun)]);
  } catch (thrown) {
    fail(call, 'guest', describe(thrown));
    return;
  }
  const settled = new CapturedPromise<unknown>((resolve) => resolve(returned));
  whenSettled(
    settled,
    (value) => succeed(call, value),
    (thrown) => fail(call, 'guest', describe(thrown)),
  );
}

/** Freezes a call: nothing it left running has an effect or is answered any more. */
export function endCall(id: string): void {
  enter(undefined);
  const call = calls[id];
  if (call !== undefined) close(call);
}

export function settleEffect(effectId: string, value: unknown): void {
  takeWaiting(effectId)?.resolve(value);
}

export function refuseEffect(effectId: string, code: string, message: string): void {
  takeWaiting(effectId)?.reject(effectError(code, message));
}

function takeWaiting(effectId: string): Waiting | undefined {
  const call = calls[slice(effectId, 0, lastIndexOf(effectId, '.'))];
  enter(call);
  const waiting = call?.waiting[effectId];
  if (call === undefined || waiting === undefined) return undefined;
  delete call.waiting[effectId];
  call.pending--;
  return waiting;
}

function close(call: Call): void {
  call.open = false;
  delete calls[call.id];
}

function succeed(call: Call, value: unknown): void {
  if (!call.open) return;
  call.beforeEnd?.();
  // Ended before its value is read: what `toJSON` or a getter tries comes too late.
  close(call);
  let body: string | undefined;
  try {
    body = stringify(value);
  } catch (thrown) {
    emit(3, call.id, 'output', describe(thrown));
    return;
  }
  if (body === undefined) body = 'null';
  if (hasRoom(body.length)) emit(2, call.id, '-', body);
  else emit(3, call.id, 'output', describe('the output is too long'));
}

function fail(call: Call, name: 'guest' | 'missing', description: string): void {
  if (!call.open) return;
  call.beforeEnd?.();
  if (!call.open) return;
  close(call);
  emit(3, call.id, name, description);
}

/** What was thrown where nobody could catch it: the call fails of it. */
export function uncaught(call: Call | undefined, thrown: unknown): void {
  if (call !== undefined) fail(call, 'guest', describe(thrown));
}

/** How this call requests effects, as promises. */
export function requesterOf(call: Call): Request {
  return (capability, args) =>
    new CapturedPromise<unknown>((resolve, reject) => requestEffect(call, capability, args, resolve, reject));
}

/** One of the two functions is called once, or none where the call ends before. */
export function requestEffect(
  call: Call,
  capability: string,
  args: unknown,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): void {
  if (call.open) requestText(call, capability, stringify(args as Bare), resolve, reject);
}

/** The same with arguments that are JSON text: the one way to the outside. */
export function requestText(
  call: Call,
  capability: string,
  body: string | undefined,
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): void {
  // Reading the arguments may have run guest code.
  if (!call.open) return;
  if (call.pending >= MAX_WAITING) {
    reject(effectError('E_EFFECT_LIMIT', 'too many effects wait for an answer'));
    return;
  }
  if (body === undefined || !hasRoom(body.length)) {
    reject(effectError('E_LIMIT', 'the arguments of the effect are too long, or nothing'));
    return;
  }
  const id = `${call.id}.${call.seq + 1}`;
  // First what can throw for want of stack, then what cannot: the numbers stay without a gap.
  emit(4, id, capability, body);
  call.seq++;
  call.pending++;
  call.waiting[id] = { __proto__: null, resolve, reject };
}

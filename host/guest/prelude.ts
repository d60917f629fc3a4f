// The guest prelude (DESIGN.md §4 "Guest"): one script, run first in every isolate. It hardens the isolate, makes clock and
// chance virtual, adds the web's globals, and leaves a string pump: `push(text)` takes one batch and handles its first message,
// `step()` the next or a timer that is due, microtasks run after each, `drain()` gives the records.
// Pushed text: `[now, 0, …messages]` with messages `[1, callId, "kind/name", input, dryRun]`,
// `[5, effectId, value]`, `[6, effectId, {code, message}]`, `[7, callId]` (the call has ended: freeze it); the first of all is
// the birth, `[now, seed, key]`: 32 bits, not 0, for `Math.random`, and 64 hexadecimal digits for `crypto`.
import { endCall, enter, provide, refuseEffect, settleEffect, startCall } from './calls.ts';
import { describe } from './describe.ts';
import { installGlobals } from './globals.ts';
import { harden } from './harden.ts';
import { type Bare, defineProperty, deleteProperty, isArray, parse, root, stringify } from './intrinsics.ts';
import { sendLines } from './lines.ts';
import { drain } from './output.ts';
import { setKey, setNow, setSeed, virtualize } from './time.ts';
import { hasDueTimers, requestWaits, runDueTimer } from './timers.ts';

/** Functions of one bundle. */
const MAX_FUNCTIONS = 1_000;

type Message =
  | [1, string, string, unknown, boolean]
  | [5, string, unknown]
  | [6, string, { code: string; message: string }]
  | [7, string];

let batch: ArrayLike<unknown> = { length: 0 };
let next = 0;

/** Takes a batch and handles its first message; whether `step` has more to do. */
function push(text: string): boolean {
  batch = parse(text) as unknown[];
  setNow(batch[0] as number);
  if (batch[1] === 0) next = 2;
  else {
    setSeed(batch[1] as number);
    setKey(batch[2] as string | undefined);
    next = 3;
  }
  return step();
}

/** Handles one more: a timer that an answer made due, or else the next message. Whether there is more. */
function step(): boolean {
  if (!runDueTimer() && next < batch.length) handle(batch[next++] as Message);
  return hasDueTimers() || next < batch.length;
}

function handle(message: Message): void {
  switch (message[0]) {
    case 1:
      startCall(message[1], message[2], message[3], message[4]);
      break;
    case 5:
      settleEffect(message[1], message[2]);
      break;
    case 6:
      refuseEffect(message[1], message[2].code, message[2].message);
      break;
    case 7:
      endCall(message[1]);
      break;
  }
}

/** The records of the batch, all microtasks being done: until the next, nothing acts for any call. */
function drained(): string {
  enter(undefined);
  requestWaits();
  sendLines();
  return drain();
}

let defined = false;
let failure: string | undefined;

/** `__signet_define`: called once by the bundle, with `[{kind, name, run}, …]`. */
function define(plugin: unknown): void {
  if (defined) throw new TypeError('a bundle defines its plugin once');
  defined = true;
  if (!isArray(plugin) || plugin.length > MAX_FUNCTIONS) {
    throw new TypeError(`a plugin is an array of at most ${MAX_FUNCTIONS} functions`);
  }
  for (let i = 0; i < plugin.length; i++) {
    const { kind, name, run } = plugin[i] as Record<string, unknown>;
    if (typeof kind !== 'string' || typeof name !== 'string' || typeof run !== 'function') {
      throw new TypeError('a function of a plugin has a kind, a name and run');
    }
    if (!provide(`${kind}/${name}`, run as (input: unknown, context: unknown) => unknown)) {
      throw new TypeError('a plugin has two functions of one name');
    }
  }
}

/** What a script that threw while it was loaded hands over. */
function failed(thrown: unknown): void {
  failure ??= describe(thrown);
}

/** After the bundle ran: '' if it defined its plugin, else what went wrong, as JSON text. Its two globals are gone. */
function loaded(): string {
  const text = thrownText();
  if (text !== '' || defined) return text;
  return stringify({ __proto__: null, message: 'the bundle did not define a plugin' } as Bare);
}

/** What the script threw, as JSON text; '' if it did not. */
function thrownText(): string {
  deleteProperty(root, '__signet_define');
  deleteProperty(root, '__signet_failed');
  return failure ?? '';
}

harden();
virtualize();
installGlobals();
const globals: Record<string, unknown> = {
  __signet_define: define,
  __signet_failed: failed,
  // Taken and deleted by the worker before any guest code runs.
  __signet_port: { __proto__: null, push, step, drain: drained, loaded, thrownText },
};
for (const key of Object.keys(globals)) {
  defineProperty(root, key, {
    value: globals[key],
    writable: false,
    enumerable: false,
    configurable: true,
  });
}

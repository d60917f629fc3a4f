// The guest prelude (DESIGN.md §4 "Guest"): one script, run first in every isolate. It hardens the isolate, makes clock and
// chance virtual, and leaves a string pump: `push(text)` takes one batch, microtasks run, `drain()` gives the records.
// Pushed text: `[now, seedOr0, …messages]` with messages `[1, callId, "kind/name", input, dryRun]`,
// `[5, effectId, value]`, `[6, effectId, {code, message}]`, `[7, callId]` (the call has ended: freeze it).
import { endCall, provide, refuseEffect, settleEffect, startCall } from './calls.ts';
import { describe } from './describe.ts';
import { harden } from './harden.ts';
import { type Bare, defineProperty, deleteProperty, isArray, parse, root, stringify } from './intrinsics.ts';
import { drain } from './output.ts';
import { setNow, setSeed, virtualize } from './time.ts';

/** Functions of one bundle. */
const MAX_FUNCTIONS = 1_000;

type Message =
  | [1, string, string, unknown, boolean]
  | [5, string, unknown]
  | [6, string, { code: string; message: string }]
  | [7, string];

function push(text: string): void {
  const batch = parse(text) as [number, number, ...Message[]];
  setNow(batch[0]);
  if (batch[1] !== 0) setSeed(batch[1]);
  for (let i = 2; i < batch.length; i++) {
    const message = batch[i] as Message;
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
const globals: Record<string, unknown> = {
  __signet_define: define,
  __signet_failed: failed,
  // Taken and deleted by the worker before any guest code runs.
  __signet_port: { __proto__: null, push, drain, loaded, thrownText },
};
for (const key of Object.keys(globals)) {
  defineProperty(root, key, {
    value: globals[key],
    writable: false,
    enumerable: false,
    configurable: true,
  });
}

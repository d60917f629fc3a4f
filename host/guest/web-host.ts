// What the web's globals get of the prelude: its calls, its timers, its clock (DESIGN.md §4 "Guest").
import { currentCall, requestEffect, requesterOf, uncaught } from './calls.ts';
import type { Bare } from './intrinsics.ts';
import { timeOrigin, virtualTime } from './time.ts';
import { setTimer } from './timers.ts';
import type { WebHost } from './web/host.ts';

/** Lines of one call: more is dropped, so that chatter does not use up the effects of the call. */
const MAX_LINES = 200;
/** A bundle whose manifest does not ask for `log` is not told so: after the first refusal its lines are dropped. */
let isRefused = false;

export const webHost: WebHost = {
  request(capability, args) {
    const call = currentCall();
    return call === undefined ? undefined : requesterOf(call)(capability, args);
  },
  log(level, message) {
    const call = currentCall();
    if (call === undefined || isRefused || call.lines > MAX_LINES) return;
    call.lines++;
    const text = call.lines > MAX_LINES ? `more than ${MAX_LINES} lines: the rest is dropped` : message;
    const args = { __proto__: null, level, message: text } as Bare;
    const refused = (): void => {
      isRefused = true;
    };
    requestEffect(call, 'log', args, () => undefined, refused);
  },
  whoeverActs() {
    const call = currentCall();
    return (thrown) => uncaught(call, thrown);
  },
  setTimeout(callback, ms) {
    setTimer(false, callback, ms, []);
  },
  now: virtualTime,
  timeOrigin,
};

// What the web's globals get of the prelude: its calls, its lines, its timers, its clock (DESIGN.md §4 "Guest").
import { currentCall, requesterOf, uncaught } from './calls.ts';
import { writeLine } from './lines.ts';
import { timeOrigin, virtualTime } from './time.ts';
import { setTimer } from './timers.ts';
import type { WebHost } from './web/host.ts';

export const webHost: WebHost = {
  request(capability, args) {
    const call = currentCall();
    return call === undefined ? undefined : requesterOf(call)(capability, args);
  },
  log: writeLine,
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

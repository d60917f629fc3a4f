// `queueMicrotask` and `performance`, over the virtual clock: time stands still while a message is handled.
import { host } from './host.ts';

const done = Promise.resolve();

/** Runs it when what runs now has ended; the call fails of what it throws. */
export function queueMicrotask(callback: unknown): void {
  if (typeof callback !== 'function') throw new TypeError('queueMicrotask takes a function');
  const report = host().whoeverActs();
  done.then(() => callback() as unknown).catch(report);
}

/** Milliseconds, whole ones, since the isolate was born. */
export const performance = {
  now: (): number => host().now() - host().timeOrigin(),
  get timeOrigin(): number {
    return host().timeOrigin();
  },
  toJSON: () => ({ timeOrigin: host().timeOrigin() }),
};

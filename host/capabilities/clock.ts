// `clock`: the host's time, and waiting for it. Harmless, so it needs no grant; an effect, so that a replay can hand back the
// same answer.
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { type Capability, defineCapability } from './capability.ts';

export const clock: Capability = defineCapability({
  id: 'clock',
  maxArgs: 1_024,
  args: z.strictObject({}),
  plan: (_, { now }) => ({
    action: 'read the time',
    class: 'observe',
    grant: null,
    perform: () => ({ now }),
  }),
});

/** Ends when the time is up, or with the call. It holds nothing but a timer (host/effect-queue.ts). */
export const clockWait: Capability = defineCapability({
  id: 'clock',
  maxArgs: 1_024,
  args: z.strictObject({ ms: z.number().min(0).max(0x7fff_ffff) }),
  plan: ({ ms }, { call }) => ({
    action: `wait ${ms} ms`,
    class: 'observe',
    grant: null,
    perform: () =>
      setTimeout(ms, null, { signal: call.signal }).catch((thrown: Error) => {
        if (!call.signal.aborted) throw thrown;
        return null;
      }),
  }),
});

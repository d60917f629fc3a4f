// `clock`: the host's time. Harmless, so it needs no grant; an effect, so that a replay can hand back the same answer.
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

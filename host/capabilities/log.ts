// `log`: one line to the host's log. Text from a bundle is data: cut, and with everything escaped that steers a terminal.
import * as z from 'zod';
import { plain } from '../plain-text.ts';
import { type Capability, defineCapability } from './capability.ts';

/** Characters of one line that reach the log. */
const MAX_SHOWN = 4096;
/** Bytes of JSON text. */
const MAX_ARGS = 64 * 1024;

export const log: Capability = defineCapability({
  id: 'log',
  maxArgs: MAX_ARGS,
  args: z.strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    // Of JSON already, and no longer than the arguments may be: it is not walked again.
    data: z.unknown().optional(),
  }),
  plan: ({ level, message, data }, { call, now, services }) => ({
    action: `write a line to the log`,
    class: 'observe',
    grant: null,
    perform: () => {
      const text = data === undefined ? message : `${message} ${JSON.stringify(data)}`;
      const { callId, bundle, fn } = call;
      services.log({ at: now, callId, bundle: bundle.name, fn, level, text: plain(text, MAX_SHOWN) });
      return null;
    },
  }),
});

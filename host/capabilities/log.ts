// `log`, `log.lines`: lines to the host's log. Text from a bundle is data: cut, and with everything escaped that steers a terminal.
import * as z from 'zod';
import { plain } from '../plain-text.ts';
import { type Capability, defineCapability, type EffectContext, type PlannedEffect } from './capability.ts';

/** Characters of one line that reach the log. */
const MAX_SHOWN = 4096;
/** Bytes of JSON text. */
const MAX_ARGS = 64 * 1024;

const Level = z.enum(['debug', 'info', 'warn', 'error']);

export const log: Capability = defineCapability({
  id: 'log',
  maxArgs: MAX_ARGS,
  args: z.strictObject({
    level: Level,
    message: z.string(),
    // Of JSON already, and no longer than the arguments may be: it is not walked again.
    data: z.unknown().optional(),
  }),
  plan: ({ level, message, data }, context) =>
    writing(context, [
      { level, message: data === undefined ? message : `${message} ${JSON.stringify(data)}` },
    ]),
});

/** Lines of `console`. */
export const logLines: Capability = defineCapability({
  id: 'log',
  maxArgs: MAX_ARGS,
  args: z.strictObject({ lines: z.array(z.strictObject({ level: Level, message: z.string() })) }),
  plan: ({ lines }, context) => writing(context, lines),
});

function writing(
  { call, now, services }: EffectContext,
  lines: readonly { level: z.output<typeof Level>; message: string }[],
): PlannedEffect {
  const { callId, bundle, fn } = call;
  return {
    action: 'write to the log',
    class: 'observe',
    grant: null,
    perform: () => {
      for (const { level, message } of lines) {
        services.log({ at: now, callId, bundle: bundle.name, fn, level, text: plain(message, MAX_SHOWN) });
      }
      return null;
    },
  };
}

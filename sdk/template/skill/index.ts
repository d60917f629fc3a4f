// The functions that this bundle provides. Each runs in an isolate of its own, and reaches the world only through `ctx`.
import { definePlugin, provide } from 'signet-host/plugin';
import { z } from 'zod';

export default definePlugin([
  provide({
    kind: 'skill',
    name: 'template_function',
    description: 'Greets by name.',
    annotations: { readOnly: true, idempotent: true },
    input: z.object({ name: z.string().min(1).max(100) }),
    output: z.object({ greeting: z.string() }),
    async run({ name }, ctx) {
      await ctx.log.info('greeting', { name });
      return { greeting: `Hello ${name}` };
    },
  }),
]);

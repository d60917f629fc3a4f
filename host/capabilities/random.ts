// `random`: bytes from the operating system's generator.
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { encodeBase64 } from '../../src/base64.ts';
import { type Capability, defineCapability } from './capability.ts';

export const random: Capability = defineCapability({
  id: 'random',
  maxArgs: 1_024,
  args: z.strictObject({ bytes: z.number().int().min(0).max(4096) }),
  plan: ({ bytes }) => ({
    action: `draw ${bytes} random bytes`,
    class: 'observe',
    grant: null,
    perform: () => ({ base64: encodeBase64(randomBytes(bytes)) }),
  }),
});

// `secret.verify`: whether a message carries a valid MAC of a granted secret, yes or no (DESIGN.md §4 "`secret`"; THREATS.md H11). What
// it tells is nothing that helps to make a MAC, and how long it takes depends on the lengths only. No effect yields a secret.
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { SecretName } from '../../src/contracts/common.ts';
import { MAC_ALGORITHMS } from '../../src/contracts/config.ts';
import { macGrantOf, openSecret } from '../granted-secrets.ts';
import { grantId } from '../grants.ts';
import { Bytes, bytesOf } from './bytes.ts';
import { type Capability, defineCapability } from './capability.ts';

/** UTF-16 units of a message's text or base64. */
const MAX_MESSAGE = 4 * 1024 * 1024;
/** Bytes of JSON text: such a message with its line ends escaped. */
const MAX_ARGS = 8 * 1024 * 1024;

const HASHES = { 'hmac-sha256': 'sha256', 'hmac-sha512': 'sha512', 'hmac-sha1': 'sha1' } as const;

export const secretVerify: Capability = defineCapability({
  id: 'secret',
  maxArgs: MAX_ARGS,
  args: z.strictObject({
    name: SecretName,
    algorithm: z.enum(MAC_ALGORITHMS),
    message: Bytes(MAX_MESSAGE),
    /** The MAC as it came, without what a service writes before it. */
    mac: z.string().max(1024),
    encoding: z.enum(['hex', 'base64']).default('hex'),
  }),
  target: ({ name }) => name,
  plan({ name, algorithm, message, mac, encoding }, context) {
    const { grant, action } = macGrantOf(name, algorithm, context);
    const bytes = bytesOf(message);
    return {
      action,
      class: grant.class,
      grant: grantId(grant),
      perform: async () => {
        const { value } = await openSecret(name, context);
        const expected = createHmac(HASHES[algorithm], value).update(bytes).digest();
        return { valid: isEqual(expected, Buffer.from(mac, encoding), mac, encoding) };
      },
    };
  },
});

/** Only the one spelling of the very bytes: `Buffer.from` passes over what is neither hexadecimal nor base64. */
function isEqual(expected: Buffer, given: Buffer, text: string, encoding: 'hex' | 'base64'): boolean {
  const spelling = given.toString(encoding);
  const isSpelled = spelling === (encoding === 'hex' ? text.toLowerCase() : text);
  return isSpelled && given.length === expected.length && timingSafeEqual(given, expected);
}

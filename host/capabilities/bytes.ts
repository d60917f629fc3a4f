// Bytes in the arguments of effects: as text, or as base64 for what is none.
import * as z from 'zod';
import { decodeBase64 } from '../../src/base64.ts';

/** `maxUnits`: UTF-16 units of either form. */
export const Bytes = (maxUnits: number) =>
  z.union([
    z.strictObject({ text: z.string().max(maxUnits) }),
    z.strictObject({ base64: z.string().max(maxUnits) }),
  ]);

/** What was given, text as UTF-8. Base64 that is not canonical: E_BASE64. */
export const bytesOf = (given: { text: string } | { base64: string }): Uint8Array =>
  'text' in given ? Buffer.from(given.text) : decodeBase64(given.base64);

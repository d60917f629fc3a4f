// `ctx`, what a function gets beside its input: the host's capabilities as functions that all return promises, and nothing
// else (DESIGN.md §4 "Capabilities"). Frozen, one a call.

import type { Request } from './effects.ts';
import { type Bare, CapturedBytes, charCodeAt, freeze, primitiveText, whenSettled } from './intrinsics.ts';

const MAX_LOG_MESSAGE = 10_000;

/** The context of one call over its way of requesting effects. */
export function createContext(request: Request, dryRun: boolean): object {
  const ask = (capability: string, fields: Bare, answer: string): Promise<unknown> =>
    whenSettled(request(capability, fields), (value) => (value as Record<string, unknown>)[answer]);
  const log = (level: string) => (message: unknown, data?: unknown) =>
    whenSettled(
      request('log', {
        __proto__: null,
        level,
        message: primitiveText(message, MAX_LOG_MESSAGE) ?? 'an object',
        data,
      } as Bare),
      () => undefined,
    );
  return freeze({
    dryRun,
    log: freeze({ debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }),
    clock: freeze({ now: () => ask('clock', { __proto__: null }, 'now') }),
    random: freeze({
      bytes: (bytes: unknown) =>
        whenSettled(ask('random', { __proto__: null, bytes }, 'base64'), (text) =>
          decodeBase64(text as string),
        ),
    }),
    fs: freeze({ readText: (path: unknown) => ask('fs.read', { __proto__: null, path }, 'text') }),
    exec: (exec: unknown) => request('exec', exec),
    kv: freeze({
      get: (key: unknown) => ask('kv.get', { __proto__: null, key }, 'value'),
      set: (key: unknown, value: unknown) => request('kv.set', { __proto__: null, key, value } as Bare),
      delete: (key: unknown) => request('kv.delete', { __proto__: null, key } as Bare),
      list: (prefix?: unknown) => ask('kv.list', { __proto__: null, prefix }, 'keys'),
    }),
  });
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new CapturedBytes(128);
for (let digit = 0; digit < 64; digit++) VALUES[DIGITS.charCodeAt(digit)] = digit;

/** The bytes of canonical base64, which the broker wrote. */
function decodeBase64(text: string): Uint8Array {
  let length = (text.length / 4) * 3;
  if (text[text.length - 1] === '=') length--;
  if (text[text.length - 2] === '=') length--;
  const bytes = new CapturedBytes(length);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const word =
      (sextet(text, i) << 18) |
      (sextet(text, i + 1) << 12) |
      (sextet(text, i + 2) << 6) |
      sextet(text, i + 3);
    bytes[at++] = word >> 16;
    bytes[at++] = word >> 8;
    bytes[at++] = word;
  }
  return bytes;
}

/** The six bits of one digit; padding is 0, and what it would write lies past the end. */
function sextet(text: string, index: number): number {
  return VALUES[charCodeAt(text, index)] ?? 0;
}

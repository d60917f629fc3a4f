// `ctx`, what a function gets beside its input: the host's capabilities as functions that all return promises, and nothing
// else (DESIGN.md §4 "Capabilities"). Frozen, one a call.

import { decodeBase64, encodeBase64 } from './base64.ts';
import type { Request } from './effects.ts';
import { type Bare, freeze, primitiveText, whenSettled } from './intrinsics.ts';

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
    fs: freeze({
      readText: (path: unknown) => ask('fs.read', { __proto__: null, path }, 'text'),
      readBytes: (path: unknown) =>
        whenSettled(ask('fs.read', { __proto__: null, path, encoding: 'base64' }, 'base64'), (text) =>
          decodeBase64(text as string),
        ),
      list: (path: unknown) => ask('fs.list', { __proto__: null, path }, 'entries'),
      writeText: (path: unknown, text: unknown, mode?: unknown) =>
        request('fs.write', { __proto__: null, path, text, mode } as Bare),
      writeBytes: (path: unknown, bytes: unknown, mode?: unknown) =>
        request('fs.write', {
          __proto__: null,
          path,
          base64: encodeBase64(bytes as Uint8Array),
          mode,
        } as Bare),
    }),
    http: (http: unknown) => request('http', http),
    exec: (exec: unknown) => request('exec', exec),
    secret: freeze({ verify: (mac: unknown) => request('secret.verify', mac) }),
    invoke: (name: unknown, input: unknown) =>
      ask('invoke', { __proto__: null, function: name, input }, 'output'),
    model: (model: unknown) => request('model', model),
    kv: freeze({
      get: (key: unknown) => ask('kv.get', { __proto__: null, key }, 'value'),
      set: (key: unknown, value: unknown) => request('kv.set', { __proto__: null, key, value } as Bare),
      delete: (key: unknown) => request('kv.delete', { __proto__: null, key } as Bare),
      list: (prefix?: unknown) => ask('kv.list', { __proto__: null, prefix }, 'keys'),
    }),
  });
}

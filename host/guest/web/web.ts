// The web's small globals, made together over what the prelude gives them (DESIGN.md §4 "Guest").
import { AbortController, AbortSignal } from './abort.ts';
import { structuredClone } from './clone.ts';
import { console } from './console.ts';
import { atob, btoa, TextDecoder, TextEncoder } from './encoding.ts';
import { DOMException, Event, EventTarget } from './events.ts';
import { fetch } from './fetch.ts';
import { Headers } from './headers.ts';
import { useHost, type WebHost } from './host.ts';
import { Request, Response } from './message.ts';
import { performance, queueMicrotask } from './tasks.ts';

/** By name. Called once. */
export function createWeb(host: WebHost): Readonly<Record<string, unknown>> {
  useHost(host);
  return {
    ...{ AbortController, AbortSignal, DOMException, Event, EventTarget },
    ...{ Headers, Request, Response, TextDecoder, TextEncoder },
    ...{ atob, btoa, console, fetch, performance, queueMicrotask, structuredClone },
  };
}

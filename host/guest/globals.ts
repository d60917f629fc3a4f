// The web's globals in the guest (DESIGN.md §4 "Guest"): what libraries that need no Node expect. They are made when first
// read, so that a bundle pays for what it uses; from then on each is an ordinary property. They are ordinary code: a bundle
// that changes built-ins changes them for itself, since what guards the boundary lies in the other parts of the prelude.
import { apply, defineProperty, root } from './intrinsics.ts';
import { getKey } from './time.ts';
import { clearTimer, setTimer } from './timers.ts';
import { webHost } from './web-host.ts';

// Of host/bundled.ts: each evaluates a script of its own and gives what that exports.
declare const __signet_web: () => typeof import('./web/web.ts');
declare const __signet_url: () => typeof import('./web/url.ts');
declare const __signet_crypto: () => typeof import('./web/crypto.ts');

const SMALL =
  'AbortController AbortSignal DOMException Event EventTarget Headers Request Response TextDecoder TextEncoder atob btoa ' +
  'console fetch performance queueMicrotask structuredClone';

/** Which globals come together, and how they are made. */
const GROUPS: readonly { readonly names: readonly string[]; readonly make: () => object }[] = [
  { names: SMALL.split(' '), make: () => __signet_web().createWeb(webHost) },
  { names: ['URL', 'URLSearchParams'], make: () => __signet_url() },
  { names: ['crypto'], make: () => ({ crypto: __signet_crypto().createCrypto(getKey()) }) },
];

/** What is there from the beginning. By `self` libraries find the global object that otherwise make code from a string. */
const PLAIN: Record<string, unknown> = {
  self: root,
  clearInterval: (id: unknown) => clearTimer(id),
  clearTimeout: (id: unknown) => clearTimer(id),
  setInterval: (callback: unknown, delay?: unknown, ...args: unknown[]) =>
    setTimer(true, callback, delay, args),
  setTimeout: (callback: unknown, delay?: unknown, ...args: unknown[]) =>
    setTimer(false, callback, delay, args),
};

export function installGlobals(): void {
  for (const name of Object.keys(PLAIN)) become(name, PLAIN[name]);
  for (const { names, make } of GROUPS) {
    let made: object | undefined;
    for (const name of names) {
      const get = (): unknown => {
        made ??= apply(make, undefined, []) as object;
        const value = (made as Record<string, unknown>)[name];
        become(name, value);
        return value;
      };
      const set = (value: unknown): void => become(name, value);
      defineProperty(root, name, { get, set, enumerable: false, configurable: true });
    }
  }
}

function become(name: string, value: unknown): void {
  // Without a prototype: a descriptor that inherits says what the guest made it say.
  const descriptor = { __proto__: null, value, writable: true, enumerable: false, configurable: true };
  defineProperty(root, name, descriptor as unknown as PropertyDescriptor);
}

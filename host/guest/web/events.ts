// `Event`, `EventTarget`, `DOMException` (WHATWG DOM and Web IDL), as far as the other globals need them: no tree, no bubbling.
import { queueMicrotask } from './tasks.ts';

/** Names of errors that still have a number. */
const CODES: Readonly<Record<string, number>> = {
  IndexSizeError: 1,
  InvalidCharacterError: 5,
  NotFoundError: 8,
  NotSupportedError: 9,
  InvalidStateError: 11,
  SyntaxError: 12,
  NetworkError: 19,
  AbortError: 20,
  QuotaExceededError: 22,
  TimeoutError: 23,
  DataCloneError: 25,
};

export class DOMException extends Error {
  readonly #name: string;

  constructor(message: unknown = '', options: string | { name?: string; cause?: unknown } = 'Error') {
    const { name = 'Error', ...rest } = typeof options === 'object' && options !== null ? options : {};
    super(String(message), 'cause' in rest ? { cause: rest.cause } : undefined);
    this.#name = typeof options === 'object' ? String(name) : String(options);
  }

  override get name(): string {
    return this.#name;
  }

  get code(): number {
    return Object.hasOwn(CODES, this.#name) ? (CODES[this.#name] as number) : 0;
  }
}

interface EventOptions {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
}

/** Names its target while it is dispatched. */
let setTarget: (event: Event, target: EventTarget | null, isRunning: boolean) => void;
let isStopped: (event: Event) => boolean;

export class Event {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly isTrusted = false;
  readonly timeStamp = 0;
  #target: EventTarget | null = null;
  #isRunning = false;
  #isStopped = false;
  #isPrevented = false;

  static {
    setTarget = (event, target, isRunning) => {
      event.#target = target;
      event.#isRunning = isRunning;
      event.#isStopped = false;
    };
    isStopped = (event) => event.#isStopped;
  }

  constructor(type: unknown, options: EventOptions = {}) {
    this.type = String(type);
    this.bubbles = options.bubbles === true;
    this.cancelable = options.cancelable === true;
  }

  get target(): EventTarget | null {
    return this.#target;
  }

  get currentTarget(): EventTarget | null {
    return this.#isRunning ? this.#target : null;
  }

  get defaultPrevented(): boolean {
    return this.#isPrevented;
  }

  preventDefault(): void {
    if (this.cancelable) this.#isPrevented = true;
  }

  stopPropagation(): void {
    // There is nothing to propagate to.
  }

  stopImmediatePropagation(): void {
    this.#isStopped = true;
  }
}

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface ListenerOptions {
  readonly once?: boolean;
  readonly signal?: EventTarget & { readonly aborted: boolean };
}

interface Registered {
  readonly type: string;
  readonly listener: Listener;
  readonly once: boolean;
  removed: boolean;
}

export class EventTarget {
  #listeners: Registered[] = [];

  addEventListener(type: unknown, listener: Listener | null, options?: ListenerOptions | boolean): void {
    if (listener === null || listener === undefined) return;
    const { once = false, signal } = typeof options === 'object' && options !== null ? options : {};
    if (signal?.aborted === true) return;
    const name = String(type);
    if (this.#listeners.some((one) => one.type === name && one.listener === listener)) return;
    this.#listeners.push({ type: name, listener, once, removed: false });
    signal?.addEventListener('abort', () => this.removeEventListener(name, listener), { once: true });
  }

  removeEventListener(type: unknown, listener: Listener | null): void {
    const name = String(type);
    this.#listeners = this.#listeners.filter((one) => {
      if (one.type !== name || one.listener !== listener) return true;
      one.removed = true;
      return false;
    });
  }

  /** Calls the listeners of its type in their order. The first that throws does not keep the others from being called. */
  dispatchEvent(event: Event): boolean {
    setTarget(event, this, true);
    const failures: unknown[] = [];
    for (const one of [...this.#listeners]) {
      if (one.type !== event.type || one.removed || isStopped(event)) continue;
      if (one.once) this.removeEventListener(one.type, one.listener);
      try {
        if (typeof one.listener === 'function') one.listener.call(this, event);
        else one.listener.handleEvent(event);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    setTarget(event, this, false);
    for (const thrown of failures) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
    return !event.defaultPrevented;
  }
}

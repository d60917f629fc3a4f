// `AbortController` and `AbortSignal` (WHATWG DOM); `AbortSignal.timeout` runs on the virtual clock.
import { DOMException, Event, EventTarget } from './events.ts';
import { host } from './host.ts';

const OWN = Symbol('made here');
let abort: (signal: AbortSignal, reason: unknown) => void;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  /** Those that `any` made of this one. */
  readonly #dependents: AbortSignal[] = [];
  onabort: ((event: Event) => unknown) | null = null;

  static {
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason =
        reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
      const event = new Event('abort');
      signal.dispatchEvent(event);
      for (const dependent of signal.#dependents) abort(dependent, signal.#reason);
    };
  }

  constructor(own?: unknown) {
    if (own !== OWN) throw new TypeError('Illegal constructor');
    super();
    this.addEventListener('abort', (event) => this.onabort?.call(this, event));
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(OWN);
    abort(signal, reason);
    return signal;
  }

  static timeout(ms: number): AbortSignal {
    const signal = new AbortSignal(OWN);
    const expire = () => abort(signal, new DOMException('The operation timed out', 'TimeoutError'));
    host().setTimeout(expire, ms);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const dependent = new AbortSignal(OWN);
    const sources = [...signals];
    const first = sources.find(({ aborted }) => aborted);
    if (first !== undefined) abort(dependent, first.reason);
    else for (const source of sources) source.#dependents.push(dependent);
    return dependent;
  }
}

export class AbortController {
  readonly signal = new AbortSignal(OWN);

  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}

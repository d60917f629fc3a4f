// A loaded bundle for one tenant (DESIGN.md §4 "Isolate key"): calls go to its current generation; when that is lost, the next
// call begins another.
import { SignetError } from '../src/error.ts';
import { Call, type CallOptions } from './call.ts';
import type { Generation } from './generation.ts';

/** Begins a generation; `onEnd` hands back the calls that it never saw. */
export type Begin = (onEnd: (unseen: readonly Call[]) => void) => Generation;

export class Guest {
  readonly digest: string;
  readonly tenant: string;
  readonly #begin: Begin;
  readonly #onClose: () => void;
  #generation: Generation | undefined;
  #closed = false;

  constructor(digest: string, tenant: string, begin: Begin, onClose: () => void) {
    this.digest = digest;
    this.tenant = tenant;
    this.#begin = begin;
    this.#onClose = onClose;
  }

  /** False once it is closed; a lost isolate is replaced by itself. */
  get alive(): boolean {
    return !this.#closed;
  }

  /** Settled when the bundle is loaded in an isolate. E_GUEST where it cannot be, E_TIMEOUT, E_MEMORY, E_WORKER_LOST. */
  load(): Promise<void> {
    return this.#current().loaded;
  }

  /**
   * Calls `kind/name` with JSON text that the host made, and gives the result's JSON text, which is the guest's: unparsed.
   * E_TIMEOUT, E_MEMORY, E_WORKER_LOST, E_GUEST, E_OUTPUT, E_EFFECT_LIMIT, E_ABORTED, E_FUNCTION_UNKNOWN; arguments: E_USAGE, E_LIMIT.
   */
  call(name: string, inputJson: string, options: CallOptions): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = new Call(name, inputJson, options, { resolve, reject });
      const generation = this.#current();
      if (generation.has(call.id)) {
        throw new SignetError('E_USAGE', 'a call with this id is in flight', { item: call.id });
      }
      generation.start(call);
    });
  }

  /** Ends its isolate. Calls in flight fail with E_ABORTED. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#generation?.close();
    this.#onClose();
  }

  /** Ends its isolate unless a call is in flight there. */
  closeIfIdle(): void {
    if (this.#generation?.isIdle !== false) this.close();
  }

  #current(): Generation {
    if (this.#closed) throw new SignetError('E_ABORTED', 'the guest is closed', { item: this.digest });
    if (this.#generation === undefined) {
      const begun = this.#begin((unseen) => {
        if (this.#generation === begun) this.#generation = undefined;
        for (const call of unseen) this.#move(call);
      });
      this.#generation = begun;
    }
    return this.#generation;
  }

  /** A call that the lost isolate never saw loses nothing by running in the next. */
  #move(call: Call): void {
    try {
      this.#current().start(call);
    } catch (thrown) {
      call.fail(thrown as SignetError);
    }
  }
}

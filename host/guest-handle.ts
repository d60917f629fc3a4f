// A loaded bundle for one tenant (DESIGN.md §4 "Isolate key"): calls go to its current generation; when that is lost, has
// hibernated or had its share of calls, the next call begins another.
import { SignetError } from '../src/error.ts';
import { Call, type CallOptions } from './call.ts';
import type { Generation, GenerationEvents } from './generation.ts';

export interface GuestOptions {
  readonly digest: string;
  readonly tenant: string;
  /** Calls of one generation. */
  readonly maxCalls: number;
  readonly begin: (events: GenerationEvents) => Generation;
  /** Nothing is in flight: it may hibernate. */
  readonly onIdle: () => void;
  /** It is called. */
  readonly onBusy: () => void;
  readonly onClose: () => void;
}

export class Guest {
  readonly #options: GuestOptions;
  #generation: Generation | undefined;
  /** Calls that the generation was given. */
  #calls = 0;
  /** Generations that had their calls, and end with the last of them. */
  readonly #retired = new Set<Generation>();
  #closed = false;

  constructor(options: GuestOptions) {
    this.#options = options;
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
      if ([generation, ...this.#retired].some((each) => each.has(call.id))) {
        throw new SignetError('E_USAGE', 'a call with this id is in flight', { item: call.id });
      }
      this.#calls++;
      this.#options.onBusy();
      generation.start(call);
    });
  }

  /** Ends an isolate that has nothing to do, and with it its state; the next call begins another. */
  hibernate(): void {
    if (this.#generation?.isIdle === true) this.#generation.close();
  }

  /** Ends its isolate. Calls in flight fail with E_ABORTED. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#generation?.close();
    for (const retired of this.#retired) retired.close();
    this.#options.onBusy();
    this.#options.onClose();
  }

  /** Ends its isolate unless a call is in flight there. */
  closeIfIdle(): void {
    if (![this.#generation, ...this.#retired].some((each) => each?.isAwaited)) this.close();
  }

  #current(): Generation {
    const { digest, maxCalls } = this.#options;
    if (this.#closed) throw new SignetError('E_ABORTED', 'the guest is closed', { item: digest });
    if (this.#generation !== undefined && this.#calls >= maxCalls) this.#retire(this.#generation);
    this.#generation ??= this.#begin();
    return this.#generation;
  }

  #begin(): Generation {
    this.#calls = 0;
    const begun = this.#options.begin({
      onIdle: () => {
        if (this.#retired.has(begun)) begun.close();
        else this.#options.onIdle();
      },
      onEnd: (unseen) => {
        this.#retired.delete(begun);
        if (this.#generation === begun) this.#generation = undefined;
        for (const call of unseen) this.#move(call);
      },
    });
    return begun;
  }

  #retire(generation: Generation): void {
    this.#generation = undefined;
    if (generation.isIdle) generation.close();
    else this.#retired.add(generation);
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

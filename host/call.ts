// One call of a guest function, as the supervisor sees it: its limits, its effects, its one outcome.
import { SignetError } from '../src/error.ts';
import type { EffectQueue } from './effect-queue.ts';
import { plain } from './plain-text.ts';
import { CALL_ID } from './records.ts';

/** An effect that a call asks for. `id` is `callId.seq`, assigned in the isolate; `args` is JSON text of the guest's making. */
export interface Effect {
  readonly id: string;
  readonly capability: string;
  readonly args: string;
}

/** What became of an effect; `value` is JSON text that the host made. */
export type EffectAnswer =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface CallOptions {
  /** Unique among the calls of the guest; letters, digits, `_`, `-`, at most 64. */
  readonly callId: string;
  /** Wall time from now, waiting for effects included. */
  readonly wallMs: number;
  /** Milliseconds of processor time inside the isolate. */
  readonly cpuMs: number;
  /** UTF-8 bytes of the result's JSON text. */
  readonly outputBytes: number;
  /** Effects that the call may ask for. */
  readonly effects: number;
  readonly dryRun: boolean;
  /** Performs an effect. Its answer is dropped once the call has ended. */
  readonly perform: (effect: Effect) => Promise<EffectAnswer>;
  readonly signal?: AbortSignal;
  /** It shares no batch with another call: whatever happens in one, it was this call. */
  readonly alone?: boolean;
  /** Told of processor time that the call used, or of its share of what several used together. */
  readonly onCpu?: (ms: number) => void;
}

/** UTF-16 units of one message to a guest: an input, an effect's value. */
export const MAX_MESSAGE = 16 * 1024 * 1024;

/** A call in flight. Settles once; afterwards everything that concerns it is dropped. */
export class Call {
  readonly id: string;
  readonly options: CallOptions;
  /** `performance.now()` at which its wall time is up. */
  readonly deadline: number;
  /** Its start was pushed into an isolate. */
  started = false;
  /** Effects asked for so far; their numbers leave no gap. */
  effects = 0;
  /** Milliseconds of processor time that it may still use, as far as it was alone in its batches. */
  cpuMsLeft: number;
  /** The message that starts it. */
  readonly message: string;
  /** Effects that wait; made with the first. */
  queue: EffectQueue | undefined;
  /** Called when it settles before the guest answered. */
  onAbort: (() => void) | undefined;
  readonly #resolve: (result: string) => void;
  readonly #reject: (error: SignetError) => void;
  #settled = false;
  readonly #abort = (): void => this.onAbort?.();

  /** Malformed arguments: E_USAGE; an input that is too long: E_LIMIT. `inputJson` is JSON text of the host's own making. */
  constructor(
    name: string,
    inputJson: string,
    options: CallOptions,
    settle: { resolve(result: string): void; reject(error: SignetError): void },
  ) {
    if (!CALL_ID.test(options.callId) || !(options.wallMs > 0)) {
      throw new SignetError('E_USAGE', 'a call has an id of letters, digits, _ and -, and a time limit', {
        item: plain(options.callId),
      });
    }
    if (inputJson.length > MAX_MESSAGE) {
      throw new SignetError('E_LIMIT', 'the input of a call is too long', {
        item: name,
        expected: `at most ${MAX_MESSAGE} characters`,
        actual: String(inputJson.length),
      });
    }
    this.id = options.callId;
    this.options = options;
    this.deadline = performance.now() + options.wallMs;
    this.cpuMsLeft = options.cpuMs;
    this.message = `[1,"${this.id}",${JSON.stringify(name)},${inputJson},${options.dryRun === true}]`;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  get settled(): boolean {
    return this.#settled;
  }

  succeed(body: string): void {
    const { outputBytes } = this.options;
    // Measured only where it matters: a UTF-16 unit is at most three bytes.
    if (body.length * 3 > outputBytes && Buffer.byteLength(body, 'utf8') > outputBytes) {
      this.fail(
        new SignetError('E_OUTPUT', `the output is longer than ${outputBytes} bytes`, {
          item: 'outputBytes',
        }),
      );
      return;
    }
    if (this.#settle()) this.#resolve(body);
  }

  fail(error: SignetError): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.options.signal?.removeEventListener('abort', this.#abort);
    return true;
  }
}

/** The message that settles an effect in the isolate. */
export function answerTo({ id }: Effect, answer: EffectAnswer): string {
  const refusal = (code: string, message: string) => `[6,"${id}",${JSON.stringify({ code, message })}]`;
  if (!answer.ok) return refusal(answer.code, answer.message);
  if (answer.value.length > MAX_MESSAGE) return refusal('E_LIMIT', 'the answer of the effect is too long');
  return `[5,"${id}",${answer.value}]`;
}

// One attempt of a call, as the broker and the capabilities see it (DESIGN.md §4): a call that is run again gets another, so that
// nothing which the first one began goes on in the name of the second.
import type { Budget } from '../src/budget.ts';
import type { CapabilityRequest, Kind } from '../src/contracts/manifest.ts';
import type { PlanContext, Principal } from '../src/contracts/plan.ts';
import type { BundleRef } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import type { CallContext } from './capabilities/capability.ts';
import type { Invocation } from './invocation.ts';

/** Why effects of a call that is over are dropped; made once, since a reason costs more than the abort. */
const ENDED = new SignetError('E_ABORTED', 'the call has ended');

export class CallAttempt implements CallContext {
  readonly #call: Invocation;
  /** Made when someone first asks for its signal: most calls have no effect. */
  #controller: AbortController | undefined;
  #ended = false;

  constructor(call: Invocation) {
    this.#call = call;
  }

  get callId(): string {
    return this.#call.callId;
  }

  get bundle(): BundleRef {
    return this.#call.bundle.ref;
  }

  get kind(): Kind {
    return this.#call.kind;
  }

  get fn(): string {
    return this.#call.fn;
  }

  get tenant(): string {
    return this.#call.options.tenant;
  }

  get principal(): Principal {
    return this.#call.options.principal;
  }

  get dryRun(): boolean {
    return this.#call.options.dryRun;
  }

  get plan(): PlanContext | undefined {
    return this.#call.options.plan;
  }

  get inputHash(): string {
    return this.#call.record.inputHash;
  }

  get requests(): readonly CapabilityRequest[] {
    return this.#call.bundle.requests;
  }

  get depth(): number {
    const { caller } = this.#call.options;
    return caller === undefined ? 0 : caller.depth + 1;
  }

  get deadlineMs(): number {
    return this.#call.deadlineMs;
  }

  get budget(): Budget {
    return this.#call.budget;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended) this.#controller.abort(ENDED);
    }
    return this.#controller.signal;
  }

  /** The attempt is over: its effects are aborted, and it may ask for no more. */
  end(): void {
    this.#ended = true;
    this.#controller?.abort(ENDED);
  }
}

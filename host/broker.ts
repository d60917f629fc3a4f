// The broker: every effect of every bundle passes here, and here alone is authority (DESIGN.md §4 "Capabilities", "Effects
// are classed by the grant", "No mutation without a plan", "Journal"). Order: known → asked for by the manifest → the kind's
// ceiling → granted → class; then intent, effect, outcome. THREATS.md H10, H12, H14, H17, H20.
import { sha256 } from '../keys/hash.ts';
import type { JsonValue } from '../src/contracts/common.ts';
import type { PlanContext } from '../src/contracts/plan.ts';
import { digestOf } from '../src/digest.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { KINDS } from '../src/kinds/index.ts';
import { AMBIENT } from '../src/kinds/kind.ts';
import type { MutatingCall } from '../src/plan.ts';
import type { Clock, DurableJournalSink, JournalRecord } from '../src/ports.ts';
import {
  type CallContext,
  type Capability,
  denied,
  type PlannedEffect,
  requestsOf,
  type Services,
} from './capabilities/capability.ts';
import { CAPABILITIES } from './capabilities/index.ts';
import type { GrantSet } from './grants.ts';
import { plain } from './plain-text.ts';

/** JSON text, or a code and a sentence for the guest; `fix` is for the operator: the command line that grants. */
export type EffectAnswer =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly fix?: string };

/** An effect as it comes over the wire; `args` is JSON text, and everything in here is the bundle's word. */
export interface EffectRequest {
  readonly id: string;
  readonly capability: string;
  readonly args: string;
}

/** Throws E_PLAN_REQUIRED unless the context names a step that this host compiled for exactly that call. */
type Authorize = (context: PlanContext | undefined, call: MutatingCall) => void;

export interface BrokerOptions {
  readonly clock: Clock;
  readonly journal: DurableJournalSink;
  /** The grants as they are now; asked once for each effect. */
  readonly grants: () => GrantSet;
  readonly authorize: Authorize;
  /** The means of the capabilities. */
  readonly services: Services;
  /** Told of every failure that is Signet's own, with its cause; the guest hears only that there was one. */
  readonly fault: (error: SignetError) => void;
}

const MAX_ACTION = 8_192;
/** Characters of what an effect is about, and of a command line: with the action they fit into one record. */
const MAX_TARGET = 4_096;
/** Refusals of one call that are written down in full; of the others it is said that there were. */
const MAX_DENIED = 64;
const SHORT_ACTION = 256;
/** Values in the arguments of one effect. */
const MAX_VALUES = 65_536;

/** What a record says of an effect beside its action. */
interface About {
  target?: string;
}

interface Admitted {
  readonly capability: Capability;
  readonly effect: PlannedEffect;
}

export class Broker {
  readonly #options: BrokerOptions;
  /** Ids seen in a call: a second effect under one id would make the journal ambiguous. Goes with the call's object. */
  readonly #seen = new WeakMap<CallContext, Set<string>>();
  /** Refusals in a call so far: what is refused costs a bundle nothing, and the journal keeps it for ever. */
  readonly #denied = new WeakMap<CallContext, number>();

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /** Performs one effect of a call, or says why not. Never throws; whatever happens is journalled. */
  async perform(call: CallContext, request: EffectRequest): Promise<EffectAnswer> {
    try {
      const about: About = {};
      let admitted: Admitted;
      try {
        admitted = this.#admit(call, request, about);
      } catch (refusal) {
        return this.#refuse(call, request, asSignetError(refusal), about);
      }
      const { capability, effect } = admitted;
      if (AMBIENT.includes(capability.id)) return success(await effect.perform());
      return await this.#carryOut(call, request, effect, about);
    } catch (thrown) {
      return this.#failure(thrown);
    }
  }

  /** Everything that must hold before anything is done. What it is about is told as soon as it is known. */
  #admit(call: CallContext, request: EffectRequest, about: About): Admitted {
    const { clock, grants, authorize } = this.#options;
    this.#remember(call, request);
    if (call.signal.aborted)
      throw denied(call, 'act after its call has ended', 'Await every effect in the call.');
    const capability = CAPABILITIES.get(request.capability);
    if (capability === undefined)
      throw denied(
        call,
        `use ${plain(request.capability, 64)}: there is no such capability here`,
        'Upgrade Signet.',
      );
    const { id } = capability;
    if (requestsOf(call, id).length === 0) {
      const fix = `Add { "id": "${id}" } to "capabilities" in the plugin.json of ${call.bundle.name}.`;
      throw denied(call, `use ${id}: its manifest does not ask for it`, fix);
    }
    const ceiling = AMBIENT.includes(id) ? { class: 'observe' as const } : KINDS[call.kind].ceiling[id];
    if (ceiling === undefined)
      throw denied(call, `use ${id}: no ${call.kind} may`, 'Do it in a function of another kind.');

    const granted = grants();
    const context = { call, grants: granted, now: clock.now(), services: this.#options.services };
    const wanted = capability.read(parseArgs(request, capability.maxArgs));
    // One that would be cut names nothing.
    if (wanted.target !== undefined && wanted.target.length <= MAX_TARGET) about.target = wanted.target;
    const effect = wanted.plan(context);
    if (effect.class === 'mutate' && ceiling.class === 'observe') {
      const fix = `A ${call.kind} needs a grant of class observe, if the command changes nothing.`;
      throw denied(
        call,
        `${effect.action}: a ${call.kind} only observes, and the effect is of class mutate`,
        fix,
      );
    }
    if (effect.class === 'mutate' && !call.dryRun) {
      authorize(call.plan, {
        kind: call.kind,
        name: call.fn.slice(call.fn.indexOf('/') + 1),
        inputHash: call.inputHash,
        bundleDigest: call.bundle.digest,
        grantEpoch: granted.epoch,
        callId: call.callId,
        nested: call.depth > 0,
      });
    }
    return { capability, effect };
  }

  /** Intent, effect, outcome. Without a written record of the intent, nothing is done; of a mutation, a durable one. */
  async #carryOut(
    call: CallContext,
    request: EffectRequest,
    effect: PlannedEffect,
    about: About,
  ): Promise<EffectAnswer> {
    const mutates = effect.class === 'mutate';
    this.#record(
      {
        type: 'effect.intent',
        ...this.#head(call, request),
        capability: request.capability,
        action: effect.action.slice(0, MAX_ACTION).toWellFormed(),
        class: effect.class,
        grant: effect.grant,
        ...(effect.also === undefined || effect.also.length === 0 ? {} : { also: [...effect.also] }),
        dryRun: call.dryRun,
        ...about,
      },
      // Whatever becomes of the host while the effect is under way, that it was begun is known.
      { written: true },
    );
    if (mutates && call.dryRun) {
      this.#outcome(call, request, { status: 'would', resultHash: null, code: null });
      return success({ status: 'would', action: effect.action });
    }
    let value: JsonValue;
    try {
      if (mutates) await this.#durable(call);
      if (mutates) call.budget.mutates();
      value = await effect.perform();
    } catch (thrown) {
      const failure = this.#failure(thrown);
      this.#outcome(call, request, { status: 'failed', resultHash: null, code: failure.code });
      return failure;
    }
    const answer = success(value);
    const usage = effect.usage?.(value);
    this.#outcome(call, request, {
      status: 'done',
      resultHash: digestOf(sha256, answer.value),
      code: null,
      ...(usage === undefined ? {} : { usage }),
    });
    return answer;
  }

  #refuse(call: CallContext, request: EffectRequest, refusal: SignetError, about: About): EffectAnswer {
    const grants = refusal.fix.startsWith('signet grant ') && refusal.fix.length <= MAX_TARGET;
    const action = `${plain(request.capability, 64)}: ${refusal.message}`;
    const before = this.#denied.get(call) ?? 0;
    this.#denied.set(call, before + 1);
    const inFull = before < MAX_DENIED;
    this.#record({
      type: 'effect.denied',
      ...this.#head(call, request),
      capability: plain(request.capability, 64),
      code: refusal.code,
      action: action.slice(0, inFull ? MAX_ACTION : SHORT_ACTION).toWellFormed(),
      ...(inFull ? about : {}),
      bundle: call.bundle.name,
      ...(inFull && grants ? { fix: refusal.fix } : {}),
    });
    return this.#failure(refusal);
  }

  #remember(call: CallContext, request: EffectRequest): void {
    const seen = this.#seen.get(call) ?? new Set();
    this.#seen.set(call, seen);
    if (seen.has(request.id))
      throw denied(call, 'use one effect id twice', 'Let the SDK number the effects of a call.');
    seen.add(request.id);
  }

  #head(call: CallContext, request: EffectRequest): { at: number; callId: string; effectId: string } {
    return { at: this.#options.clock.now(), callId: call.callId, effectId: plain(request.id, 64) };
  }

  #outcome(call: CallContext, request: EffectRequest, outcome: Record<string, unknown>): void {
    this.#record({ type: 'effect.outcome', ...this.#head(call, request), ...outcome });
  }

  /** Returns once the intent would survive the loss of power; a call that has ended meanwhile mutates nothing. */
  async #durable(call: CallContext): Promise<void> {
    try {
      await this.#options.journal.commit();
    } catch (cause) {
      throw new SignetError('E_JOURNAL', 'the journal cannot be made durable', { cause });
    }
    if (call.signal.aborted)
      throw denied(call, 'act after its call has ended', 'Await every effect in the call.');
  }

  #record(record: JournalRecord, kept: { written?: boolean } = {}): void {
    try {
      this.#options.journal.append(record, kept);
    } catch (cause) {
      throw new SignetError('E_JOURNAL', `the journal cannot be written (${record.type})`, { cause });
    }
  }

  /** What the guest hears of a failure. */
  #failure(thrown: unknown): EffectAnswer & { ok: false } {
    const error = asSignetError(thrown);
    if (error.code === 'E_INTERNAL' || error.code === 'E_JOURNAL') this.#options.fault(error);
    if (error.code === 'E_INTERNAL') return { ok: false, code: error.code, message: 'Signet itself failed' };
    return { ok: false, code: error.code, message: error.message, fix: error.fix };
  }
}

function parseArgs({ args, capability }: EffectRequest, maxBytes: number): JsonValue {
  try {
    return parseJson(args, `the arguments of ${capability}`, { maxBytes, maxValues: MAX_VALUES });
  } catch (cause) {
    const why = asSignetError(cause);
    if (why.code === 'E_LIMIT') throw why;
    throw new SignetError('E_CAPABILITY_ARGS', why.message, { cause });
  }
}

const success = (value: JsonValue): EffectAnswer & { ok: true } => ({
  ok: true,
  value: JSON.stringify(value),
});

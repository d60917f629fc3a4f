// What a capability is to the broker: arguments with a shape, a plan that finds the grant, and the act itself (DESIGN.md §4).
import type { z } from 'zod';
import type { SecretStore } from '../../keys/secret-store.ts';
import type { JsonValue } from '../../src/contracts/common.ts';
import type { Grant } from '../../src/contracts/config.ts';
import type { CapabilityId, CapabilityRequest, Kind } from '../../src/contracts/manifest.ts';
import type { PlanContext, Principal } from '../../src/contracts/plan.ts';
import type { Caller } from '../../src/dispatch.ts';
import { SignetError } from '../../src/error.ts';
import { parseShape } from '../../src/shape.ts';
import type { Resolve } from '../addresses.ts';
import { grantCommandLine } from '../grant-text.ts';
import type { GrantedFiles } from '../granted-files.ts';
import { type GrantDraft, type GrantSet, grantId, isExpired } from '../grants.ts';
import type { KeyValueStore } from '../kv.ts';
import type { Models } from '../model.ts';
import type { ProgramSandbox } from '../program-sandbox.ts';

/** One call, as the host knows it: nothing in here comes from the bundle's code. One object for the whole call. */
export interface CallContext extends Caller {
  readonly bundle: { readonly name: string; readonly version: string; readonly digest: string };
  readonly kind: Kind;
  /** `kind/name`. */
  readonly fn: string;
  readonly tenant: string;
  readonly principal: Principal;
  readonly dryRun: boolean;
  readonly plan?: PlanContext | undefined;
  readonly inputHash: string;
  /** What the bundle's manifest asks for. */
  readonly requests: readonly CapabilityRequest[];
}

/** A line that a bundle wrote: escaped and cut already. */
export interface LogLine {
  readonly at: number;
  readonly callId: string;
  readonly bundle: string;
  readonly fn: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A call that a function of a bundle asks for. */
export interface NestedCall {
  readonly kind: Kind;
  readonly name: string;
  readonly input: JsonValue;
  readonly dryRun: boolean;
}

/** Calls a function for a call that is under way, as its tenant and principal and within what it has left; its output. */
export type Invoke = (caller: CallContext, wanted: NestedCall) => Promise<JsonValue>;

/** The host's means, handed to every capability. */
export interface Services {
  readonly kv: KeyValueStore;
  readonly files: GrantedFiles;
  readonly invoke: Invoke;
  readonly models: Models;
  readonly sandbox: ProgramSandbox;
  readonly log: (line: LogLine) => void;
  /** Where names of hosts lead. */
  readonly resolve: Resolve;
  readonly secrets: Pick<SecretStore, 'open' | 'known'>;
}

export interface EffectContext {
  readonly call: CallContext;
  readonly grants: GrantSet;
  /** Read once for each effect. */
  readonly now: number;
  readonly services: Services;
}

/** An effect that may be performed: found in the grants, not yet done. */
export interface PlannedEffect {
  /** What would be done, in plain words. */
  readonly action: string;
  readonly class: 'observe' | 'mutate';
  /** `grantId` of the grant that allows it; null where none is needed. */
  readonly grant: string | null;
  /** Further grants that it uses, such as those of secrets. */
  readonly also?: readonly string[];
  perform(): Promise<JsonValue> | JsonValue;
  /** What it used, in counts that the journal keeps; asked with what `perform` gave. */
  usage?(value: JsonValue): Readonly<Record<string, number>>;
}

/** An effect whose arguments have their shape. */
export interface WantedEffect {
  /** What it is about, exactly: a path, `GET https://…`, a function. Kept in the journal, so that grants can be narrowed. */
  readonly target: string | undefined;
  /** E_CAPABILITY_DENIED, with the command that grants, without a grant. */
  plan(context: EffectContext): PlannedEffect;
}

/** One effect that a guest may ask for by name. */
export interface Capability {
  /** The capability that manifest, kind and grants speak of. */
  readonly id: CapabilityId;
  /** Bytes of its arguments' JSON text at most: more is refused unread. */
  readonly maxArgs: number;
  /** E_CAPABILITY_ARGS for arguments of another shape. */
  read(args: unknown): WantedEffect;
}

/** A capability from its parts; `plan` and `target` see only arguments that have their shape. */
export function defineCapability<S extends z.ZodType>(definition: {
  readonly id: CapabilityId;
  readonly maxArgs: number;
  readonly args: S;
  target?(args: z.output<S>): string;
  plan(args: z.output<S>, context: EffectContext): PlannedEffect;
}): Capability {
  const { id, maxArgs } = definition;
  return {
    id,
    maxArgs,
    read: (given) => {
      const args = parseShape(definition.args, given, id, 'E_CAPABILITY_ARGS');
      return {
        target: definition.target?.(args),
        plan: (context) => definition.plan(args, context),
      };
    },
  };
}

/** The requests of the manifest for one capability. */
export function requestsOf<I extends CapabilityId>(
  call: CallContext,
  id: I,
): Extract<CapabilityRequest, { id: I }>[] {
  return call.requests.filter((request) => request.id === id) as Extract<CapabilityRequest, { id: I }>[];
}

/** How long a grant lasts that the line in a refusal renews: as long as before is not known. */
const RENEWED_FOR = '1d';

/** Bytes of JSON text that no string of so many UTF-16 units exceeds, with room for the rest of small arguments. */
export const jsonBytes = (units: number): number => 6 * units + 1_024;

/** A refusal; `fix` says what would have to be done for it to be allowed. */
export function denied(call: CallContext, what: string, fix: string): SignetError {
  return new SignetError('E_CAPABILITY_DENIED', `${call.bundle.name} (${call.fn}) may not ${what}`, {
    item: call.fn,
    fix,
  });
}

type GrantOf<C extends Grant['capability']> = Extract<Grant, { capability: C }>;

/**
 * The live grant that covers an effect: of several, one of class `mutate`. Without one E_CAPABILITY_DENIED, whose `fix` is the
 * command line that grants it; of one that has expired it says so, with the line that renews it.
 */
export function grantFor<C extends Grant['capability']>(
  { call, grants, now }: EffectContext,
  capability: C,
  what: string,
  covers: (grant: GrantOf<C>) => boolean,
  draft: () => GrantDraft,
): GrantOf<C> {
  const covering = grants.of(call.bundle.name, capability).filter(covers);
  const live = covering.find((grant) => !isExpired(grant, now));
  if (live !== undefined) return live;
  const [expired] = covering;
  if (expired === undefined) throw denied(call, `${what}: it is not granted`, grantCommandLine(draft()));
  const { expires: _, by: __, ...renewed } = expired;
  throw denied(
    call,
    `${what}: its grant ${grantId(expired)} expired at ${expired.expires}`,
    grantCommandLine(renewed, RENEWED_FOR),
  );
}

/** What a grant made on such a command line gives as its reason, until a person writes a better one. */
export function defaultReason(call: CallContext): string {
  return `asked for by ${call.fn}`;
}

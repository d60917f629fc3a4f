// Dispatch by name (DESIGN.md: "the core dispatches by name and knows nothing else"). A function is `kind/name`; the value
// that goes in and the value that comes out are checked here, on the host's side of the boundary.
import type { Budget } from './budget.ts';
import type { Kind } from './contracts/manifest.ts';
import type { PlanContext, Principal } from './contracts/plan.ts';
import type { RecordMode } from './contracts/record.ts';
import { type ErrorCode, SignetError } from './error.ts';
import type { Validator } from './json-schema-check.ts';
import { KINDS } from './kinds/index.ts';
import { kindValidator } from './kinds/validators.ts';

/** A call that leads to another: what it has left is all that the other may use, and it ends with it. */
export interface Caller {
  readonly callId: string;
  /** How many calls led to it: 0 for a call from outside. */
  readonly depth: number;
  /** When it ends at the latest: milliseconds since the epoch, by the host's clock. */
  readonly deadlineMs: number;
  readonly budget: Budget;
  /** Aborted as soon as it has ended, however it ended. */
  readonly signal: AbortSignal;
}

export interface CallOptions {
  /** Whose call it is: state is never shared between tenants. */
  readonly tenant: string;
  readonly principal: Principal;
  /** With `true`, the broker performs no mutation and answers what it would have done. */
  readonly dryRun: boolean;
  /** Required before any effect that mutates. */
  readonly plan?: PlanContext;
  readonly signal?: AbortSignal;
  /** How it is recorded; else as the policy says. */
  readonly record?: RecordMode;
  /** The call of a bundle that asks for this one. */
  readonly caller?: Caller;
}

export interface BundleRef {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** An input that fits kind and function: as JSON text, which is what crosses into the isolate, and as the value it is of. */
export interface CheckedInput {
  readonly text: string;
  readonly value: unknown;
}

/**
 * One function of one bundle. `invoke` hands the JSON text that the isolate made to `accept` and returns what that returns; it
 * throws E_OUTPUT, and whatever the provider records of the call says so.
 */
export interface Provider {
  readonly kind: Kind;
  readonly name: string;
  readonly bundle: BundleRef;
  readonly description: string;
  /** The function's own schemas, beside those of its kind. */
  readonly input: Validator;
  readonly output: Validator;
  invoke<T>(
    input: CheckedInput,
    options: CallOptions,
    accept: (output: string) => T,
  ): Promise<{ readonly callId: string; readonly output: T }>;
}

export interface CallResult<Output = unknown> {
  readonly callId: string;
  /** The version that answered. */
  readonly bundle: BundleRef;
  readonly output: Output;
}

/** The provider of a function; throws the reason why it cannot be had. */
export type Find = (kind: Kind, name: string) => Provider;

/**
 * Calls one function of what `find` gives for it. The input must fit the kind and the function (E_INPUT, nothing runs); so must
 * the output (E_OUTPUT). E_KIND_UNSUPPORTED for a kind that cannot run yet.
 */
export async function dispatch(
  kind: Kind,
  name: string,
  input: unknown,
  options: CallOptions,
  find: Find,
): Promise<CallResult> {
  if (KINDS[kind].schemas === undefined) {
    throw new SignetError('E_KIND_UNSUPPORTED', `functions of kind ${kind} cannot run yet`, {
      item: `${kind}/${name}`,
    });
  }
  const provider = find(kind, name);
  const item = `${kind}/${name} of ${label(provider.bundle)}`;
  const given = check(
    [kindValidator(kind, 'input'), provider.input],
    input,
    'E_INPUT',
    `the input of ${item}`,
  );
  const accept = (output: string): unknown =>
    check(
      [provider.output, kindValidator(kind, 'output')],
      JSON.parse(output),
      'E_OUTPUT',
      `the output of ${item}`,
    );
  const answer = await provider.invoke({ text: JSON.stringify(given), value: given }, options, accept);
  return { ...answer, bundle: provider.bundle };
}

const label = (bundle: BundleRef): string => `${bundle.name}@${bundle.version}`;

function check(
  validators: readonly (Validator | null)[],
  value: unknown,
  code: ErrorCode,
  item: string,
): unknown {
  let checked = value;
  for (const validate of validators) {
    if (validate === null) continue;
    const result = validate(checked);
    if (!result.ok)
      throw new SignetError(code, `${item} breaks its schema: ${result.problems.join('; ')}`, { item });
    checked = result.value;
  }
  return checked;
}

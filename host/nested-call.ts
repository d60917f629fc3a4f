// Calls that functions of bundles lead to (DESIGN.md §4 "`invoke` inherits dry run, budget, deadline and depth"; THREATS.md H12,
// H13): for the tenant and the principal of the caller, under its plan, within what it has left, and no longer than it lasts.
import type { JsonValue } from '../src/contracts/common.ts';
import type { CallOptions, CallResult } from '../src/dispatch.ts';
import { SignetError } from '../src/error.ts';
import type { CallContext, Invoke, NestedCall } from './capabilities/capability.ts';
import { shellQuote } from './plain-text.ts';

/** Characters of an input that is repeated in what to do. */
const MAX_SHOWN = 1_024;

/** The host's `call` as what a function may invoke. The error of what was called is the caller's to see, with its code. */
export function createInvoke(
  call: (caller: CallContext, wanted: NestedCall, options: CallOptions) => Promise<CallResult>,
): Invoke {
  return async (caller, wanted) => {
    const { kind, name, dryRun } = wanted;
    const { tenant, principal, signal } = caller;
    // The step that its own mutation needs is found in the plan of its caller (src/plan.ts).
    const plan = dryRun || caller.plan === undefined ? {} : { plan: caller.plan };
    try {
      const { output } = await call(caller, wanted, { tenant, principal, signal, caller, dryRun, ...plan });
      return output as JsonValue;
    } catch (thrown) {
      if (!(thrown instanceof SignetError) || thrown.code !== 'E_PLAN_REQUIRED') throw thrown;
      const { message, item = `${kind}/${name}` } = thrown;
      throw new SignetError('E_PLAN_REQUIRED', message, { item, fix: stepOf(wanted), cause: thrown });
    }
  };
}

/** How the call becomes a step of the plan. */
function stepOf({ kind, name, input }: NestedCall): string {
  const given = JSON.stringify(input);
  const words = `${kind}/${name} ${given.length <= MAX_SHOWN ? given : 'JSON'}`;
  return `Plan it with the call that leads to it: signet call … --apply --with ${shellQuote(words)}`;
}

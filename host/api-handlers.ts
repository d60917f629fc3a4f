// What the contracts of the loopback interface do to a host: one row a contract. A command that opened a host of its own goes
// the same way (DESIGN.md §6, §7 "One host, one state directory").
import {
  type CallAnswer,
  COMMANDS,
  type CommandInput,
  type CommandName,
  type QueryName,
  type UnquarantineAnswer,
} from '../src/contracts/api.ts';
import { parseShape } from '../src/shape.ts';
import type { ApiHandlers } from './api.ts';
import type { Host } from './host.ts';
import { operator } from './operator.ts';

type Commands = { [N in CommandName]: (host: Host, input: CommandInput<N>) => Promise<unknown> };

const COMMAND_HANDLERS: Commands = {
  'host.call': async (host, given) => {
    const call = parseShape(COMMANDS['host.call'], given, 'the call', 'E_INPUT');
    const { kind, name, input, apply, version } = call;
    const options = { apply, with: call.with, ...(version === undefined ? {} : { version }) };
    const { callId, bundle, output } = await host.dispatch(kind, name, input, options);
    return { callId, bundle, output, dryRun: !apply } satisfies CallAnswer;
  },
  'host.resolve': async (host, given) => {
    const resolution = parseShape(COMMANDS['host.resolve'], given, 'the resolution', 'E_INPUT');
    const { intent } = host.unresolved.resolve({ ...resolution, by: operator() });
    return { effect: intent.effectId, action: intent.action };
  },
  'host.audit': async (host, given) => {
    const { root, ...rest } = parseShape(COMMANDS['host.audit'], given, 'the audit', 'E_INPUT');
    return host.audit({ ...rest, ...(root === undefined ? {} : { root }) });
  },
  'host.unquarantine': async (host, given) => {
    const { bundle } = parseShape(COMMANDS['host.unquarantine'], given, 'the bundle', 'E_INPUT');
    const lifted = host.quarantine.lift(bundle, operator());
    return {
      lifted: lifted.map(({ name, version, digest }) => ({ name, version, digest })),
    } satisfies UnquarantineAnswer;
  },
};

const QUERY_HANDLERS: Record<QueryName, (host: Host) => Promise<unknown>> = {
  'host.status': (host) => host.status(),
  'host.tools': (host) => host.tools(),
};

/** The host behind its contracts. */
export function apiHandlers(host: Host): ApiHandlers {
  return {
    command: (name, input) => COMMAND_HANDLERS[name](host, input),
    query: (name) => QUERY_HANDLERS[name](host),
  };
}

// Who a process acts for where no one is named (DESIGN.md §5 "actors"): its user, or what SIGNET_PRINCIPAL says. An agent runtime
// that starts commands sets it, and every program that is run for a bundle has it, so that they cannot grant themselves what
// they lack (DESIGN.md §4 "Agents cannot grant"). It keeps honest agents honest; who can edit grants.yaml needs no command.
import { userInfo } from 'node:os';
import type { Principal } from '../src/contracts/plan.ts';
import { SignetError } from '../src/error.ts';
import { errnoOf } from './files.ts';
import { plain } from './plain-text.ts';

/** The variable, and what it is for programs that are run for a bundle. */
export const PRINCIPAL_VARIABLE = 'SIGNET_PRINCIPAL';
export const EXEC_PRINCIPAL = 'tool:exec';

/**
 * The user of this process by name; by number where the user database has none, as in a container with a free user id. E_USAGE
 * where SIGNET_PRINCIPAL is neither an agent nor a service nor a tool: it only ever takes authority away.
 */
export function operator(): Principal {
  const named = process.env[PRINCIPAL_VARIABLE];
  if (named === undefined || named === '') return { kind: 'human', id: nameOfUser() };
  const [, kind, id] = /^(agent|service|tool):(.{1,256})$/s.exec(named) ?? [];
  if (kind !== undefined && id !== undefined) return { kind: kind as Principal['kind'], id };
  throw new SignetError('E_USAGE', `${PRINCIPAL_VARIABLE} names no principal`, {
    item: PRINCIPAL_VARIABLE,
    expected: 'agent:NAME, service:NAME or tool:NAME',
    actual: plain(named),
  });
}

/** Agents, tools and services never widen what they may do, nor say what became of it (DESIGN.md §4 "Agents cannot grant"): E_GRANT. */
export function requirePerson(by: Principal, what: string, command = 'signet grant'): void {
  if (by.kind === 'human') return;
  throw new SignetError('E_GRANT', `only a person may ${what}; ${plain(by.id)} is of kind ${by.kind}`, {
    item: by.id,
    fix: `Ask a person to run \`${command}\`.`,
  });
}

let user: string | undefined;

function nameOfUser(): string {
  user ??= lookUpUser();
  return user;
}

function lookUpUser(): string {
  try {
    return userInfo().username;
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ERR_SYSTEM_ERROR') throw thrown;
    return `uid ${process.geteuid?.()}`;
  }
}

// Who a host acts for where its embedder names no one (DESIGN.md §5 "actors"): the person or service whose process it is in.
import { userInfo } from 'node:os';
import type { Principal } from '../src/contracts/plan.ts';
import { errnoOf } from './files.ts';

let known: Principal | undefined;

/** The user of this process by name; by number where the user database has none, as in a container with a free user id. */
export function operator(): Principal {
  known ??= { kind: 'human', id: nameOfUser() };
  return known;
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ERR_SYSTEM_ERROR') throw thrown;
    return `uid ${process.geteuid?.()}`;
  }
}

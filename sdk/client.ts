// How a command reaches the host of a project (DESIGN.md §7 "One host, one state directory"): through the loopback interface
// of a live one, otherwise by opening its own for as long as the command runs.
import { readFileSync } from 'node:fs';
import { apiHandlers } from '../host/api-handlers.ts';
import { Host } from '../host/host.ts';
import { projectPaths } from '../host/paths.ts';
import { readOwner } from '../host/state-lock.ts';
import type { CommandInput, CommandName, QueryName } from '../src/contracts/api.ts';
import { CODES, type ErrorCode, SignetError } from '../src/error.ts';

export interface HostClient {
  command<N extends CommandName>(name: N, input: CommandInput<N>): Promise<unknown>;
  query(name: QueryName): Promise<unknown>;
  close(): Promise<void>;
}

/** A client of the project's host, live or opened here. */
export async function connect(directory: string): Promise<HostClient> {
  const owner = readOwner(projectPaths(directory).lock);
  if (owner?.address !== undefined && owner.tokenFile !== undefined)
    return remoteClient(owner.address, owner.tokenFile);
  const host = await Host.open({ directory });
  return { ...apiHandlers(host), close: () => host.close() };
}

function remoteClient(address: string, tokenFile: string): HostClient {
  const request = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`;
    const response = await fetch(`${address}${path}`, {
      ...init,
      headers: { authorization, 'content-type': 'application/json' },
    });
    const body: unknown = await response.json();
    if (response.ok) return body;
    throw fromWire(body);
  };
  return {
    command: (name, input) =>
      request(`/v1/commands/${name}`, { method: 'POST', body: JSON.stringify(input) }),
    query: (name) => request(`/v1/queries/${name}`),
    close: async () => undefined,
  };
}

/** The error that a live host answered with, as if it had been raised here. */
function fromWire(body: unknown): SignetError {
  const wire = body as {
    code?: string;
    message?: string;
    item?: string;
    expected?: string;
    actual?: string;
    fix?: string;
  };
  const code =
    wire.code !== undefined && Object.hasOwn(CODES, wire.code) ? (wire.code as ErrorCode) : 'E_INTERNAL';
  const { message = 'the host answered with an error', code: _, ...details } = wire;
  return new SignetError(code, message, details);
}

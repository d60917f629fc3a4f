// How a command reaches the host of a project (DESIGN.md §7 "One host, one state directory"): through the loopback interface
// of a live one, otherwise by opening its own for as long as the command runs. A lock file may have come with a stranger's
// folder: it decides neither where the token goes nor which file is sent as the token.
import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { apiHandlers } from '../host/api-handlers.ts';
import { Host } from '../host/host.ts';
import { type ProjectPaths, projectPaths } from '../host/paths.ts';
import { readOwner } from '../host/state-lock.ts';
import { readRegularFile } from '../keys/safe-file.ts';
import type { CommandInput, CommandName, QueryName } from '../src/contracts/api.ts';
import { CODES, type ErrorCode, SignetError } from '../src/error.ts';

export interface HostClient {
  command<N extends CommandName>(name: N, input: CommandInput<N>): Promise<unknown>;
  query(name: QueryName): Promise<unknown>;
  close(): Promise<void>;
}

const LOOPBACK = /^http:\/\/127\.0\.0\.1:\d{1,5}$/;
const MAX_TOKEN = 4_096;

/** How long a command waits for another one that has the project's state open, and how often it looks. */
const WAIT_MS = 10_000;
const RETRY_MS = 50;

/**
 * A client of the project's host, live or opened here; errors of a live one keep their codes. E_IO where a live one does not
 * answer, E_HOST_BUSY where another command keeps the state for more than `waitMs`, E_FORMAT where the lock names an address that
 * no host of ours has.
 */
export async function connect(directory: string, waitMs = WAIT_MS): Promise<HostClient> {
  const until = performance.now() + waitMs;
  for (;;) {
    const paths = projectPaths(directory);
    const address = readOwner(paths.lock)?.address;
    if (address !== undefined) return remoteClient(address, paths);
    try {
      const host = await Host.open({ directory });
      return { ...apiHandlers(host), close: () => host.close() };
    } catch (thrown) {
      const busy = thrown instanceof SignetError && thrown.code === 'E_HOST_BUSY';
      if (!busy || performance.now() > until) throw thrown;
      await setTimeout(RETRY_MS);
    }
  }
}

function remoteClient(address: string, paths: ProjectPaths): HostClient {
  if (!LOOPBACK.test(address)) {
    throw new SignetError('E_FORMAT', `${paths.lock} names an address that is not on this machine`, {
      item: paths.lock,
      expected: 'http://127.0.0.1:PORT',
      actual: address,
      fix: `Remove ${paths.lock}, unless you know whose it is.`,
    });
  }
  const ask = async (method: string, path: string, body = ''): Promise<unknown> => {
    const headers = { authorization: `Bearer ${readToken(paths.token)}`, 'content-type': 'application/json' };
    const { status, text } = await send(address, method, path, headers, body);
    const answer = parseAnswer(address, text);
    if (status === 200) return answer;
    throw fromWire(answer);
  };
  return {
    command: (name, input) => ask('POST', `/v1/commands/${name}`, JSON.stringify(input)),
    query: (name) => ask('GET', `/v1/queries/${name}`),
    close: async () => undefined,
  };
}

function readToken(file: string): string {
  const found = readRegularFile(file, MAX_TOKEN);
  if (found !== undefined) return Buffer.from(found.bytes).toString('latin1').trim();
  throw new SignetError('E_IO', `${file} is missing: the host that runs here cannot be asked`, {
    item: file,
    fix: 'Stop that host and start it again: signet up',
  });
}

/** One request and its whole answer. An audit may take as long as it takes: only the connection tells that nothing will come. */
function send(
  address: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(unreachable(address, cause.message, cause));
    const options = {
      method,
      agent: false,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    };
    const outgoing = request(`${address}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () =>
        resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

function parseAnswer(address: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreachable(address, 'the answer is no JSON', cause);
  }
}

function unreachable(address: string, why: string, cause: unknown): SignetError {
  return new SignetError('E_IO', `the host at ${address} cannot be asked: ${why}`, { item: address, cause });
}

/** The error that a live host answered with, as if it had been raised here. */
function fromWire(answer: unknown): SignetError {
  const wire = new Map<string, unknown>(
    typeof answer === 'object' && answer !== null ? Object.entries(answer) : [],
  );
  const code = wire.get('code');
  const known = typeof code === 'string' && Object.hasOwn(CODES, code);
  const details = ['item', 'expected', 'actual', 'fix'].flatMap((name) => {
    const value = wire.get(name);
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return new SignetError(
    known ? (code as ErrorCode) : 'E_INTERNAL',
    String(wire.get('message') ?? 'the host answered with an error'),
    Object.fromEntries(details),
  );
}

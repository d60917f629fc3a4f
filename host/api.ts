// The host's loopback interface (DESIGN.md §6, THREATS.md "HTTP"): bound to 127.0.0.1, a bearer token for everything but
// /healthz, requests of other sites and other host names refused, bodies and slow clients bounded.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  QUERIES,
  type QueryName,
} from '../src/contracts/api.ts';
import { asSignetError, type ErrorCode, SignetError } from '../src/error.ts';
import { parseJson } from '../src/json.ts';
import { parseShape } from '../src/shape.ts';
import { plain } from './plain-text.ts';

const MAX_BODY = 4 << 20;
/** Bytes of a body that nobody wants and that are still let in: closing on unread bytes resets the connection, and the answer with it. */
const MAX_DISCARDED = 64 << 20;

export interface ApiHandlers {
  command<N extends CommandName>(name: N, input: CommandInput<N>): Promise<unknown>;
  query(name: QueryName): Promise<unknown>;
}

export interface Api {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  close(): Promise<void>;
}

/** How long a client may take to send its headers, and its whole request. */
export interface ClientTimes {
  readonly headersMs: number;
  readonly requestMs: number;
}

/** Starts listening on a free loopback port, or on `port`; E_IO where it cannot. A client that is slower than `times` is cut off. */
export async function startApi(
  handlers: ApiHandlers,
  token: string,
  port = 0,
  times: ClientTimes = { headersMs: 10_000, requestMs: 30_000 },
): Promise<Api> {
  const limits = {
    headersTimeout: times.headersMs,
    requestTimeout: times.requestMs,
    connectionsCheckingInterval: Math.min(1_000, times.headersMs),
    maxHeaderSize: 16_384,
  };
  const server = createServer(limits, (request, response) => {
    answer(handlers, token, request)
      .then((body) => send(request, response, 200, body))
      .catch((thrown: unknown) => {
        const error = asSignetError(thrown);
        send(request, response, statusOf(error.code), { ok: false, ...error.toJSON() });
      });
  });
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${bound}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, refuse) => {
    server.once('error', (cause) =>
      refuse(new SignetError('E_IO', `cannot listen on 127.0.0.1:${port}: ${cause.message}`, { cause })),
    );
    server.listen(port, '127.0.0.1', () => done());
  });
}

async function answer(handlers: ApiHandlers, token: string, request: IncomingMessage): Promise<unknown> {
  // Compared as it came: nothing is decoded or resolved, so that no two spellings mean one contract.
  const [path = ''] = (request.url ?? '').split('?', 1);
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (host !== '127.0.0.1' && host !== 'localhost')
    throw forbidden(`the host name ${plain(host, 200)} is not this host's`);
  if (request.headers.origin !== undefined || (request.headers['sec-fetch-site'] ?? 'none') !== 'none') {
    throw forbidden('requests of web pages are refused');
  }
  if (path === '/healthz' && request.method === 'GET') return { ok: true };
  if (!isToken(request.headers.authorization, token)) {
    throw new SignetError('E_API_TOKEN', 'the bearer token is missing or wrong');
  }
  const [root, version, family, name = '', ...rest] = path.split('/');
  if (root === '' && version === 'v1' && rest.length === 0) {
    const query = QUERIES.find((known) => known === name);
    if (family === 'queries' && request.method === 'GET' && query !== undefined) return handlers.query(query);
    if (family === 'commands' && request.method === 'POST' && Object.hasOwn(COMMANDS, name)) {
      const command = name as CommandName;
      const body = parseJson(await readBody(request), 'the request');
      return handlers.command(command, parseShape(COMMANDS[command], body, 'the request', 'E_INPUT'));
    }
  }
  throw new SignetError('E_NOT_FOUND', `there is no ${request.method} ${plain(path, 200)}`);
}

const forbidden = (sentence: string): SignetError => new SignetError('E_API_FORBIDDEN', sentence);

function isToken(header: string | undefined, token: string): boolean {
  const expected = Buffer.from(`Bearer ${token}`);
  const actual = Buffer.from(header ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const tooLarge = new SignetError('E_LIMIT', 'the request is too large', {
    expected: `at most ${MAX_BODY} bytes`,
  });
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  // Left before its end, the request stays open: its answer goes the same way.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BODY) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  E_API_TOKEN: 401,
  E_API_FORBIDDEN: 403,
  E_NOT_FOUND: 404,
  E_FUNCTION_UNKNOWN: 404,
  E_LIMIT: 413,
  E_INPUT: 400,
  E_JSON: 400,
  E_RATE: 429,
  E_BUSY: 503,
  E_HOST_CLOSED: 503,
  E_INTERNAL: 500,
};
const statusOf = (code: ErrorCode): number => STATUS[code] ?? 422;

function send(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const unread = !request.complete;
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    // An answer that comes before the whole request does must not be cut off by the end of the connection.
    ...(unread ? {} : { connection: 'close' }),
  });
  response.end(text);
  if (unread) discard(request);
}

/** Lets the rest of a body in without keeping it, up to a bound; `requestMs` bounds its time. */
function discard(request: IncomingMessage): void {
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_DISCARDED) request.destroy();
  });
  request.resume();
}

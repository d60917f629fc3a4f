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

const MAX_BODY = 4 << 20;

export interface ApiHandlers {
  command<N extends CommandName>(name: N, input: CommandInput<N>): Promise<unknown>;
  query(name: QueryName): Promise<unknown>;
}

export interface Api {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts listening on a free loopback port, or on `port`. */
export async function startApi(handlers: ApiHandlers, token: string, port = 0): Promise<Api> {
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 },
    (request, response) => {
      answer(handlers, token, request)
        .then((body) => send(response, 200, body))
        .catch((thrown: unknown) => {
          const error = asSignetError(thrown);
          send(response, statusOf(error.code), { ok: false, ...error.toJSON() });
        });
    },
  );
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
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (host !== '127.0.0.1' && host !== 'localhost')
    throw forbidden(`the host name ${JSON.stringify(host)} is not this host's`);
  if (request.headers.origin !== undefined || (request.headers['sec-fetch-site'] ?? 'none') !== 'none') {
    throw forbidden('requests of web pages are refused');
  }
  if (url.pathname === '/healthz' && request.method === 'GET') return { ok: true };
  if (!isToken(request.headers.authorization, token)) {
    throw new SignetError('E_API_TOKEN', 'the bearer token is missing or wrong');
  }
  const [, version, family, name = '', ...rest] = url.pathname.split('/');
  if (version === 'v1' && family === 'queries' && request.method === 'GET' && rest.length === 0) {
    const query = QUERIES.find((known) => known === name);
    if (query !== undefined) return handlers.query(query);
  }
  if (
    version === 'v1' &&
    family === 'commands' &&
    request.method === 'POST' &&
    rest.length === 0 &&
    Object.hasOwn(COMMANDS, name)
  ) {
    const command = name as CommandName;
    const input = parseShape(
      COMMANDS[command],
      parseJson(await readBody(request), 'the request'),
      'the request',
      'E_INPUT',
    );
    return handlers.command(command, input);
  }
  throw new SignetError('E_NOT_FOUND', `there is no ${request.method} ${url.pathname}`);
}

const forbidden = (sentence: string): SignetError => new SignetError('E_API_FORBIDDEN', sentence);

function isToken(header: string | undefined, token: string): boolean {
  const expected = Buffer.from(`Bearer ${token}`);
  const actual = Buffer.from(header ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY)
      throw new SignetError('E_LIMIT', 'the request is too large', { expected: `at most ${MAX_BODY} bytes` });
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
  E_INTERNAL: 500,
};
const statusOf = (code: ErrorCode): number => STATUS[code] ?? 422;

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(text);
}

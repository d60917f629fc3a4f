// One HTTP request and its whole answer over Node's own client (DESIGN.md §4 "`http`"; THREATS.md H10, H11). It connects to nothing but
// the addresses it is given, while name, certificate and Host stay those of the URL; no proxy of the environment, no cookies, no
// connection that outlives the request. Whatever goes wrong is E_HTTP in a few words: nothing of the network behind the host.
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { SignetError } from '../src/error.ts';
import type { Address } from './addresses.ts';
import type { Header } from './http-headers.ts';

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  /** Checked by `problemOfHeader`. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array | undefined;
  /** Where the host of the URL may be reached. */
  readonly addresses: readonly Address[];
  /** Of the answer's body, decompressed. */
  readonly maxBytes: number;
  /** Ends it, wherever it is. */
  readonly signal: AbortSignal;
}

/** Texts are Latin-1, as they came. */
export interface Answer {
  readonly code: number;
  readonly statusText: string;
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

const MAX_HEADER_BYTES = 32 * 1024;
const MAX_HEADERS = 256;

/** The codings that are asked for. */
const DECODERS = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);
const ACCEPTED = 'gzip, deflate, br';

/** Sends one request; follows nothing. E_HTTP; E_LIMIT for a longer body than `maxBytes`. */
export async function exchange(wanted: Exchange): Promise<Answer> {
  const { method, url, maxBytes, signal } = wanted;
  const item = `${method} ${url.origin}`;
  const agent = url.protocol === 'https:' ? new HttpsAgent() : new HttpAgent();
  try {
    const response = await send(wanted, agent);
    const { statusCode = 0, statusMessage = '' } = response;
    const headers = headersOf(response, item);
    const bare = method === 'HEAD' || statusCode === 204 || statusCode === 304;
    const coding = bare ? undefined : codingOf(response, item);
    const body = await collect(response, coding, { maxBytes, item, signal });
    return {
      code: statusCode,
      statusText: statusMessage,
      // They speak of bytes that the bundle does not get.
      headers:
        coding === undefined
          ? headers
          : headers.filter(([name]) => !/^content-(encoding|length)$/i.test(name)),
      body,
    };
  } catch (thrown) {
    if (thrown instanceof SignetError) throw thrown;
    throw failure(item, signal.aborted ? 'it did not answer in time' : describe(thrown));
  } finally {
    agent.destroy();
  }
}

function send(
  { method, url, headers, body, addresses, signal }: Exchange,
  agent: HttpAgent | HttpsAgent,
): Promise<IncomingMessage> {
  const lookup: LookupFunction = (_host, { all }, done) => {
    const [first] = addresses;
    if (all === true)
      done(
        null,
        addresses.map((address) => ({ ...address })),
      );
    else done(null, first?.address ?? '', first?.family);
  };
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const outgoing = request(url, {
      method,
      agent,
      lookup,
      signal,
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: false,
      // Said here, no variable of the environment can say otherwise.
      rejectUnauthorized: true,
    });
    outgoing.on('error', reject);
    // Without a word, as where the origin goes over to another protocol.
    outgoing.on('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    outgoing.on('response', (response) => {
      // Until it is read: an answer that is refused by its headers is broken off.
      response.on('error', reject);
      resolve(response);
    });
    outgoing.setHeader('accept-encoding', ACCEPTED);
    for (const [name, value] of headers) outgoing.appendHeader(name, value);
    outgoing.end(body);
  });
}

function headersOf({ rawHeaders }: IncomingMessage, item: string): Header[] {
  if (rawHeaders.length / 2 > MAX_HEADERS) throw failure(item, 'it sends too many headers');
  const headers: Header[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return headers;
}

function codingOf({ headers }: IncomingMessage, item: string): string | undefined {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return undefined;
  if (DECODERS.has(coding)) return coding;
  throw failure(item, 'it sends an encoding that was not asked for');
}

/** The whole body; what is too long ends while it is still small. */
async function collect(
  response: IncomingMessage,
  coding: string | undefined,
  { maxBytes, item, signal }: { maxBytes: number; item: string; signal: AbortSignal },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const take = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) {
        throw new SignetError('E_LIMIT', `${item} answers with more than ${maxBytes} bytes`, {
          item,
          expected: `at most ${maxBytes} bytes`,
          fix: 'Ask for less at once, or grant more with --max-bytes.',
        });
      }
      chunks.push(chunk);
    }
  };
  const decoder = coding === undefined ? undefined : DECODERS.get(coding)?.();
  if (decoder === undefined) await pipeline(response, take, { signal });
  else await pipeline(response, decoder, take, { signal });
  return Buffer.concat(chunks);
}

/** The beginning of a code of Node's → what to say. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|HOSTNAME_)/, 'its certificate is not one to trust'],
  [/^(ERR_SSL|EPROTO)/, 'it does not speak TLS as it should'],
  [/^(HPE_|ERR_HTTP|ERR_INVALID_)/, 'it answers with what is not HTTP'],
  [/^(Z_|ERR__|ERR_BROTLI|ERR_PADDING)/, 'its body does not decompress'],
  [/^ECONNRESET|^EPIPE|^ERR_STREAM/, 'it ended the connection too early'],
];

function describe(thrown: unknown): string {
  const code = String((thrown as { code?: unknown } | null)?.code ?? '');
  return REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? 'it cannot be reached';
}

/** Without a cause: those of the parser hold the bytes that came, and those of the network its addresses. */
export function failure(item: string, why: string): SignetError {
  return new SignetError('E_HTTP', `${item} failed: ${why}`, { item });
}

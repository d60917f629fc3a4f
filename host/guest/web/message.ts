// `Request` and `Response` (WHATWG Fetch) as far as an exchange of whole messages needs them: a body is there at once or not at
// all. It is read once; what it holds stays as it came, text or bytes, until someone asks for the other.
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { AbortController, type AbortSignal } from './abort.ts';
import { bytesOf } from './bytes.ts';
import { TextDecoder, TextEncoder } from './encoding.ts';
import { Headers, type HeadersInput } from './headers.ts';

/** As it crosses the boundary. */
export type Payload = { readonly text: string } | { readonly base64: string };
type Content = string | Uint8Array<ArrayBuffer> | null;

abstract class Message {
  readonly headers: Headers;
  #content: Content;
  #used = false;

  constructor(body: unknown, headers: HeadersInput | null | undefined) {
    this.headers = new Headers(headers);
    const [content, type] = contentOf(body);
    this.#content = content;
    if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type);
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  /** A stream of one piece; null where there is no body. */
  get body(): BodyStream | null {
    return this.#content === null ? null : new BodyStream(async () => this.bytes());
  }

  async text(): Promise<string> {
    const content = this.#take();
    return typeof content === 'string' ? content : new TextDecoder().decode(content ?? undefined);
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const content = this.#take();
    return content instanceof Uint8Array ? content : new TextEncoder().encode(content ?? '');
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  /** What it holds, for a copy or to be sent. TypeError where it was read. */
  static contentOf(message: Message): Content {
    if (message.#used) throw new TypeError('the body was read already');
    return message.#content;
  }

  /** The same, read by this. */
  static take(message: Message): Content {
    const content = Message.contentOf(message);
    message.#used = content !== null;
    return content;
  }

  #take(): Content {
    return Message.take(this);
  }
}

/** As much of a ReadableStream as reading it to the end takes. */
class BodyStream {
  #read: (() => Promise<Uint8Array>) | undefined;
  locked = false;

  constructor(read: () => Promise<Uint8Array>) {
    this.#read = read;
  }

  getReader() {
    this.locked = true;
    return {
      read: async (): Promise<{ done: boolean; value: Uint8Array | undefined }> => {
        const read = this.#read;
        this.#read = undefined;
        const value = await read?.();
        return value === undefined || value.length === 0
          ? { done: true, value: undefined }
          : { done: false, value };
      },
      releaseLock: (): void => {
        this.locked = false;
      },
      cancel: async (): Promise<void> => this.cancel(),
    };
  }

  async cancel(): Promise<void> {
    this.#read = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const reader = this.getReader();
    for (let part = await reader.read(); part.value !== undefined; part = await reader.read())
      yield part.value;
  }
}

function contentOf(body: unknown): [content: Content, type?: string] {
  if (body === undefined || body === null) return [null];
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return [bytesOf(body).slice()];
  const text = String(body).toWellFormed();
  if (Object.prototype.toString.call(body) === '[object URLSearchParams]') {
    return [text, 'application/x-www-form-urlencoded;charset=UTF-8'];
  }
  return [text, 'text/plain;charset=UTF-8'];
}

/** What the effect takes as body; undefined where there is none. */
export function payloadOf(request: Request): Payload | undefined {
  const content = Message.take(request);
  if (content === null) return undefined;
  return typeof content === 'string' ? { text: content } : { base64: encodeBase64(content) };
}

export interface RequestOptions {
  method?: string;
  headers?: HeadersInput;
  body?: unknown;
  redirect?: 'follow' | 'manual' | 'error';
  signal?: AbortSignal | null;
  /** Signet's own: names of granted secrets, which the host puts where their grant says. */
  secrets?: readonly string[];
}

const UPPER = /^(?:delete|get|head|options|post|put)$/i;

export class Request extends Message {
  readonly method: string;
  readonly url: string;
  readonly redirect: 'follow' | 'manual' | 'error';
  readonly signal: AbortSignal;
  readonly secrets: readonly string[] | undefined;

  /** `input` is an absolute URL or a request; TypeError for a GET or HEAD with a body. */
  constructor(input: unknown, options: RequestOptions = {}) {
    const from = input instanceof Request ? input : undefined;
    const method = String(options.method ?? from?.method ?? 'GET');
    const body = options.body ?? (from === undefined ? null : Message.take(from));
    super(body, options.headers ?? from?.headers);
    this.method = UPPER.test(method) ? method.toUpperCase() : method;
    if (body !== null && (this.method === 'GET' || this.method === 'HEAD')) {
      throw new TypeError(`a ${this.method} has no body`);
    }
    this.url = from?.url ?? String(input);
    this.redirect = options.redirect ?? from?.redirect ?? 'follow';
    this.signal = options.signal ?? from?.signal ?? new AbortController().signal;
    this.secrets = options.secrets ?? from?.secrets;
  }

  clone(): Request {
    const { method, url, headers, redirect, signal, secrets } = this;
    const copy = { method, headers, redirect, signal, body: Message.contentOf(this) };
    return new Request(url, secrets === undefined ? copy : { ...copy, secrets });
  }

  get [Symbol.toStringTag](): string {
    return 'Request';
  }
}

interface ResponseOptions {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: HeadersInput;
}

/** What the effect answered. */
export interface Exchanged {
  readonly code: number;
  readonly statusText: string;
  readonly url: string;
  readonly redirected: boolean;
  readonly headers: [string, string][];
  readonly body: Payload;
}

const NO_BODY = [101, 103, 204, 205, 304];

export class Response extends Message {
  readonly status: number;
  readonly statusText: string;
  readonly type: string = 'default';
  #url = '';
  #redirected = false;

  constructor(body?: unknown, options: ResponseOptions = {}) {
    const { status = 200, statusText = '', headers } = options;
    if (!(status >= 200 && status <= 599)) throw new RangeError('a status lies between 200 and 599');
    if (NO_BODY.includes(status) && body !== undefined && body !== null) {
      throw new TypeError(`a ${status} has no body`);
    }
    super(body, headers);
    this.status = status;
    this.statusText = String(statusText);
  }

  /** Of an exchange that took place. */
  static received({ code, statusText, url, redirected, headers, body }: Exchanged): Response {
    const empty = NO_BODY.includes(code);
    const content = 'text' in body ? new TextEncoder().encode(body.text) : decodeBase64(body.base64);
    const response = new Response(empty ? null : content, { status: code, statusText, headers });
    response.#url = url;
    response.#redirected = redirected;
    return response;
  }

  static json(value: unknown, options: ResponseOptions = {}): Response {
    const headers = new Headers(options.headers);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(value), { ...options, headers });
  }

  static error(): Response {
    throw new TypeError('there is no response of an error here: fetch rejects');
  }

  static redirect(url: unknown, status = 302): Response {
    if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError('no status of a redirect');
    return new Response(null, { status, headers: { location: String(url) } });
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get url(): string {
    return this.#url;
  }

  get redirected(): boolean {
    return this.#redirected;
  }

  clone(): Response {
    const { status, statusText, headers } = this;
    const copy = new Response(Message.contentOf(this), { status, statusText, headers });
    copy.#url = this.#url;
    copy.#redirected = this.#redirected;
    return copy;
  }

  get [Symbol.toStringTag](): string {
    return 'Response';
  }
}

// `http`: one request to a granted origin, with redirects and secrets (DESIGN.md §4 "`http`", "`secret`"; THREATS.md H10–H12). Every
// redirect is a decision of its own: manifest, kind, grant, class and addresses are looked at again; a secret does not follow
// to another origin, nor to what it is not granted for.
import { isUtf8 } from 'node:buffer';
import * as z from 'zod';
import { sha256 } from '../../keys/hash.ts';
import type { Secret } from '../../keys/secret-store.ts';
import { type JsonValue, SecretName } from '../../src/contracts/common.ts';
import { type Grant, MAX_HTTP_BYTES } from '../../src/contracts/config.ts';
import { digestOf } from '../../src/digest.ts';
import { KINDS } from '../../src/kinds/index.ts';
import { addressesOf, reachOf } from '../addresses.ts';
import { within } from '../bounded.ts';
import { headerOf, type Injection, injectionFor, openSecret, secretsToRedact } from '../granted-secrets.ts';
import { grantId, isExpired } from '../grants.ts';
import { type Answer, exchange, failure } from '../http-exchange.ts';
import { problemOfHeader } from '../http-headers.ts';
import { type HttpRequest, redirected, redirectOf } from '../http-redirect.ts';
import { classOf, covers, isReading, parseTarget } from '../http-scope.ts';
import { plain } from '../plain-text.ts';
import { redactorOf } from '../redact.ts';
import { Bytes, bytesOf } from './bytes.ts';
import {
  type Capability,
  defaultReason,
  defineCapability,
  denied,
  type EffectContext,
  grantFor,
  requestsOf,
} from './capability.ts';

type HttpGrant = Extract<Grant, { capability: 'http' }>;

/** UTF-16 units of a body's text or base64, and bytes of the whole as JSON text. */
const MAX_BODY = 6 * 1024 * 1024;
const MAX_ARGS = 8 * 1024 * 1024;
const MAX_REDIRECTS = 5;
/** Escaped characters that a small text may have. */
const MAX_GROWTH = 64 * 1024;

const Args = z.strictObject({
  method: z.string().regex(/^[A-Z]{1,16}$/, 'expected a method in capitals'),
  url: z.string().max(16_384),
  headers: z
    .array(z.tuple([z.string().max(128), z.string().max(16_384)]))
    .max(64)
    .default([]),
  body: Bytes(MAX_BODY).optional(),
  redirect: z.enum(['follow', 'manual', 'error']).default('follow'),
  timeoutMs: z.number().positive().max(600_000).optional(),
  /** Granted secrets to send: where each goes is in its grant. */
  secrets: z.array(SecretName).max(8).default([]),
});
type Args = z.output<typeof Args>;

/** One request that may be made. */
interface Hop extends HttpRequest {
  readonly injections: readonly Injection[];
  readonly grant: HttpGrant;
}

const DO_NOT_FOLLOW = 'Ask with redirect "manual".';

export const http: Capability = defineCapability({
  id: 'http',
  maxArgs: MAX_ARGS,
  args: Args,
  // Without its query, which no grant speaks of.
  target: ({ method, url }) => `${method} ${plain(url.split(/[?#]/, 1)[0] ?? '', 2048)}`,
  plan(args, context) {
    const { call } = context;
    const { method, secrets } = args;
    const url = parseTarget(args.url);
    if (url === undefined)
      throw denied(
        call,
        `request ${plain(args.url)}: it is no plain http or https address`,
        'Give an absolute URL without a name or password in it.',
      );
    const grant = decide(method, url, context);
    const injections = [...new Set(secrets)].map((name) => injectionFor(name, method, url, context));
    requireHeaders(args, injections, context);
    const body = args.body === undefined ? undefined : bytesOf(args.body);
    const first: Hop = { method, url, headers: args.headers, body, injections, grant };
    return {
      action: `${describe(method, url)}${describeBody(body)}${describeSecrets(injections)}`,
      class: classOf(grant, method),
      grant: grantId(grant),
      also: injections.map((injection) => injection.grant),
      perform: () => perform(first, args, context),
    };
  },
});

/**
 * What covers a request: of several, one of the stricter class, and of those one that also reaches private addresses, so that a
 * further grant takes nothing away. E_CAPABILITY_DENIED.
 */
function decide(method: string, url: URL, context: EffectContext): HttpGrant {
  const { call, grants, now } = context;
  const what = `request ${describe(method, url)}`;
  const asked = requestsOf(call, 'http').filter(({ methods }) => methods.includes(method));
  if (!asked.some(({ origins }) => origins === 'granted' || origins.some((one) => isOrigin(one, url))))
    throw denied(
      call,
      `${what}: its manifest names other origins or methods`,
      'Name both under "origins" and "methods" of http in plugin.json.',
    );
  const ceiling = KINDS[call.kind].ceiling.http;
  if (ceiling?.methods !== undefined && !ceiling.methods.includes(method))
    throw denied(
      call,
      `${what}: a ${call.kind} may only ${ceiling.methods.join(', ')}`,
      'Do it in a function of another kind.',
    );
  const fits = (grant: HttpGrant): boolean => covers(grant, method, url);
  const changes = (grant: HttpGrant): boolean => classOf(grant, method) === 'mutate';
  const live = grants.of(call.bundle.name, 'http').filter((grant) => fits(grant) && !isExpired(grant, now));
  const strictly = live.some(changes);
  const privately = live.some((grant) => grant.private && (!strictly || changes(grant)));
  return grantFor(
    context,
    'http',
    what,
    (grant) => fits(grant) && (!strictly || changes(grant)) && (!privately || grant.private),
    () => ({
      bundle: call.bundle.name,
      capability: 'http',
      class: isReading(method) ? 'observe' : 'mutate',
      origin: url.origin,
      methods: [method],
      pathPrefix: '/',
      private: false,
      reason: defaultReason(call),
    }),
  );
}

const isOrigin = (asked: string, { origin }: URL): boolean => URL.parse(asked)?.origin === origin;

/** A bundle never frames the message, nor stands in a secret's place. E_CAPABILITY_DENIED. */
function requireHeaders(
  { headers, method, body }: Args,
  injections: readonly Injection[],
  { call }: EffectContext,
): void {
  const places = injections.map(({ use }) => use.header.toLowerCase());
  for (const header of headers) {
    const wrong =
      problemOfHeader(header) ??
      (places.includes(header[0].toLowerCase())
        ? `the header ${header[0]}, which a secret is put into`
        : undefined);
    if (wrong !== undefined) throw denied(call, `send ${plain(wrong)}`, 'Leave that header out.');
  }
  if (new Set(places).size < places.length)
    throw denied(call, 'send two secrets in one header', 'Name one of them.');
  if (body !== undefined && isReading(method))
    throw denied(call, `send a body with ${method}`, 'Leave the body out.');
}

async function perform(first: Hop, args: Args, context: EffectContext): Promise<JsonValue> {
  const { call, now } = context;
  const left = Math.max(0, Math.min(args.timeoutMs ?? Number.POSITIVE_INFINITY, call.deadlineMs - now));
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(Math.ceil(left))]);
  // Opened once: what is sent is what is searched for. A command that gives one may take its time.
  const opening = Promise.all([
    Promise.all(first.injections.map(({ name }) => openSecret(name, context))),
    secretsToRedact(context),
  ]);
  const [sent, known] = await within(opening, Number.POSITIVE_INFINITY, signal).catch((thrown: unknown) => {
    throw signal.aborted
      ? failure(`${first.method} ${first.url.origin}`, 'its secrets took too long')
      : thrown;
  });
  const { text, bytes } = redactorOf([...sent, ...known]);
  let hop = first;
  for (let followed = 0; ; followed++) {
    const raw = await request(hop, sent, context, signal);
    // Before anything is done with it: not even a redirect carries a secret on.
    const answer: Answer = {
      code: raw.code,
      statusText: text(raw.statusText),
      headers: raw.headers.map(([name, value]) => [text(name), text(value)]),
      body: bytes(raw.body),
    };
    const target = args.redirect === 'manual' ? undefined : redirectOf(answer);
    if (target === undefined) return resultOf(hop, answer, followed > 0);
    const item = `${hop.method} ${hop.url.origin}`;
    if (args.redirect === 'error') throw failure(item, 'it redirects');
    if (followed === MAX_REDIRECTS) throw failure(item, `it redirects more than ${MAX_REDIRECTS} times`);
    hop = nextHop(hop, answer, target, first, context);
  }
}

/** One request, its secrets put in last, its addresses resolved and judged just before. */
async function request(
  hop: Hop,
  secrets: readonly Secret[],
  context: EffectContext,
  signal: AbortSignal,
): Promise<Answer> {
  const { method, url, body, grant } = hop;
  const item = `${method} ${url.origin}`;
  const addresses = await addressesOf(url.hostname, context.services.resolve, signal);
  if (addresses.length === 0) throw failure(item, 'its name leads nowhere');
  for (const reach of addresses.map(reachOf)) {
    if (reach === 'public' || (reach === 'private' && grant.private)) continue;
    const fix =
      reach === 'private'
        ? `Grant it with --private, if your own network is meant: signet grant --remove ${grantId(grant)}, then signet grant …`
        : 'What is there belongs to no one: ask for another origin.';
    throw denied(context.call, `request ${item}: it leads to an address that is not public`, fix);
  }
  const headers = [...hop.headers, ...hop.injections.map((one) => headerOf(one, secrets))];
  return exchange({
    method,
    url,
    headers,
    body,
    addresses,
    maxBytes: grant.maxBytes ?? MAX_HTTP_BYTES,
    signal,
  });
}

/** The request that a redirect leads to. E_CAPABILITY_DENIED where it may not be made. */
function nextHop(hop: Hop, { code }: Answer, location: string, first: Hop, context: EffectContext): Hop {
  const from = `follow the redirect of ${hop.url.origin}`;
  const next = redirected(hop, code, location);
  if (next === undefined)
    throw denied(context.call, `${from}: it leads to no http or https address`, DO_NOT_FOLLOW);
  const { method, url } = next;
  const grant = decide(method, url, context);
  if (classOf(grant, method) === 'mutate' && classOf(first.grant, first.method) === 'observe')
    throw denied(
      context.call,
      `${from} to ${describe(method, url)}: the first only observes, this is of class mutate`,
      DO_NOT_FOLLOW,
    );
  const injections = url.origin === hop.url.origin ? hop.injections : [];
  return { ...next, injections: injections.filter(({ use }) => covers(use, method, url)), grant };
}

function resultOf({ url }: Hop, { code, statusText, headers, body }: Answer, redirected: boolean): JsonValue {
  const fields = headers.map(([name, value]) => [name, value]);
  return { status: 'done', code, statusText, url: url.href, redirected, headers: fields, body: jsonOf(body) };
}

/** Text where the bytes are UTF-8 and that is no longer than base64, as text of control characters is. */
function jsonOf(body: Buffer): { text: string } | { base64: string } {
  if (isUtf8(body)) {
    const text = body.toString('utf8');
    if (JSON.stringify(text).length <= 2 + Math.ceil(body.length / 3) * 4 + MAX_GROWTH) return { text };
  }
  return { base64: body.toString('base64') };
}

const describe = (method: string, url: URL): string => `${method} ${plain(url.href, 4096)}`;

const describeBody = (body: Uint8Array | undefined): string =>
  body === undefined ? '' : ` with ${body.length} bytes, ${digestOf(sha256, body)}`;

const describeSecrets = (injections: readonly Injection[]): string =>
  injections.map(({ name, use }) => `, the secret ${name} in ${use.header}`).join('');

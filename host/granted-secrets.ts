// Which secrets a call may use, and how (DESIGN.md §4 "`secret`"; THREATS.md H11): asked for by the manifest, allowed to the kind,
// granted for exactly this use. Values leave here only into a header, a MAC, or the redactor.
import type { Secret } from '../keys/secret-store.ts';
import type { Grant } from '../src/contracts/config.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import { KINDS } from '../src/kinds/index.ts';
import {
  type CallContext,
  defaultReason,
  denied,
  type EffectContext,
  grantFor,
  requestsOf,
} from './capabilities/capability.ts';
import { grantId, isExpired } from './grants.ts';
import type { Header } from './http-headers.ts';
import { covers } from './http-scope.ts';

type SecretGrant = Extract<Grant, { capability: 'secret' }>;
type SecretUse = SecretGrant['use'];
export type HttpUse = Extract<SecretUse, { http: unknown }>['http'];
export type MacUse = Extract<SecretUse, { mac: unknown }>['mac'];

/** A secret that will be put into a request, and its place. */
export interface Injection {
  readonly name: string;
  readonly use: HttpUse;
  /** `grantId` of the grant that allows it. */
  readonly grant: string;
}

/** Where the secret goes in such a request. E_CAPABILITY_DENIED unless it is asked for, allowed and granted for it. */
export function injectionFor(name: string, method: string, url: URL, context: EffectContext): Injection {
  const { call } = context;
  const what = `send the secret ${name} with ${method} ${url.origin}`;
  requireAsked(name, what, call);
  const { origin } = url;
  const http = { origin, methods: [method], pathPrefix: '/', header: 'Authorization', format: 'Bearer {}' };
  const grant = grantFor(
    context,
    'secret',
    what,
    (grant) => grant.name === name && 'http' in grant.use && covers(grant.use.http, method, url),
    () => draftOf(call, name, { http }),
  );
  const { use } = grant;
  // That is what was looked for.
  if (!('http' in use)) throw new SignetError('E_INTERNAL', 'the grant of a secret changed its use');
  return { name, use: use.http, grant: grantId(grant) };
}

/** How the secret may verify MACs; its id. E_CAPABILITY_DENIED as above. */
export function macGrantOf(name: string, algorithm: MacUse['algorithms'][number], context: EffectContext) {
  const { call } = context;
  const what = `verify a ${algorithm} of the secret ${name}`;
  requireAsked(name, what, call);
  const grant = grantFor(
    context,
    'secret',
    what,
    (one) => one.name === name && 'mac' in one.use && one.use.mac.algorithms.includes(algorithm),
    () => draftOf(call, name, { mac: { algorithms: [algorithm] } }),
  );
  return { grant, action: what };
}

/** The secret itself. E_SECRET, which says why no further than its code does: what is wrong is the operator's to see. */
export async function openSecret(name: string, { services }: EffectContext): Promise<Secret> {
  try {
    return await services.secrets.open(name);
  } catch (thrown) {
    const { code, fix } = asSignetError(thrown);
    throw new SignetError('E_SECRET', `the secret ${name} cannot be used: ${code}`, { item: name, fix });
  }
}

/**
 * Every secret that what comes back to this bundle is searched for: those that it was granted, in this request or not, since an
 * origin may remember one.
 */
export async function secretsToRedact({ call, grants, now, services }: EffectContext): Promise<Secret[]> {
  const live = grants.of(call.bundle.name, 'secret').filter((grant) => !isExpired(grant, now));
  const names = new Set(live.map(({ name }) => name));
  const known = await Promise.all([...names].map((name) => services.secrets.known(name)));
  return known.filter((secret) => secret !== undefined);
}

/** The header that carries the secret, which is one of those that were opened. */
export function headerOf({ name, use }: Injection, opened: readonly Secret[]): Header {
  const secret = opened.find((one) => one.name === name);
  if (secret === undefined) throw new SignetError('E_INTERNAL', `the secret ${name} was not opened`);
  return [use.header, use.format.replace('{}', () => secret.value)];
}

function requireAsked(name: string, what: string, call: CallContext): void {
  if (KINDS[call.kind].ceiling.secret === undefined)
    throw denied(call, `${what}: no ${call.kind} may`, 'Do it in a function of another kind.');
  if (!requestsOf(call, 'secret').some(({ names }) => names.includes(name)))
    throw denied(
      call,
      `${what}: its manifest names other secrets`,
      'Name it under "names" of secret in plugin.json.',
    );
}

const draftOf = (call: CallContext, name: string, use: SecretUse) => ({
  bundle: call.bundle.name,
  capability: 'secret' as const,
  class: 'observe' as const,
  name,
  use,
  reason: defaultReason(call),
});

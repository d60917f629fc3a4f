// `fetch` as a thin face of the effect `http`: the host resolves, connects, follows redirects and checks every hop against the
// grants. It acts for the call that runs; a dry run changes nothing and says so.
import { effectError } from '../effects.ts';
import { host } from './host.ts';
import { type Exchanged, payloadOf, Request, type RequestOptions, Response } from './message.ts';

type Answer =
  | ({ readonly status: 'done' } & Exchanged)
  | { readonly status: 'would'; readonly action: string };

/**
 * Rejects with a TypeError whose `cause` has a `code` where the exchange was refused or failed, with the signal's reason where
 * that aborts, and with E_DRY_RUN where a dry run would have changed something.
 */
export async function fetch(input: unknown, options?: RequestOptions): Promise<Response> {
  const request = new Request(input, options);
  const { method, url, redirect, signal, secrets } = request;
  signal.throwIfAborted();
  const headers = [...request.headers];
  const exchange = host().request('http', {
    ...{ method, url, headers, redirect, secrets },
    body: payloadOf(request),
  });
  if (exchange === undefined) throw new TypeError('fetch failed: it acts inside a call only');
  const answer = (await orAborted(exchange, signal)) as Answer;
  if (answer.status === 'would') throw effectError('E_DRY_RUN', `not done in a dry run: ${answer.action}`);
  return Response.received(answer);
}

function orAborted(exchange: Promise<unknown>, signal: Request['signal']): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    exchange
      .then(resolve, (cause: Error) => reject(new TypeError(`fetch failed: ${cause.message}`, { cause })))
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

// `fetch` as the effect `http`: what is asked for, what comes back, what is refused.
import { beforeEach, expect, it } from 'vitest';
import { effectError } from '../../../../host/guest/effects.ts';
import { AbortController, AbortSignal } from '../../../../host/guest/web/abort.ts';
import { fetch } from '../../../../host/guest/web/fetch.ts';
import { Request } from '../../../../host/guest/web/message.ts';
import { fakeHost } from './fake-host.ts';

const DONE = {
  status: 'done',
  code: 200,
  statusText: 'OK',
  url: 'https://e.org/',
  redirected: false,
  headers: [['content-type', 'application/json']],
  body: { text: '{"a":1}' },
};
const host = fakeHost();
beforeEach(() => {
  host.use();
  host.asked.length = 0;
  host.answer = async () => DONE;
});

it('asks for one exchange and gives its response', async () => {
  const response = await fetch('https://e.org/', {
    method: 'post',
    headers: { 'X-A': '1' },
    body: 'x',
    redirect: 'manual',
    secrets: ['KEY'],
  });
  expect([response.ok, response.url, await response.json()]).toEqual([true, 'https://e.org/', { a: 1 }]);
  expect(host.asked).toEqual([
    [
      'http',
      {
        method: 'POST',
        url: 'https://e.org/',
        headers: [
          ['content-type', 'text/plain;charset=UTF-8'],
          ['x-a', '1'],
        ],
        body: { text: 'x' },
        redirect: 'manual',
        secrets: ['KEY'],
      },
    ],
  ]);
  await fetch(new URL('https://e.org/x'));
  await fetch(new Request('https://e.org/y'));
  expect(host.asked.slice(1).map(([, args]) => (args as { url: string }).url)).toEqual([
    'https://e.org/x',
    'https://e.org/y',
  ]);
});

it('rejects as a network error does, with the reason as its cause', async () => {
  host.answer = () => Promise.reject(effectError('E_CAPABILITY_DENIED', 'e.org is not granted'));
  const failure: TypeError = await fetch('https://e.org/').catch((thrown) => thrown);
  expect(failure).toBeInstanceOf(TypeError);
  expect([failure.message, failure.cause]).toMatchObject([
    'fetch failed: e.org is not granted',
    { code: 'E_CAPABILITY_DENIED' },
  ]);
});

it('rejects outside a call, and before it asks for anything that is no request', async () => {
  host.answer = undefined;
  await expect(fetch('https://e.org/')).rejects.toThrow(/inside a call/);
  host.asked.length = 0;
  await expect(fetch('https://e.org/', { body: 'x' })).rejects.toThrow(TypeError);
  expect(host.asked).toEqual([]);
});

it('says in a dry run what was not done', async () => {
  host.answer = async () => ({ status: 'would', action: 'POST https://e.org/' });
  await expect(fetch('https://e.org/', { method: 'POST' })).rejects.toMatchObject({
    code: 'E_DRY_RUN',
    message: 'not done in a dry run: POST https://e.org/',
  });
});

it('is aborted before it began, and while it waits', async () => {
  await expect(fetch('https://e.org/', { signal: AbortSignal.abort('early') })).rejects.toBe('early');
  expect(host.asked).toEqual([]);
  host.answer = () => new Promise(() => undefined);
  const controller = new AbortController();
  const waiting = fetch('https://e.org/', { signal: controller.signal });
  controller.abort('late');
  await expect(waiting).rejects.toBe('late');
});

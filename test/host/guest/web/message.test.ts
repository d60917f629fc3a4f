// Requests and responses: their bodies are read once, in any form.
import { expect, it } from 'vitest';
import { payloadOf, Request, Response } from '../../../../host/guest/web/message.ts';

it('reads a body in any form, whatever it was made of', async () => {
  const bodies = ['ä', new TextEncoder().encode('ä'), new TextEncoder().encode('ä').buffer];
  for (const body of bodies) {
    const make = () => new Response(body);
    expect(await make().text()).toBe('ä');
    expect([...(await make().bytes())]).toEqual([0xc3, 0xa4]);
    expect((await make().arrayBuffer()).byteLength).toBe(2);
    const pieces: Uint8Array[] = [];
    for await (const piece of make().body!) pieces.push(piece);
    expect(pieces.map((piece) => [...piece])).toEqual([[0xc3, 0xa4]]);
  }
  expect(await new Response('{"a":[1]}').json()).toEqual({ a: [1] });
  expect([await new Response().text(), new Response().body]).toEqual(['', null]);
});

it('reads it once; a clone has its own', async () => {
  const response = new Response('x', { status: 201, headers: { a: '1' } });
  const copy = response.clone();
  expect([await response.text(), response.bodyUsed, copy.bodyUsed]).toEqual(['x', true, false]);
  await expect(response.text()).rejects.toThrow(TypeError);
  expect(() => response.clone()).toThrow(TypeError);
  expect([await copy.text(), copy.status, copy.headers.get('a')]).toEqual(['x', 201, '1']);
  const reader = new Response('xy').body!.getReader();
  expect((await reader.read()).value?.length).toBe(2);
  expect(await reader.read()).toEqual({ done: true, value: undefined });
});

it('keeps the bytes that it was given, not the array', async () => {
  const bytes = Uint8Array.of(65);
  const response = new Response(bytes);
  bytes[0] = 66;
  expect(await response.text()).toBe('A');
});

it('says what it is made of', () => {
  expect(new Response('x').headers.get('content-type')).toBe('text/plain;charset=UTF-8');
  expect(new Response(new URLSearchParams({ a: 'b c' })).headers.get('content-type')).toBe(
    'application/x-www-form-urlencoded;charset=UTF-8',
  );
  expect(new Response('x', { headers: { 'Content-Type': 'y' } }).headers.get('content-type')).toBe('y');
  expect(Response.json({ a: 1 }).headers.get('content-type')).toBe('application/json');
  expect(Response.redirect('https://e.org/', 307).headers.get('location')).toBe('https://e.org/');
  expect([new Response('', { status: 299 }).ok, new Response('', { status: 300 }).ok]).toEqual([true, false]);
});

it.each([
  ['a status that is none', () => new Response('', { status: 99 }), RangeError],
  ['a body where there is none', () => new Response('x', { status: 204 }), TypeError],
  ['a redirect that is none', () => Response.redirect('/', 200), RangeError],
  ['a GET with a body', () => new Request('https://e.org/', { body: 'x' }), TypeError],
])('refuses %s', (_, make, type) => {
  expect(make).toThrow(type);
});

it('takes over a request, and changes what is given anew', () => {
  const signal = new AbortController().signal as never;
  const first = new Request('https://e.org/', {
    method: 'post',
    body: 'x',
    headers: { a: '1' },
    signal,
    secrets: ['K'],
  });
  const copy = first.clone();
  const second = new Request(first, { headers: { b: '2' } });
  expect([first.bodyUsed, copy.bodyUsed]).toEqual([true, false]);
  expect([second.method, second.url, second.signal, second.secrets]).toEqual([
    'POST',
    'https://e.org/',
    signal,
    ['K'],
  ]);
  expect([second.headers.has('a'), second.headers.get('b')]).toEqual([false, '2']);
  expect(payloadOf(second)).toEqual({ text: 'x' });
  expect(payloadOf(new Request('u', { method: 'PUT', body: Uint8Array.of(255) }))).toEqual({
    base64: '/w==',
  });
  expect(payloadOf(new Request('u'))).toBe(undefined);
  expect(new Request('u', { method: 'propfind' }).method).toBe('propfind');
});

it('is what an exchange gave', async () => {
  const given = {
    code: 200,
    statusText: 'OK',
    url: 'https://e.org/b',
    redirected: true,
    headers: [['a', '1']] as [string, string][],
  };
  const response = Response.received({ ...given, body: { base64: '/w==' } });
  expect([
    response.status,
    response.statusText,
    response.url,
    response.redirected,
    [...response.headers],
  ]).toEqual([200, 'OK', 'https://e.org/b', true, [['a', '1']]]);
  expect(response.clone().url).toBe('https://e.org/b');
  expect([...(await response.bytes())]).toEqual([255]);
  expect(await Response.received({ ...given, body: { text: 'ä' } }).text()).toBe('ä');
  const empty = Response.received({ ...given, code: 304, body: { text: '' } });
  expect([empty.status, empty.body]).toEqual([304, null]);
});

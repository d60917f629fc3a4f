// What follows from a redirect, row by row as the Fetch standard has it.
import { expect, test } from 'vitest';
import { redirected, redirectOf } from '../../host/http-redirect.ts';

const from = (method: string, body?: string) => ({
  method,
  url: new URL('https://api.example.com/a/b?q'),
  headers: [
    ['Authorization', 'mine'],
    ['COOKIE', 'c'],
    ['Content-Type', 'text/plain'],
    ['X-Own', 'o'],
  ] as const,
  body: body === undefined ? undefined : Buffer.from(body),
});
const answer = (code: number, location?: string) => ({
  code,
  statusText: '',
  headers: location === undefined ? [] : [['LOCATION', location] as const],
  body: Buffer.alloc(0),
});

test.each([300, 304, 305, 306, 200, 201, 400])('%s is none', (code) => {
  expect(redirectOf(answer(code, '/x'))).toBeUndefined();
});
test.each([301, 302, 303, 307, 308])('%s is one, where it says where to', (code) => {
  expect(redirectOf(answer(code, '/x'))).toBe('/x');
  expect(redirectOf(answer(code))).toBeUndefined();
  // Latin-1 as it came, UTF-8 as it was meant.
  expect(redirectOf(answer(code, Buffer.from('/ä').toString('latin1')))).toBe('/ä');
});

// code | method | the method that follows | is the body kept
test.each<[number, string, string, boolean]>([
  [301, 'POST', 'GET', false],
  [302, 'POST', 'GET', false],
  [303, 'POST', 'GET', false],
  [307, 'POST', 'POST', true],
  [308, 'POST', 'POST', true],
  [301, 'PUT', 'PUT', true],
  [302, 'DELETE', 'DELETE', true],
  [303, 'PUT', 'GET', false],
  [303, 'HEAD', 'HEAD', true],
  [301, 'HEAD', 'HEAD', true],
  [303, 'GET', 'GET', true],
])('%s of %s is %s', (code, method, follows, kept) => {
  const next = redirected(from(method, 'body'), code, 'c');
  expect(next).toMatchObject({ method: follows, url: new URL('https://api.example.com/a/c') });
  expect(next?.body?.toString()).toBe(kept ? 'body' : undefined);
  expect(next?.headers.some(([name]) => name === 'Content-Type')).toBe(kept);
  expect(next?.headers).toContainEqual(['Authorization', 'mine']);
});

test('to another origin goes nothing that was meant for the first', () => {
  for (const location of [
    'https://other.example/',
    'http://api.example.com/',
    'https://api.example.com:444/',
  ])
    expect(redirected(from('GET'), 307, location)?.headers).toEqual([
      ['Content-Type', 'text/plain'],
      ['X-Own', 'o'],
    ]);
});

test.each(['file:///etc/passwd', 'data:,x', 'https://ann:pw@api.example.com/', 'http://', 'javascript:0'])(
  '%s is nowhere to follow to',
  (location) => expect(redirected(from('GET'), 302, location)).toBeUndefined(),
);

// THREATS.md H10: what an HTTP grant covers, and nothing that only looks like it.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classOf, covers, isReading, parseTarget, readsBeside } from '../../host/http-scope.ts';

const url = (text: string): URL => parseTarget(text) ?? new URL('http://none.invalid');
const scope = (more: object = {}) => ({
  origin: 'https://api.example.com',
  methods: ['GET'],
  pathPrefix: '/',
  ...more,
});

test.each([
  'api.example.com',
  '//api.example.com/',
  'file:///etc/passwd',
  'data:text/plain,x',
  'ftp://api.example.com/',
  'javascript:alert(1)',
  'blob:https://api.example.com/x',
  'https://ann@api.example.com/',
  'https://ann:pw@api.example.com/',
  'https://:pw@api.example.com/',
  'https://@evil.example@api.example.com/',
  'https://api.example.com:99999/',
  'https://api example.com/',
  'https:// /',
  '',
])('%j is no target', (text) => expect(parseTarget(text)).toBeUndefined());

test('a target is its one spelling, without its fragment', () => {
  expect(parseTarget('HTTPS://API.Example.com:443/a/../b?q#f')?.href).toBe('https://api.example.com/b?q');
  expect(parseTarget('/c', new URL('https://api.example.com/b'))?.href).toBe('https://api.example.com/c');
});

describe('another origin than was granted', () => {
  test.each([
    'http://api.example.com/',
    'https://api.example.com:8443/',
    'https://api.example.com.evil.example/',
    'https://evil.example/https://api.example.com/',
    'https://api.example.com@evil.example/',
    'https://api.example.com./',
    'https://xapi.example.com/',
    'https://example.com/',
    'https://api.example.com%2eevil.example/',
    'https://api。example.com.evil.example/',
    'https://evil.example\\@api.example.com/',
  ])('%s', (text) => expect(covers(scope(), 'GET', url(text))).toBe(false));
  test.each([
    'https://api.example.com/',
    'https://API.EXAMPLE.COM:443/x?y',
    'https://api。example。com/',
    'https:\\\\api.example.com\\x',
  ])('its twin %s', (text) => expect(covers(scope(), 'GET', url(text))).toBe(true));
});

test('another method', () => {
  for (const method of ['POST', 'HEAD', 'get', 'GET ', ''])
    expect(covers(scope(), method, url('https://api.example.com/'))).toBe(false);
});

describe('a path beyond the prefix', () => {
  const at = (path: string, pathPrefix = '/v1/users/'): boolean =>
    covers(scope({ pathPrefix }), 'GET', url(`https://api.example.com${path}`));
  test.each([
    '/',
    '/v1',
    '/v1/users',
    '/v1/usersx/',
    '/V1/users/x',
    '/v1/users/../admin',
    '/v1/users/%2e%2e/admin',
    '/v1/users/.%2E/admin',
    '/v1/users/..%2fadmin',
    '/v1/users/%2e%2e%2fadmin',
    '/v1/users/..\\admin',
    '/v1/users/..%5cadmin',
    '/v1/users/%252e%252e/admin',
    '/v1/users/%252e%252e%252fadmin',
    '/v1/users/..;/admin',
    '/v1/users/..;x=y/admin',
    '/v1/users/.;/x',
    '/v1/users/%2e%2e;/admin',
    '/v1/users/a%00b',
    '/v1/users/a%0ab',
    '/v1/users/%ff',
    '/v1/users/%zz',
    '/v1/users/%',
    '/v1%2fusers/x',
    '/x/../v2/users/',
    '//v1/users/x',
  ])('%s', (path) => expect(at(path)).toBe(false));
  test.each([
    '/v1/users/',
    '/v1/users/a',
    '/v1/users/a/b?../../admin',
    '/v1/users/a#/../admin',
    '/v1/users/a%20b;c',
    '/v1/users//a',
    '/v1/%75sers/a',
    '/x/../v1/users/a',
    '/v1/users/...',
    '/v1/users/%C3%A4',
  ])('its twin %s', (path) => expect(at(path)).toBe(true));
  test('without a slash at its end a prefix is also itself, and never half a segment', () => {
    for (const path of ['/v1', '/v1/', '/v1/x']) expect(at(path, '/v1')).toBe(true);
    for (const path of ['/v12', '/v', '/v1x/']) expect(at(path, '/v1')).toBe(false);
  });
  test('whatever is covered is below the prefix for who decodes once, twice, or not at all', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '%2e',
      '%2E',
      '%252e',
      '/',
      '%2f',
      '%5c',
      '\\',
      ';',
      'v1',
      'a',
      '%',
      '%25',
      '//',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = url(`https://api.example.com/v1/${pieces.join('')}`);
        if (!covers(scope({ pathPrefix: '/v1/' }), 'GET', target)) return;
        let path = target.pathname;
        for (let round = 0; round < 3; round++) {
          const segments = path
            .replaceAll('\\', '/')
            .split('/')
            .map((segment) => segment.split(';')[0]);
          expect(segments.slice(0, 2)).toEqual(['', 'v1']);
          expect(segments.includes('..')).toBe(false);
          path = decodeURIComponent(path);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

test('the grant sets the class; GET and HEAD beside methods that mutate observe', () => {
  expect(isReading('GET') && isReading('HEAD') && !isReading('OPTIONS') && !isReading('POST')).toBe(true);
  // class | methods | method | class of the effect
  for (const [grant, methods, method, expected] of [
    ['observe', ['GET'], 'GET', 'observe'],
    ['mutate', ['GET'], 'GET', 'mutate'],
    ['mutate', ['GET', 'POST'], 'GET', 'observe'],
    ['mutate', ['GET', 'POST'], 'POST', 'mutate'],
    ['mutate', ['POST'], 'POST', 'mutate'],
    ['observe', ['POST'], 'POST', 'observe'],
    ['observe', ['GET', 'POST'], 'POST', 'observe'],
  ] as const)
    expect(classOf({ class: grant, methods }, method), `${grant} ${methods} ${method}`).toBe(expected);
  expect(readsBeside({ class: 'mutate', methods: ['HEAD', 'PUT'] })).toBe(true);
  expect(readsBeside({ class: 'observe', methods: ['HEAD', 'PUT'] })).toBe(false);
});

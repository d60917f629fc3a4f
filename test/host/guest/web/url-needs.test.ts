// What the URL implementation imports.
import { expect, it } from 'vitest';
import { any, toASCII, USVString } from '../../../../host/guest/web/url-needs.ts';

it('takes hosts of ASCII only, in lower case', () => {
  expect(['EX.org', 'xn--mller-kva.de', 'müller.de', ''].map((host) => toASCII(host))).toEqual([
    'ex.org',
    'xn--mller-kva.de',
    null,
    '',
  ]);
});

it('makes well-formed texts of everything but symbols', () => {
  expect([USVString(1), USVString('a\ud800'), any(3)]).toEqual(['1', 'a\ufffd', 3]);
  expect(() => USVString(Symbol('s'), { context: 'It' })).toThrow(/^It is a symbol/);
});

// URLs in a real isolate, compared with Node's own, which pass the tests of the standard.
import { runInThisContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bundleOf, callOptions, closeAfterEach, openGuest, supervise } from '../../guest-fixture.ts';

closeAfterEach();

const PARTS = [
  'href',
  'origin',
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
];
const DESCRIBE = `([input,base,set])=>{try{const url=new URL(input,base??undefined);
  for(const [key,value] of set)url[key]=value;
  return [...${JSON.stringify(PARTS)}.map(key=>url[key]),[...url.searchParams],URL.canParse(input)]}catch(e){return e.constructor.name}}`;
const describeHere = runInThisContext(DESCRIBE) as (one: unknown) => unknown;

const piece = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      'http',
      'https',
      'file',
      'foo',
      ':',
      '/',
      '//',
      '\\',
      '@',
      '?',
      '#',
      '.',
      '..',
      '%2e',
    ),
    weight: 6,
  },
  {
    arbitrary: fc.constantFrom(
      'e.org',
      '127.1',
      '0x7f.1',
      '[::1]',
      '[1::8]',
      ':80',
      ':443',
      ':99999',
      'a:b',
      'C|',
      '%zz',
      ' ',
    ),
    weight: 4,
  },
  fc.stringMatching(/^[ -~]{0,3}$/),
);
const messy = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''));
const setter = fc.tuple(fc.constantFrom(...PARTS.filter((part) => part !== 'origin')), messy);
const cases = fc.tuple(
  fc.oneof(
    messy,
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.tuple(fc.constant('http://'), messy).map((parts) => parts.join('')),
  ),
  fc.option(fc.constantFrom('http://e.org/a/b?c#d', 'file:///a/b', 'foo:bar', 'nonsense')),
  fc.array(setter, { maxLength: 2 }),
);

it('parses and changes as Node does', async () => {
  const guest = await openGuest(supervise(), bundleOf({ run: `(cases)=>cases.map(${DESCRIBE})` }));
  const wrong: unknown[] = [];
  const many = fc.sample(cases, 3_000);
  const inside = JSON.parse(await guest.call('skill/run', JSON.stringify(many), callOptions())) as unknown[];
  for (const [index, one] of many.entries()) {
    const here = describeHere(one);
    if (JSON.stringify(inside[index]) !== JSON.stringify(here)) wrong.push([one, inside[index], here]);
  }
  expect(wrong).toEqual([]);
});

it('refuses international host names, and takes them in punycode', async () => {
  const guest = await openGuest(
    supervise(),
    bundleOf({ run: `(cases)=>cases.map(${DESCRIBE}).map(x=>typeof x==='string'?x:x[5])` }),
  );
  const hosts = [
    ['http://xn--mller-kva.de/', null, []],
    ['http://müller.de/', null, []],
    ['http://e.org/ü', null, []],
  ];
  expect(JSON.parse(await guest.call('skill/run', JSON.stringify(hosts), callOptions()))).toEqual([
    'xn--mller-kva.de',
    'TypeError',
    'e.org',
  ]);
});

// Well-known libraries, bundled by the real build, at work in the real isolate (DESIGN.md §4 "Guest"): none needs Node.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AskedEffect, openTestBundle, type TestBundle } from '../../../sdk/testing.ts';

let bundle: TestBundle;
beforeAll(async () => {
  bundle = await openTestBundle(join(import.meta.dirname, 'libraries'), answer);
});
afterAll(() => bundle?.close());

let flaky = 0;

/** The network as ky meets it. */
function answer({ capability, args }: AskedEffect): unknown {
  if (capability !== 'http') return null;
  const { url, body } = args as { url: string; body?: { text: string } };
  const done = (code: number, text: string, type = 'application/json') => ({
    ...{ status: 'done', code, statusText: '', url, redirected: false },
    headers: [['content-type', type]],
    body: { text },
  });
  if (url.endsWith('/slow')) return new Promise(() => undefined);
  if (url.endsWith('/missing')) return done(404, '{}');
  if (url.endsWith('/flaky')) return ++flaky < 3 ? done(503, '') : done(200, `after ${flaky}`, 'text/plain');
  return done(200, JSON.stringify({ url, sent: JSON.parse(body?.text ?? 'null') }));
}

it.each([
  ['dayjs', { month: '2026-02-28', ago: '3 days ago', now: true, valid: false }],
  [
    'lodash',
    {
      chunks: [[1, 2], [3]],
      groups: { '3': ['one', 'two'], '5': ['three'] },
      merged: { a: { b: 1, c: 2 } },
      polluted: null,
      cloned: [5, '/x/g'],
      calls: 2,
      compiled: 'code cannot be made from strings here',
    },
  ],
  ['nanoid', { many: 1_000, formed: true, digits: true }],
  [
    'marked',
    {
      html: '<h1>One</h1>\n<ul>\n<li><em>a</em> &amp; <code>b</code></li>\n<li><a href="https://e.org/?x=%C3%A4">c</a></li>\n</ul>\n',
    },
  ],
  [
    'papaparse',
    {
      data: [
        { name: 'A;1', note: 'two\nlines' },
        { name: 'B', note: '' },
      ],
      errors: [],
      text: 'a,b\r\n1,"x,""y"""',
    },
  ],
  ['xml', { parsed: { r: { i: ['x & y', '<z>'], '@a': '1' } }, built: '<r a="1"><i>x &amp; y</i></r>' }],
  ['semver', { sorted: ['1.10.0', '1.2.3', '1.2.3-beta.2'], max: '1.5.1', next: '1.2.4-rc.0' }],
  ['uuid', { versions: [4, 7], valid: true, named: '8e3c2ad6-9208-5372-98e4-34b595517f81', time: true }],
  ['immer', { before: [false, 1], after: [true, 2], frozen: true }],
  ['p_limit', { results: [0, 1, 2, 3, 4, 5], most: 2 }],
  ['mustache', { text: '&lt;a&gt;=<b>;none' }],
  ['decimal', { sum: '0.3', root: '1.41421356237309504880168872420969807857', random: true }],
  [
    'ky',
    {
      posted: { url: 'https://api.example.com/v1/items?q=%C3%A4', sent: { a: 1 } },
      flaky: 'after 3',
      failed: [404, 'GET'],
      timedOut: 'TimeoutError',
    },
  ],
] as const)('%s', async (name, expected) => {
  expect(await bundle.call(`skill/${name}`, {})).toEqual(expected);
});

it('console lines reach the log', () => {
  const lines = bundle.asked.filter(({ capability }) => capability === 'log.lines');
  expect(lines.map(({ args }) => args)).toEqual([
    { lines: [{ level: 'warn', message: 'ky done {dry: false}' }] },
  ]);
});

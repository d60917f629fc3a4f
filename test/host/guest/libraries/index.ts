// Well-known libraries that need no Node, each doing what it is known for; libraries.test.ts says what must come out.
import dayjs from 'dayjs';
import relativeTime from 'dayjs/plugin/relativeTime.js';
import utc from 'dayjs/plugin/utc.js';
import { Decimal } from 'decimal.js';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { enableMapSet, produce } from 'immer';
import ky, { isHTTPError } from 'ky';
import { chunk, cloneDeep, debounce, groupBy, merge, template, throttle } from 'lodash-es';
import { marked } from 'marked';
import mustache from 'mustache';
import { customAlphabet, nanoid } from 'nanoid';
import pLimit from 'p-limit';
import papaparse from 'papaparse';
import semver from 'semver';
import { type Context, definePlugin, provide } from 'signet-host/plugin';
import { v4, v5, v7, validate, version } from 'uuid';
import { z } from 'zod';

const value = z.record(z.string(), z.unknown());

const does = (name: string, run: (ctx: Context) => unknown) =>
  provide({
    kind: 'skill',
    name,
    description: `what ${name} is known for`,
    input: z.object({}),
    output: value,
    run: async (_, ctx) => (await run(ctx)) as Record<string, unknown>,
  });

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

export default definePlugin([
  does('dayjs', () => {
    dayjs.extend(utc);
    dayjs.extend(relativeTime);
    const day = dayjs.utc('2026-01-31T12:30:00Z');
    return {
      month: day.add(1, 'month').format('YYYY-MM-DD'),
      ago: day.from(dayjs.utc('2026-02-03T12:30:00Z')),
      now: dayjs().valueOf() === Date.now(),
      valid: dayjs('nonsense').isValid(),
    };
  }),
  does('lodash', async () => {
    let calls = 0;
    const late = debounce(() => ++calls, 20);
    const often = throttle(() => ++calls, 1_000);
    late();
    late();
    often();
    often();
    await pause(30);
    const made = cloneDeep({ at: new Date(5), list: [new Map([[1, /x/g]])] });
    let compiled = 'compiled';
    try {
      template('<%= x %>')({ x: 1 });
    } catch (error) {
      compiled = (error as Error).message;
    }
    return {
      chunks: chunk([1, 2, 3], 2),
      groups: groupBy(['one', 'two', 'three'], 'length'),
      merged: merge({ a: { b: 1 } }, JSON.parse('{"__proto__":{"polluted":1},"a":{"c":2}}')),
      polluted: ({} as { polluted?: number }).polluted ?? null,
      cloned: [made.at.getTime(), String(made.list[0]?.get(1))],
      calls,
      compiled,
    };
  }),
  does('nanoid', () => {
    const many = new Set(Array.from({ length: 1_000 }, () => nanoid()));
    return {
      many: many.size,
      formed: [...many].every((id) => /^[\w-]{21}$/.test(id)),
      digits: /^\d{12}$/.test(customAlphabet('0123456789', 12)()),
    };
  }),
  does('marked', () => ({ html: marked.parse('# One\n\n- *a* & `b`\n- [c](https://e.org/?x=ä)\n') })),
  does('papaparse', () => {
    const { data, errors } = papaparse.parse('name;note\n"A;1";"two\nlines"\nB;\n', {
      header: true,
      skipEmptyLines: true,
    });
    return { data, errors, text: papaparse.unparse([{ a: 1, b: 'x,"y"' }]) };
  }),
  does('xml', () => {
    const options = { ignoreAttributes: false, attributeNamePrefix: '@' };
    const parsed = new XMLParser(options).parse('<r a="1"><i>x &amp; y</i><i><![CDATA[<z>]]></i></r>');
    return { parsed, built: new XMLBuilder(options).build({ r: { '@a': 1, i: ['x & y'] } }) };
  }),
  does('semver', () => ({
    sorted: semver.rsort(['1.2.3', '1.10.0', '1.2.3-beta.2']),
    max: semver.maxSatisfying(['1.4.0', '1.5.1', '2.0.0'], '^1.4'),
    next: semver.inc('1.2.3', 'prerelease', 'rc'),
  })),
  does('uuid', () => {
    const [one, two] = [v4(), v7()];
    return {
      versions: [version(one), version(two)],
      valid: validate(one) && validate(two),
      named: v5('https://e.org/', v5.URL),
      time: Number.parseInt(two.slice(0, 8) + two.slice(9, 13), 16) === Date.now(),
    };
  }),
  does('immer', () => {
    enableMapSet();
    const before = { list: [{ done: false }], tags: new Set(['a']) };
    const after = produce(before, (draft) => {
      const first = draft.list[0];
      if (first !== undefined) first.done = true;
      draft.tags.add('b');
    });
    return {
      before: [before.list[0]?.done, before.tags.size],
      after: [after.list[0]?.done, after.tags.size],
      frozen: Object.isFrozen(after),
    };
  }),
  does('p_limit', async () => {
    const limit = pLimit(2);
    let running = 0;
    let most = 0;
    const work = Array.from({ length: 6 }, (_, index) =>
      limit(async () => {
        most = Math.max(most, ++running);
        await pause(5 * (6 - index));
        running--;
        return index;
      }),
    );
    return { results: await Promise.all(work), most };
  }),
  does('mustache', () => ({
    text: mustache.render('{{#items}}{{name}}={{{raw}}};{{/items}}{{^none}}none{{/none}}', {
      items: [{ name: '<a>', raw: '<b>' }],
    }),
  })),
  does('decimal', () => {
    Decimal.set({ precision: 40 });
    return {
      sum: new Decimal('0.1').plus('0.2').toString(),
      root: new Decimal(2).sqrt().toString(),
      random: Decimal.random(20).lt(1),
    };
  }),
  does('ky', async (ctx) => {
    const api = ky.create({ baseUrl: 'https://api.example.com/v1/', retry: { limit: 2, delay: () => 10 } });
    const posted = await api.post('items', { json: { a: 1 }, searchParams: { q: 'ä' } }).json();
    const flaky = await api.get('flaky').text();
    let failed: unknown;
    try {
      await api.get('missing');
    } catch (error) {
      failed = isHTTPError(error) ? [error.response.status, error.request.method] : String(error);
    }
    let timedOut: unknown;
    try {
      await api.get('slow', { timeout: 50, retry: 0 });
    } catch (error) {
      timedOut = (error as Error).name;
    }
    console.warn('%s done', 'ky', { dry: ctx.dryRun });
    return { posted, flaky, failed, timedOut };
  }),
]);

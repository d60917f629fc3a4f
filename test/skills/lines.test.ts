import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestBundle, type TestBundle } from '../../sdk/testing.ts';

let bundle: TestBundle;
beforeAll(async () => {
  bundle = await openTestBundle(new URL('../../skills/lines', import.meta.url).pathname);
});
afterAll(() => bundle.close());

const parse = (raw: string, ...declared: string[]) =>
  bundle.call('parser/line_contains_identifier', { raw, declared }) as Promise<{
    observed: string[];
    ambiguous: { id: string; reason: string }[];
  }>;

const DREAMS = ['kb_dream.sh', 'kb_dream.sh --map-sources', 'kb_dream.sh --map-notes'];

test('an identifier counts where a line contains it', async () => {
  expect(await parse('0 1 * * * bash ~/a.sh\nother', 'a.sh', 'b.sh')).toEqual({
    observed: ['a.sh'],
    ambiguous: [],
  });
});

test('a commented-out line is not present', async () => {
  expect((await parse('  # 0 1 * * * bash ~/a.sh\n#a.sh', 'a.sh')).observed).toEqual([]);
});

test('a line counts for the longest identifier it contains; what the plain test would also count is named ambiguous', async () => {
  const { observed, ambiguous } = await parse('x kb_dream.sh --map-notes y', ...DREAMS);
  expect(observed).toEqual(['kb_dream.sh --map-notes']);
  expect(ambiguous).toEqual([
    { id: 'kb_dream.sh', reason: expect.stringContaining('kb_dream.sh --map-notes') },
  ]);
});

test('with a line of its own the shorter one counts and nothing is ambiguous', async () => {
  const { observed, ambiguous } = await parse('kb_dream.sh --map-notes\nkb_dream.sh >> log', ...DREAMS);
  expect(observed).toEqual(['kb_dream.sh', 'kb_dream.sh --map-notes']);
  expect(ambiguous).toEqual([]);
});

test('an empty observation observes nothing', async () => {
  expect(await parse('', 'a.sh')).toEqual({ observed: [], ambiguous: [] });
});

test("JavaScript's own names are identifiers like others", async () => {
  expect(
    (await parse('call constructor and __proto__\ntoString', 'constructor', 'toString', '__proto__'))
      .observed,
  ).toEqual(['constructor', 'toString']);
});

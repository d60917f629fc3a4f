// The authors' module: it hands back what it is given, and the build's stand-in for it has the same names.
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { PLUGIN_MODULE } from '../../registry/guest-modules.ts';
import * as sdk from '../../sdk/plugin.ts';

test('definePlugin and provide return what they are given', () => {
  const one = sdk.provide({
    kind: 'parser',
    name: 'p',
    description: 'd',
    run: () => ({ observed: [], ambiguous: [] }),
  });
  expect(one.name).toBe('p');
  const list = [one];
  expect(sdk.definePlugin(list)).toBe(list);
});

test('the module of a build exports the same names', async () => {
  const built = await import(`data:text/javascript,${encodeURIComponent(PLUGIN_MODULE)}`);
  expect(Object.keys(built).sort()).toEqual(Object.keys(sdk).sort());
  const given = {};
  expect([built.provide(given), built.definePlugin(given)]).toEqual([given, given]);
});

test('inputs and outputs are typed by the kind, or by the zod schemas of a skill', () => {
  sdk.provide({
    kind: 'apply',
    name: 'a',
    description: 'd',
    run(input, ctx) {
      expectTypeOf(input.missing[0]!.data).toEqualTypeOf<Record<string, unknown>>();
      expectTypeOf(ctx.dryRun).toEqualTypeOf<boolean>();
      return { applied: [], would: [], errors: [] };
    },
  });
  sdk.provide({
    kind: 'skill',
    name: 's',
    description: 'd',
    input: z.object({ n: z.number().default(1) }),
    output: z.object({ text: z.string() }),
    run(input) {
      expectTypeOf(input).toEqualTypeOf<{ n: number }>();
      return { text: String(input.n) };
    },
  });
  const parsed = { observed: [], ambiguous: [] };
  const text = z.string();
  // @ts-expect-error a parser answers with what it observed
  sdk.provide({ kind: 'parser', name: 'p', description: 'd', run: () => ({}) });
  // @ts-expect-error a kind that fixes its schemas takes none
  sdk.provide({ kind: 'parser', name: 'p', description: 'd', input: text, run: () => parsed });
  // @ts-expect-error there is no such kind
  sdk.provide({ kind: 'daemon', name: 'p', description: 'd', run: () => parsed });
  expect(true).toBe(true);
});

// What authors test with: their source, built as a release is and run in the real isolate, with every effect answered by the test.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SignetError } from '../../sdk/runtime.ts';
import { type AnswerEffect, type AskedEffect, openTestBundle, type TestBundle } from '../../sdk/testing.ts';
import { children } from '../processes.ts';

const CODE = `import { definePlugin, provide } from 'signet-host/plugin';
import { z } from 'zod';
let count = 0;
export default definePlugin([
  provide({ kind: 'skill', name: 'greet', description: 'd', input: z.object({ name: z.string(), loud: z.boolean().default(false) }),
    output: z.object({ greeting: z.string() }),
    async run(input) { return { greeting: input.loud ? input.name.toUpperCase() : input.name }; } }),
  provide({ kind: 'skill', name: 'reads', description: 'd', input: z.unknown(), output: z.unknown(),
    async run(input: any, ctx) {
      try { return { text: await ctx.fs.readText(input) }; } catch (error: any) { return { code: error.code, message: error.message }; } } }),
  provide({ kind: 'skill', name: 'counts', description: 'd', input: z.unknown(), output: z.unknown(), async run(_, ctx) { return [++count, ctx.dryRun]; } }),
  provide({ kind: 'skill', name: 'lies', description: 'd', input: z.unknown(), output: z.object({ n: z.number() }), async run() { return { n: 'x' } as any; } }),
  provide({ kind: 'parser', name: 'words', description: 'd', run: ({ raw, declared }) => ({ observed: declared.filter((one) => raw.includes(one)), ambiguous: [] }) }),
]);
`;

let folder: string;
let bundle: TestBundle;
let answer: AnswerEffect;
let effects: AskedEffect[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signet-testing-'));
  write('good', CODE);
  bundle = await openTestBundle(join(folder, 'good'), (effect) => {
    effects.push(effect);
    return answer(effect);
  });
});
beforeEach(() => {
  effects = [];
  answer = () => ({ text: 'text' });
});
afterAll(async () => {
  await bundle.close();
  rmSync(folder, { recursive: true });
});

function write(name: string, code: string): void {
  mkdirSync(join(folder, name));
  const manifest = {
    $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
    name: 'sample',
    version: '1.0.0',
    description: 'a test',
    license: 'Apache-2.0',
    extensions: {
      'dev.signet': {
        namespace: 'local',
        host: '^1.0.0',
        capabilities: [{ id: 'fs.read', paths: 'granted' }],
      },
    },
  };
  writeFileSync(join(folder, name, 'plugin.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, name, 'index.ts'), code);
}

describe('a call', () => {
  test('gets its defaults, and is checked on both sides', async () => {
    expect(await bundle.call('skill/greet', { name: 'ada' })).toEqual({ greeting: 'ada' });
    expect(await bundle.call('skill/greet', { name: 'ada', loud: true })).toEqual({ greeting: 'ADA' });
    await expect(bundle.call('skill/greet', { name: 1 })).rejects.toMatchObject({ code: 'E_INPUT' });
    await expect(bundle.call('skill/lies', {})).rejects.toMatchObject({ code: 'E_OUTPUT' });
    expect(await bundle.call('parser/words', { raw: 'a b', declared: ['b', 'c'] })).toEqual({
      observed: ['b'],
      ambiguous: [],
    });
    await expect(bundle.call('parser/words', { raw: 'a b' })).rejects.toMatchObject({ code: 'E_INPUT' });
    await expect(bundle.call('skill/none', {})).rejects.toMatchObject({ code: 'E_FUNCTION_UNKNOWN' });
  });

  test('has the state of its tenant, and knows whether it runs dry', async () => {
    const count = (options?: { dryRun?: boolean; tenant?: string }) =>
      bundle.call('skill/counts', {}, options);
    expect(await count()).toEqual([1, false]);
    expect(await count({ dryRun: true })).toEqual([2, true]);
    expect(await count({ tenant: 'b' })).toEqual([1, false]);
  });
});

describe('an effect', () => {
  test('is answered by the test, and kept in order', async () => {
    answer = ({ args }) => ({ text: `of ${(args as { path: string }).path}` });
    const before = bundle.asked.length;
    expect(await bundle.call('skill/reads', '/a')).toEqual({ text: 'of /a' });
    expect(await bundle.call('skill/reads', '/b')).toEqual({ text: 'of /b' });
    expect(effects).toEqual([
      { capability: 'fs.read', args: { path: '/a' } },
      { capability: 'fs.read', args: { path: '/b' } },
    ]);
    expect(bundle.asked.slice(before)).toEqual(effects);
  });

  test('may be answered later', async () => {
    answer = async () => {
      await new Promise((done) => setImmediate(done));
      return { text: 'later' };
    };
    expect(await bundle.call('skill/reads', '/a')).toEqual({ text: 'later' });
  });

  test('is refused with the code that the test throws', async () => {
    answer = () => {
      throw new SignetError('E_CAPABILITY_DENIED', 'not granted');
    };
    expect(await bundle.call('skill/reads', '/a')).toEqual({
      code: 'E_CAPABILITY_DENIED',
      message: 'not granted',
    });
    answer = () => {
      throw new Error('a broken answer');
    };
    expect(await bundle.call('skill/reads', '/a')).toEqual({
      code: 'E_INTERNAL',
      message: 'a broken answer',
    });
  });

  test('without an answer every one is refused', async () => {
    const silent = await openTestBundle(join(folder, 'good'));
    try {
      expect(await silent.call('skill/reads', '/a')).toMatchObject({
        message: expect.stringContaining('fs.read'),
      });
      expect(silent.asked.length).toBe(1);
    } finally {
      await silent.close();
    }
  });
});

test('a source that does not build says so, with the code of the build', async () => {
  write('broken', 'export default 1');
  await expect(openTestBundle(join(folder, 'broken'))).rejects.toMatchObject({
    code: expect.stringMatching(/^E_(BUILD|BUILD_EVALUATE|MANIFEST)$/),
  });
  await expect(openTestBundle(join(folder, 'nowhere'))).rejects.toMatchObject({ name: 'SignetError' });
});

test('close leaves no process behind', async () => {
  const before = children();
  const other = await openTestBundle(join(folder, 'good'));
  await other.call('skill/greet', { name: 'x' });
  expect(children().length).toBe(before.length + 1);
  await other.close();
  expect(children()).toEqual(before);
});

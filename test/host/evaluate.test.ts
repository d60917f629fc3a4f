// A stranger's module-level code (THREATS.md 38): one string comes back, or one code.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createEvaluator } from '../../host/evaluate.ts';
import { bundleScript } from '../../registry/build.ts';
import { outcomeOf } from './guest-fixture.ts';

const evaluator = createEvaluator();
afterAll(() => evaluator.close());

describe('yields', () => {
  it.each([
    ['the last expression', "const a='x';a+'y'", 'ok xy'],
    ['the last of several statements', "'a';{'b'}", 'ok b'],
    ['text of any kind', "'\\u4e2d\\ud83d\\ude00\\n'", 'ok 中😀\n'],
    ['E_EVALUATE for another value', '1', 'E_EVALUATE'],
    ['E_EVALUATE for nothing', '', 'E_EVALUATE'],
    ['E_EVALUATE for a function', '()=>1', 'E_EVALUATE'],
    ['E_EVALUATE for a promise', "Promise.resolve('x')", 'E_EVALUATE'],
    ['E_EVALUATE for an object that looks like text', "({toString:()=>'x'})", 'E_EVALUATE'],
    ['E_EVALUATE for what throws', "throw new Error('x')", 'E_EVALUATE'],
    ['E_EVALUATE for a value with something thrown', "__signet_failed(1);'x'", 'E_EVALUATE'],
    ['E_EVALUATE for no script', 'const', 'E_EVALUATE'],
    ['E_EVALUATE for what leaves its block', "}catch{};'x';try{", 'E_EVALUATE'],
    ['E_EVALUATE for too much', "'x'.repeat(5e6)", 'E_EVALUATE'],
    ['E_MEMORY for a bomb', 'const a=[];for(;;)a.push([1,2,3])', 'E_MEMORY'],
    ['no code from strings', "try{Function('1');'made'}catch{'refused'}", 'ok refused'],
    ['no Node', '[typeof process,typeof require,typeof Buffer].join()', 'ok undefined,undefined,undefined'],
    ['no state of the script before', "globalThis.left='x';String(globalThis.seen)", 'ok undefined'],
    ['no state of the script before, again', "globalThis.seen='x';String(globalThis.left)", 'ok undefined'],
  ])('%s', async (_, script, expected) => {
    const outcome = await outcomeOf(evaluator.evaluate(script));
    if (expected === 'E_MEMORY') expect(['E_MEMORY', 'E_WORKER_LOST']).toContain(outcome);
    else expect(outcome).toBe(expected);
  });
});

it('quotes what was thrown, bounded', async () => {
  const thrown = evaluator.evaluate("throw new RangeError('bad '+'x'.repeat(1e5))");
  await expect(thrown).rejects.toThrow(/^the script failed: RangeError: bad x{400,520}…?$/);
});

it('runs a loop until its time is up, and the next script in peace', async () => {
  expect(await outcomeOf(evaluator.evaluate('for(;;);'))).toBe('E_TIMEOUT');
  expect(await outcomeOf(evaluator.evaluate("'next'"))).toBe('ok next');
});

it('refuses a script that is too long', async () => {
  expect(await outcomeOf(evaluator.evaluate(`'${'x'.repeat(17 * 1024 * 1024)}'`))).toBe('E_LIMIT');
});

it('runs zod, whole', async () => {
  const folder = mkdtempSync(path.join(import.meta.dirname, '.evaluate-'));
  try {
    const entry = path.join(folder, 'entry.ts');
    writeFileSync(
      entry,
      `import { z } from 'zod';
       globalThis.made = JSON.stringify(z.toJSONSchema(z.object({ name: z.string(), n: z.number().default(3) }), { io: 'input' }));`,
    );
    const script = bundleScript(entry, { format: 'iife' });
    expect(script.length).toBeGreaterThan(100_000);
    const schema = JSON.parse(await evaluator.evaluate(`${script};globalThis.made`));
    expect(schema).toMatchObject({ type: 'object', required: ['name'] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('refuses once closed, and leaves what runs with E_ABORTED', async () => {
  const other = createEvaluator();
  expect(await other.evaluate("'x'")).toBe('x');
  const running = outcomeOf(other.evaluate('for(;;);'));
  await new Promise(setImmediate);
  await other.close();
  expect(await running).toBe('E_ABORTED');
  expect(await outcomeOf(other.evaluate("'x'"))).toBe('E_ABORTED');
});

// What comes back from the isolate, and what is made of its failures; the isolate itself is the host's, and real.
import { describe, expect, test } from 'vitest';
import { checkLoads, evaluateGuest } from '../../registry/evaluate-guest.ts';
import { SignetError } from '../../src/error.ts';
import { evaluate } from './evaluator.ts';

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'passed',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe('evaluateGuest', () => {
  test('yields the text of the last expression', async () => {
    expect(await evaluateGuest(evaluate, "'a' + 1")).toBe('a1');
  });

  test.each([
    ['throws', "throw new Error('x')"],
    ['throws null', 'throw null'],
    ['throws an error whose message loops', 'throw { get message() { for (;;); } }'],
    ['never ends', 'for (;;);'],
    ['fills the memory', "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length);"],
    ['does not parse', '('],
    ['yields no text', '({})'],
  ])('a script that %s is E_BUILD_EVALUATE', async (_what, script) => {
    expect(await codeOf(evaluateGuest(evaluate, script))).toBe('E_BUILD_EVALUATE');
  });

  test("a failure that is not the script's keeps its code", async () => {
    const closed = async (): Promise<string> => {
      throw new SignetError('E_LIMIT', 'closed');
    };
    expect(await codeOf(evaluateGuest(closed, ''))).toBe('E_LIMIT');
  });
});

describe('checkLoads', () => {
  const provides = [{ kind: 'skill', name: 'a' }] as const;
  const good = "__signet_define([{ kind: 'skill', name: 'a', run() {} }]);";
  test.each([
    ['passed', good],
    ['E_BUILD_EVALUATE', ''],
    ['E_BUILD_EVALUATE', good + good],
    ['E_BUILD_EVALUATE', good.replace("'a'", "'b'")],
    ['E_BUILD_EVALUATE', good.replace('run() {}', 'run: 1')],
    ['E_BUILD_EVALUATE', "throw new Error('x');"],
    ['E_SCHEMA_IN_GUEST', "throw Object.assign(new Error('x'), { code: 'E_SCHEMA_IN_GUEST' });"],
  ])('%s: %s', async (code, script) => {
    expect(await codeOf(checkLoads(evaluate, script, provides))).toBe(code);
  });
});

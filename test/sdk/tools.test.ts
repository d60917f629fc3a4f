// A function as the tool of an agent (DESIGN.md §4 "tools()"): what a model API takes, and the call behind it.
import { expect, test } from 'vitest';
import { toTool } from '../../sdk/tools.ts';
import type { ToolDescription } from '../../src/contracts/api.ts';

const OBJECT = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
const described = (input: object, output: object): ToolDescription => ({
  kind: 'skill',
  name: 'double',
  description: 'twice',
  bundle: 'acme/math',
  version: '1.0.0',
  input: input as Record<string, unknown>,
  output: output as Record<string, unknown>,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
});
const asked: unknown[] = [];
const dispatch = async (...args: unknown[]) => {
  asked.push(args);
  return { callId: 'c', bundle: { name: 'acme/math', version: '1.0.0', digest: 'd' }, output: 2 };
};

test('of an object it is as it is; the rest of it goes to a model API as JSON', async () => {
  const tool = toTool(described(OBJECT, OBJECT), dispatch);
  expect(JSON.parse(JSON.stringify(tool))).toEqual({
    name: 'skill_double',
    description: 'twice',
    inputSchema: OBJECT,
    outputSchema: OBJECT,
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    source: { kind: 'skill', name: 'double', bundle: 'acme/math', version: '1.0.0' },
  });
  expect((await tool.call({ n: 1 }, { apply: true })).output).toBe(2);
  expect(asked.pop()).toEqual(['skill', 'double', { n: 1 }, { apply: true }]);
});

test('of anything else its value is the one argument `input`', async () => {
  const tool = toTool(described({ type: 'string' }, { type: 'number' }), dispatch);
  expect(tool.inputSchema).toEqual({
    type: 'object',
    properties: { input: { type: 'string' } },
    required: ['input'],
    additionalProperties: false,
  });
  expect(tool.outputSchema).toBe(undefined);
  await tool.call({ input: 'x' });
  expect(asked.pop()).toEqual(['skill', 'double', 'x', undefined]);
  for (const bad of ['x', null, {}, { input: 1, more: 2 }, Object.create({ input: 1 })])
    await expect(tool.call(bad)).rejects.toMatchObject({ code: 'E_INPUT' });
  expect(asked).toEqual([]);
});

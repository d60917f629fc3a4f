import { expect, test } from 'vitest';
import { mockModel } from '../../host/mock-model.ts';
import { ModelAnswer } from '../../host/model.ts';

const open = new AbortController().signal;
const ask = async (role: string, content: string, maxTokens = 1_000) =>
  ModelAnswer.parse(
    await mockModel.complete({ role, messages: [{ role: 'user', content }], maxTokens }, open),
  );

test('the same question has the same answer, another one another', async () => {
  expect(await ask('planner', 'a')).toEqual(await ask('planner', 'a'));
  expect((await ask('planner', 'b')).text).not.toBe((await ask('planner', 'a')).text);
  expect((await ask('critic', 'a')).text).not.toBe((await ask('planner', 'a')).text);
  expect(await ask('planner', 'a')).toMatchObject({
    text: expect.stringMatching(/^mock:sha256:[0-9a-f]{64}$/),
    model: 'mock/digest-1',
  });
});

test.each([
  // content, tokens: four bytes each, and four a message
  ['', 4],
  ['abcd', 5],
  ['abcde', 6],
  ['éé', 5],
  ['ééx', 6],
])('%j counts %i tokens', (content, tokens) => {
  expect(mockModel.countTokens([{ role: 'user', content }])).toBe(tokens);
});

test('an answer is cut to its tokens, and says what it used', async () => {
  const { text, usage } = await ask('planner', 'abcd', 2);
  expect(text).toBe('mock:sha');
  expect(usage).toEqual({ inputTokens: 5, outputTokens: 2 });
});

import { expect, test } from 'vitest';
import { type CallOptions, dispatch, type Provider } from '../../src/dispatch.ts';
import { compileSchema } from '../../src/json-schema.ts';

const options: CallOptions = { tenant: 'a', principal: { kind: 'human', id: 'me' }, dryRun: true };

function provider(overrides: Partial<Provider> = {}): Provider {
  return {
    kind: 'skill',
    name: 'double',
    bundle: { name: 'acme/math', version: '1.0.0', digest: 'sha256:a' },
    description: 'twice the number',
    input: compileSchema(
      {
        type: 'object',
        properties: { n: { type: 'number' }, by: { type: 'number', default: 2 } },
        required: ['n'],
        additionalProperties: false,
      },
      'input',
    ),
    output: compileSchema(
      { type: 'object', properties: { n: { type: 'number' } }, required: ['n'], additionalProperties: false },
      'output',
    ),
    invoke: async ({ text }, _, accept) => {
      const { n, by } = JSON.parse(text) as { n: number; by: number };
      return { callId: 'c1', output: accept(JSON.stringify({ n: n * by })) };
    },
    ...overrides,
  };
}

const found =
  (overrides: Partial<Provider> = {}) =>
  () =>
    provider(overrides);

test('a call goes to what is found, defaults are filled in by the host', async () => {
  expect(await dispatch('skill', 'double', { n: 4 }, options, found())).toEqual({
    callId: 'c1',
    bundle: { name: 'acme/math', version: '1.0.0', digest: 'sha256:a' },
    output: { n: 8 },
  });
});

test('why a function cannot be had is the refusal of the call', async () => {
  const refuse = () => {
    throw Object.assign(new Error('changed'), { code: 'E_FILE_CHANGED' });
  };
  await expect(dispatch('skill', 'double', { n: 1 }, options, refuse)).rejects.toMatchObject({
    code: 'E_FILE_CHANGED',
  });
});

test('a kind that is not built answers E_KIND_UNSUPPORTED and nothing runs', async () => {
  let ran = false;
  const find = found({
    kind: 'planner',
    invoke: async (_input, _options, accept) => {
      ran = true;
      return { callId: 'c', output: accept('{}') };
    },
  });
  await expect(dispatch('planner', 'double', {}, options, find)).rejects.toMatchObject({
    code: 'E_KIND_UNSUPPORTED',
  });
  expect(ran).toBe(false);
});

test('input that breaks the schema is E_INPUT and nothing runs; output that does is E_OUTPUT', async () => {
  let ran = 0;
  const find = found({
    invoke: async (_input, _options, accept) => {
      ran++;
      return { callId: 'c', output: accept('{"n":"text"}') };
    },
  });
  await expect(dispatch('skill', 'double', { n: 'x' }, options, find)).rejects.toMatchObject({
    code: 'E_INPUT',
  });
  expect(ran).toBe(0);
  await expect(dispatch('skill', 'double', { n: 1 }, options, find)).rejects.toMatchObject({
    code: 'E_OUTPUT',
  });
  expect(ran).toBe(1);
});

test("the kind's own schema holds too, whatever the function declares", async () => {
  const loose = { input: compileSchema({}, 'input'), output: compileSchema({}, 'output') };
  const find = found({
    kind: 'parser',
    name: 'p',
    ...loose,
    invoke: async (_input, _options, accept) => ({ callId: 'c', output: accept('{"observed":[1]}') }),
  });
  await expect(dispatch('parser', 'p', { raw: 1, declared: [] }, options, find)).rejects.toMatchObject({
    code: 'E_INPUT',
  });
  await expect(dispatch('parser', 'p', { raw: '', declared: [] }, options, find)).rejects.toMatchObject({
    code: 'E_OUTPUT',
  });
});

test('the provider itself hears that its output is refused, before it can write down that all was well', async () => {
  const written: string[] = [];
  const answering =
    (text: string): Provider['invoke'] =>
    async (_input, _options, accept) => {
      try {
        const output = accept(text);
        written.push('ok');
        return { callId: 'c', output };
      } catch (thrown) {
        written.push((thrown as { code: string }).code);
        throw thrown;
      }
    };
  const find = found({ invoke: answering('{"n":"text"}') });
  const twin = found({ name: 'twin', invoke: answering('{"n":1}') });
  await expect(dispatch('skill', 'double', { n: 1 }, options, find)).rejects.toMatchObject({
    code: 'E_OUTPUT',
  });
  expect((await dispatch('skill', 'twin', { n: 1 }, options, twin)).output).toEqual({ n: 1 });
  expect(written).toEqual(['E_OUTPUT', 'ok']);
});

import { expect, test } from 'vitest';
import { type CallOptions, Dispatch, type Provider } from '../../src/dispatch.ts';
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

test('a call goes to the provider of the name, defaults are filled in by the host', async () => {
  const dispatch = new Dispatch();
  dispatch.provide(provider());
  expect(await dispatch.call('skill', 'double', { n: 4 }, options)).toMatchObject({
    callId: 'c1',
    output: { n: 8 },
  });
});

test('an unknown name, and a name of Object.prototype, are E_FUNCTION_UNKNOWN', async () => {
  const dispatch = new Dispatch();
  dispatch.provide(provider());
  for (const name of ['triple', 'constructor', '__proto__', 'toString']) {
    await expect(dispatch.call('skill', name, {}, options)).rejects.toMatchObject({
      code: 'E_FUNCTION_UNKNOWN',
    });
  }
});

test('a kind that is not built answers E_KIND_UNSUPPORTED and nothing runs', async () => {
  const dispatch = new Dispatch();
  let ran = false;
  dispatch.provide(
    provider({
      kind: 'planner',
      invoke: async (_input, _options, accept) => {
        ran = true;
        return { callId: 'c', output: accept('{}') };
      },
    }),
  );
  await expect(dispatch.call('planner', 'double', {}, options)).rejects.toMatchObject({
    code: 'E_KIND_UNSUPPORTED',
  });
  expect(ran).toBe(false);
});

test('input that breaks the schema is E_INPUT and nothing runs; output that does is E_OUTPUT', async () => {
  const dispatch = new Dispatch();
  let ran = 0;
  dispatch.provide(
    provider({
      invoke: async (_input, _options, accept) => {
        ran++;
        return { callId: 'c', output: accept('{"n":"text"}') };
      },
    }),
  );
  await expect(dispatch.call('skill', 'double', { n: 'x' }, options)).rejects.toMatchObject({
    code: 'E_INPUT',
  });
  expect(ran).toBe(0);
  await expect(dispatch.call('skill', 'double', { n: 1 }, options)).rejects.toMatchObject({
    code: 'E_OUTPUT',
  });
  expect(ran).toBe(1);
});

test("the kind's own schema holds too, whatever the function declares", async () => {
  const dispatch = new Dispatch();
  const loose = { input: compileSchema({}, 'input'), output: compileSchema({}, 'output') };
  dispatch.provide(
    provider({
      kind: 'parser',
      name: 'p',
      ...loose,
      invoke: async (_input, _options, accept) => ({ callId: 'c', output: accept('{"observed":[1]}') }),
    }),
  );
  await expect(dispatch.call('parser', 'p', { raw: 1, declared: [] }, options)).rejects.toMatchObject({
    code: 'E_INPUT',
  });
  await expect(dispatch.call('parser', 'p', { raw: '', declared: [] }, options)).rejects.toMatchObject({
    code: 'E_OUTPUT',
  });
});

test('two bundles with one name: E_DISPATCH_CONFLICT names both; the same bundle may provide again', () => {
  const dispatch = new Dispatch();
  dispatch.provide(provider());
  dispatch.provide(provider());
  const other = { name: 'evil/math', version: '2.0.0', digest: 'sha256:b' };
  expect(() => dispatch.provide(provider({ bundle: other }))).toThrowError(
    /acme\/math@1\.0\.0 and by evil\/math@2\.0\.0/,
  );
  expect(() => dispatch.provide(provider({ bundle: other }))).toThrowError(
    expect.objectContaining({ code: 'E_DISPATCH_CONFLICT' }),
  );
  dispatch.withdraw('sha256:a');
  dispatch.provide(provider({ bundle: other }));
  expect(dispatch.list().map(({ bundle }) => bundle.name)).toEqual(['evil/math']);
});

test('a function is activated when it is first called, and its refusal is the call’s', async () => {
  const dispatch = new Dispatch();
  expect(await dispatch.call('skill', 'double', { n: 1 }, options, async () => provider())).toMatchObject({
    output: { n: 2 },
  });
  const refuse = () => Promise.reject(Object.assign(new Error('changed'), { code: 'E_FILE_CHANGED' }));
  await expect(dispatch.call('skill', 'double', { n: 1 }, options, refuse)).rejects.toMatchObject({
    code: 'E_FILE_CHANGED',
  });
});

test('the provider itself hears that its output is refused, before it can write down that all was well', async () => {
  const dispatch = new Dispatch();
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
  dispatch.provide(provider({ invoke: answering('{"n":"text"}') }));
  dispatch.provide(provider({ name: 'twin', invoke: answering('{"n":1}') }));
  await expect(dispatch.call('skill', 'double', { n: 1 }, options)).rejects.toMatchObject({
    code: 'E_OUTPUT',
  });
  expect((await dispatch.call('skill', 'twin', { n: 1 }, options)).output).toEqual({ n: 1 });
  expect(written).toEqual(['E_OUTPUT', 'ok']);
});

// What authors test with (DESIGN.md §4 "sdk/testing.ts"): their source is built as a release would be, runs in the real
// isolate inside the real worker process, and every effect it asks for is answered by the test.
import { setTimeout } from 'node:timers/promises';
import type { Effect } from '../host/call.ts';
import { createEvaluator } from '../host/evaluate.ts';
import { Supervisor } from '../host/supervisor.ts';
import { buildBundle } from '../registry/build.ts';
import { EXTENSION, type Kind, MAIN_PATH } from '../src/contracts/manifest.ts';
import { type CallOptions, dispatch, type Provider } from '../src/dispatch.ts';
import { asSignetError, SignetError } from '../src/error.ts';
import { compileSchema } from '../src/json-schema.ts';
import { KINDS } from '../src/kinds/index.ts';

/** One effect that the bundle asked for, such as `{ capability: 'fs.read', args: { path: '/x' } }`. */
export interface AskedEffect {
  readonly capability: string;
  readonly args: unknown;
}

/** Answers an effect with its value; what it throws is what the bundle's `await` throws. */
export type AnswerEffect = (effect: AskedEffect) => unknown;

export interface TestBundle {
  /** Calls one function; input and output are checked as the host checks them. */
  call(
    fn: `${Kind}/${string}`,
    input: unknown,
    options?: { dryRun?: boolean; tenant?: string },
  ): Promise<unknown>;
  /** Every effect asked for so far, in order. */
  readonly asked: readonly AskedEffect[];
  close(): Promise<void>;
}

const refuse: AnswerEffect = ({ capability }) => {
  throw new Error(`the test answers no effect ${capability}`);
};

/**
 * Builds the bundle in `folder` and opens it. `answer` stands for the host's broker: without it every effect is refused. The
 * bundle's timers alone are not its affair: they take the time that they say.
 * Errors are SignetErrors, those of the build included.
 */
export async function openTestBundle(folder: string, answer: AnswerEffect = refuse): Promise<TestBundle> {
  const evaluator = createEvaluator();
  const { manifest, digest, files } = await buildBundle({ folder, evaluate: evaluator.evaluate }).finally(
    () => evaluator.close(),
  );
  const main = files.get(MAIN_PATH);
  const code = main === undefined ? '' : new TextDecoder().decode(main.bytes);
  const asked: AskedEffect[] = [];
  const supervisor = new Supervisor({ spareAfterMs: Number.POSITIVE_INFINITY });
  const providers = new Map<string, Provider>();
  const bundle = {
    name: `${manifest.extensions[EXTENSION].namespace}/${manifest.name}`,
    version: manifest.version,
    digest,
  };
  let calls = 0;

  const perform = async (effect: Effect, ended: AbortSignal) => {
    if (effect.capability === 'clock.wait') {
      const { ms } = JSON.parse(effect.args) as { ms: number };
      await setTimeout(ms, undefined, { signal: ended }).catch(() => undefined);
      return { ok: true as const, value: 'null' };
    }
    const one = { capability: effect.capability, args: JSON.parse(effect.args) as unknown };
    asked.push(one);
    try {
      return { ok: true as const, value: JSON.stringify((await answer(one)) ?? null) };
    } catch (thrown) {
      const { code, message } = asSignetError(thrown);
      return { ok: false as const, code, message };
    }
  };

  for (const { kind, name, description, input, output } of manifest.extensions[EXTENSION].provides) {
    const { limits } = KINDS[kind];
    providers.set(`${kind}/${name}`, {
      kind,
      name,
      description,
      bundle,
      input: compileSchema(input, 'the input'),
      output: compileSchema(output, 'the output'),
      invoke: async ({ text }, { tenant, dryRun }, accept) => {
        const guest = await supervisor.open({ digest, tenant, domain: 'test', code, heapMb: limits.heapMb });
        const callId = `test-${++calls}`;
        const { wallMs, cpuMs, outputBytes, effects } = limits;
        const ended = new AbortController();
        const limited = {
          ...{ callId, wallMs, cpuMs, outputBytes, effects, dryRun },
          perform: (effect: Effect) => perform(effect, ended.signal),
        };
        try {
          return { callId, output: accept(await guest.call(`${kind}/${name}`, text, limited)) };
        } finally {
          ended.abort();
        }
      },
    });
  }

  return {
    asked,
    call: async (fn, input, { dryRun = false, tenant = 'test' } = {}) => {
      const [kind, name] = fn.split('/') as [Kind, string];
      const options: CallOptions = { tenant, dryRun, principal: { kind: 'human', id: 'test' } };
      const { output } = await dispatch(kind, name, input, options, () => {
        const provider = providers.get(fn);
        if (provider !== undefined) return provider;
        throw new SignetError('E_FUNCTION_UNKNOWN', `the bundle does not provide ${fn}`, { item: fn });
      });
      return output;
    },
    close: () => supervisor.close(),
  };
}

import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { PlanContext } from '../../src/contracts/plan.ts';
import { compileSchema } from '../../src/json-schema.ts';
import { type Catalog, PlanBook } from '../../src/plan.ts';
import type { JournalRecord } from '../../src/ports.ts';

const sha256 = (data: Uint8Array | string): Uint8Array => createHash('sha256').update(data).digest();
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const human = { kind: 'human', id: 'me' } as const;
const epoch = digest('e');

const catalog: Catalog = {
  lookup: (_kind, name) =>
    name === 'write'
      ? {
          digest: digest('a'),
          input: compileSchema(
            {
              type: 'object',
              properties: { n: { type: 'number' }, by: { type: 'number', default: 1 } },
              required: ['n'],
              additionalProperties: false,
            },
            'input',
          ),
        }
      : undefined,
};
const step = { kind: 'skill', name: 'write', input: { n: 1 } } as const;

let records: { record: JournalRecord; written: boolean }[];
let book: PlanBook;
let now: number;

beforeEach(() => {
  records = [];
  now = 1_000;
  const journal = {
    append: (record: JournalRecord, options?: { written?: boolean }) =>
      records.push({ record, written: options?.written === true }),
  };
  book = new PlanBook({ sha256, clock: { now: () => now }, journal });
});

function planned(): { context: PlanContext; call: Parameters<PlanBook['authorize']>[1] } {
  const plan = book.compile({ steps: [step] }, catalog, human, epoch);
  const only = plan.steps[0]!;
  const call = {
    kind: only.kind,
    name: only.name,
    inputHash: only.inputHash,
    bundleDigest: only.bundle,
    grantEpoch: epoch,
    callId: 'call-1',
    nested: false,
  };
  return { context: book.contextFor(plan, only), call };
}

test('the same draft compiled twice in one millisecond is two plans, each for its own call', () => {
  const [one, other] = [planned(), planned()];
  expect(() => book.authorize(one.context, one.call)).not.toThrow();
  expect(() => book.authorize(other.context, { ...other.call, callId: 'call-2' })).not.toThrow();
});

test('a plan that is forgotten lets nobody act; others stay', () => {
  const [one, other] = [planned(), planned()];
  book.authorize(one.context, one.call);
  book.forget(one.context);
  book.forget(one.context);
  expect(() => book.authorize(one.context, one.call)).toThrow('no such plan');
  expect(() => book.authorize(other.context, other.call)).not.toThrow();
});

test('a compiled step is authorised for exactly its call', () => {
  const { context, call } = planned();
  expect(() => book.authorize(context, call)).not.toThrow();
});

test.each<
  [string, (context: PlanContext) => PlanContext | undefined, Partial<Parameters<PlanBook['authorize']>[1]>]
>([
  ['no plan', () => undefined, {}],
  ['a plan that was never compiled here', (c) => ({ ...c, planHash: digest('9') }), {}],
  ['another step', (c) => ({ ...c, stepId: digest('9') }), {}],
  ['another function', (c) => c, { name: 'other' }],
  ['another kind', (c) => c, { kind: 'apply' }],
  ['another input', (c) => c, { inputHash: digest('9') }],
  ['another bundle', (c) => c, { bundleDigest: digest('9') }],
  ['changed grants', (c) => c, { grantEpoch: digest('9') }],
  ['a forged grant epoch', (c) => ({ ...c, grantEpoch: digest('9') }), {}],
  ['another principal', (c) => ({ ...c, principal: { kind: 'agent', id: 'me' } }), {}],
])('%s is E_PLAN_REQUIRED', (_what, forge, change) => {
  const { context, call } = planned();
  expect(() => book.authorize(forge(context), { ...call, ...change })).toThrowError(
    expect.objectContaining({ code: 'E_PLAN_REQUIRED' }),
  );
});

test('a plan of another host counts for nothing', () => {
  const { context, call } = planned();
  const other = new PlanBook({ sha256, clock: { now: () => now }, journal: { append: () => 0 } });
  expect(() => other.authorize(context, call)).toThrowError(
    expect.objectContaining({ code: 'E_PLAN_REQUIRED' }),
  );
});

test('the plan is in the journal, in the file, before it is returned', () => {
  planned();
  expect(records).toMatchObject([
    { written: true, record: { type: 'plan.compiled', grantEpoch: epoch, steps: [{ name: 'write' }] } },
  ]);
});

test('a journal that cannot be written leaves no plan behind', () => {
  let context: PlanContext | undefined;
  const broken = new PlanBook({
    sha256,
    clock: { now: () => now },
    journal: {
      append: (record) => {
        context = { planHash: record['planId'] as string, stepId: '', principal: human, grantEpoch: epoch };
        throw new Error('disk full');
      },
    },
  });
  expect(() => broken.compile({ steps: [step] }, catalog, human, epoch)).toThrowError('disk full');
  const { call } = planned();
  expect(() => broken.authorize(context, call)).toThrowError(/no such plan/);
});

test('the same draft compiles to the same hash at another time; another input does not', () => {
  const first = book.compile({ steps: [step] }, catalog, human, epoch);
  now += 5_000;
  const second = book.compile({ steps: [step] }, catalog, human, epoch);
  expect(second.deterministicHash).toBe(first.deterministicHash);
  expect(second.steps[0]?.id).toBe(first.steps[0]?.id);
  expect(second.planId).not.toBe(first.planId);
  const other = book.compile({ steps: [{ ...step, input: { n: 2 } }] }, catalog, human, epoch);
  expect(other.deterministicHash).not.toBe(first.deterministicHash);
});

test('defaults are part of what is planned', () => {
  const plan = book.compile({ steps: [step] }, catalog, human, epoch);
  expect(plan.steps[0]?.input).toEqual({ n: 1, by: 1 });
});

test('every reason against a draft is listed at once', () => {
  const draft = {
    steps: [
      { kind: 'skill', name: 'nowhere', input: {} },
      { ...step, input: { n: 'x' } },
      { ...step, dependsOn: [7] },
    ],
  } as const;
  const attempt = () =>
    book.compile(
      { steps: draft.steps.map((s) => ({ ...s, dependsOn: 'dependsOn' in s ? [...s.dependsOn] : [] })) },
      catalog,
      human,
      epoch,
    );
  expect(attempt).toThrowError(/step 0.*no installed bundle.*step 1.*n: .*step 2.*depends on step 7/s);
  expect(attempt).toThrowError(expect.objectContaining({ code: 'E_PLAN' }));
  expect(records).toEqual([]);
});

describe('a call that another one led to', () => {
  const input = (n: number) => ({ kind: 'skill', name: 'write', input: { n } }) as const;
  const steps = (...inputs: number[]) => {
    const plan = book.compile({ steps: inputs.map(input) }, catalog, human, epoch);
    const context = book.contextFor(plan, plan.steps[0]!);
    const call = (index: number, callId: string) => {
      const { kind, name, inputHash, bundle } = plan.steps[index]!;
      return { kind, name, inputHash, bundleDigest: bundle, grantEpoch: epoch, callId, nested: true };
    };
    return { context, call };
  };
  const REFUSED = expect.objectContaining({ code: 'E_PLAN_REQUIRED' });

  test('needs a step of its own: that of its caller is none', () => {
    const { context, call } = steps(1, 2);
    book.authorize(context, { ...call(0, 'root'), nested: false });
    expect(() => book.authorize(context, call(0, 'nested'))).toThrowError(REFUSED);
    expect(() => book.authorize(context, call(1, 'nested'))).not.toThrow();
    for (const change of [
      { inputHash: digest('9') },
      { name: 'other' },
      { bundleDigest: digest('9') },
      { grantEpoch: digest('9') },
    ])
      expect(() => book.authorize(context, { ...call(1, 'nested'), ...change })).toThrowError(REFUSED);
    expect(() => book.authorize(undefined, call(1, 'nested'))).toThrowError(REFUSED);
  });

  test('does its step alone, with as many effects as it likes; two equal steps are for two calls', () => {
    const { context, call } = steps(1, 2, 2);
    for (const callId of ['a', 'a', 'b', 'a', 'b'])
      expect(() => book.authorize(context, call(1, callId))).not.toThrow();
    expect(() => book.authorize(context, call(1, 'c'))).toThrowError(REFUSED);
  });

  test('a step of a call from outside is done by one call, too', () => {
    const { context, call } = planned();
    book.authorize(context, call);
    expect(() => book.authorize(context, call)).not.toThrow();
    expect(() => book.authorize(context, { ...call, callId: 'call-2' })).toThrowError(REFUSED);
  });
});

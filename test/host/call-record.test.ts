import { beforeEach, expect, test } from 'vitest';
import { CallRecord } from '../../host/call-record.ts';
import type { JournalRecord } from '../../src/ports.ts';

let records: JournalRecord[];
let now: number;
let fails: boolean;
const journal = {
  append(record: JournalRecord): number {
    if (fails) throw new Error('disk full');
    return records.push(record);
  },
};
const clock = { now: () => now };
const turn = () => new Promise((done) => setImmediate(done));

beforeEach(() => {
  records = [];
  now = 1_000;
  fails = false;
});

const call = (value: unknown = { b: 1, a: 2 }) =>
  new CallRecord(
    {
      callId: 'call-1',
      kind: 'skill',
      name: 'x',
      bundle: { name: 'a/b', version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` },
      options: { tenant: 't', principal: { kind: 'human', id: 'me' }, dryRun: true },
      value,
    },
    journal,
    clock,
  );

test('the start is written in the next turn without being asked for, once', async () => {
  const record = call();
  expect(records).toEqual([]);
  await turn();
  record.start();
  expect(records).toMatchObject([
    { type: 'call.start', at: 1_000, callId: 'call-1', inputHash: record.inputHash, planHash: null },
  ]);
});

test('an effect that comes first writes the start first', async () => {
  const record = call();
  record.start();
  await turn();
  expect(records.map(({ type }) => type)).toEqual(['call.start']);
});

test('the end never stands without its start, and says how it went', () => {
  const record = call();
  now = 1_250;
  record.end(null, '{"x":1}', 3);
  expect(records).toMatchObject([
    { type: 'call.start' },
    {
      type: 'call.end',
      ok: true,
      code: null,
      durationMs: 250,
      effects: 3,
      outputHash: expect.stringMatching(/^sha256:/),
    },
  ]);
  records = [];
  call().end('E_TIMEOUT', null, 0);
  expect(records.at(-1)).toMatchObject({ ok: false, code: 'E_TIMEOUT', outputHash: null });
});

test('the input’s hash is of its canonical form', () => {
  expect(call({ a: 2, b: 1 }).inputHash).toBe(call().inputHash);
  expect(call({ a: 2, b: 2 }).inputHash).not.toBe(call().inputHash);
});

test('a start that could not be written fails the call at its end', async () => {
  fails = true;
  const record = call();
  await turn();
  fails = false;
  expect(() => record.end(null, '1', 0)).toThrowError('disk full');
});

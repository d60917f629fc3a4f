// A lost worker is written down, charged to the bundle that caused it and to no other, and told.
import { expect, test } from 'vitest';
import { Events } from '../../host/events.ts';
import type { Quarantine } from '../../host/quarantine.ts';
import type { LossCause } from '../../host/worker-channel.ts';
import { takeInLoss } from '../../host/worker-losses.ts';
import type { JournalRecord } from '../../src/ports.ts';

const REF = { name: 'acme/bad', version: '1.0.0', digest: 'sha256:bad' };

function take(cause: LossCause, culprit: string | undefined, append?: () => number) {
  const records: JournalRecord[] = [];
  const charged: unknown[] = [];
  const told: unknown[] = [];
  const events = new Events();
  events.on('lost', (lost) => told.push(lost));
  events.on('fault', ({ message }) => told.push(message));
  takeInLoss(
    { domain: 'acme', cause, reason: 'it \u001b hung', culprit },
    {
      clock: { now: () => 7 },
      journal: { append: append ?? ((record) => records.push(record) - 1) },
      events,
      quarantine: { charge: (...args: unknown[]) => charged.push(args) } as unknown as Quarantine,
      refOf: (digest) => (digest === REF.digest ? REF : undefined),
    },
  );
  return { records, charged, told };
}

test('of a bundle', () => {
  const { records, charged, told } = take('hang', REF.digest);
  const said = { domain: 'acme', reason: 'it \\u{1b} hung' };
  expect(records).toEqual([{ type: 'worker.lost', at: 7, ...said, bundle: REF.digest }]);
  expect(charged).toEqual([[REF, 'hang', said.reason]]);
  expect(told).toEqual([{ ...said, culprit: REF.digest }]);
});

test.each<[LossCause, string | undefined]>([
  ['killed', undefined],
  ['memory', undefined],
  ['exit', 'sha256:unknown'],
])('by %s of %s: charged to nobody', (cause, culprit) => {
  const { records, charged, told } = take(cause, culprit);
  expect([records.length, charged, told.length]).toEqual([1, [], 1]);
});

test('what cannot be written down is a fault, and the host goes on', () => {
  const { told } = take('hang', REF.digest, () => {
    throw new Error('the disk is full');
  });
  expect(told).toEqual(['the disk is full', expect.objectContaining({ domain: 'acme' })]);
});
